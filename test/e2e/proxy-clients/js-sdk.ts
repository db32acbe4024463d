// Asks for the instance role's credentials with AWS's JavaScript SDK; its environment is read at the start, so once.
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';

process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = new URL(process.argv[2] ?? '').origin;
await fromInstanceMetadata({ timeout: 2000, maxRetries: 0 })();
