// The bare fetcher of the AWS SDK for JavaScript, with its own defaults.
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';

const { expiration } = await fromInstanceMetadata()();
console.log(`Expiration ${expiration.toISOString()}`);
