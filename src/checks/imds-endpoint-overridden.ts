// Judges whether AWS settings on this machine send the SDKs somewhere else than the usual metadata address.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'If nobody meant it, take the variables out of this environment.',
    command: 'unset AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
  },
  {
    text: 'See whether a config file sets it, and delete the line if so.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own way to name a default
    command: 'grep -ns ec2_metadata_service_endpoint "${AWS_CONFIG_FILE:-$HOME/.aws/config}"',
  },
  {
    text: 'Look at the usual address for comparison.',
    command: 'imds-probe check --endpoint http://169.254.169.254',
  },
];

export const imdsEndpointOverridden = defineCheck({
  id: 'imds-endpoint-overridden',
  group: 'imds',
  title: 'AWS settings send SDKs to another metadata endpoint',
  severities: ['info'],
  needs: ['imds-settings'],
  reference: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html',
  runbook: {
    means:
      'A variable or a key of the AWS config file moves the metadata endpoint, so SDKs and the AWS CLI in this environment ask there and not at http://169.254.169.254. Whoever answers there decides which credentials they get.',
    causes: [
      'A mock or a test set-up was left in the environment, or in an image made from it.',
      'IPv6 was chosen on purpose (AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6); it works only where the instance has it switched on.',
      'A credential proxy on this machine is meant to answer in place of the metadata service.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const settings = seen['imds-settings'];
    if (!settings.ok) return { unknown: settings.failure.detail };
    const { endpoint, overriddenBy } = settings.value;
    if (overriddenBy === null) return 'pass';
    const askedToo = overriddenBy.startsWith(`${endpoint} `);
    return {
      severity: 'info',
      cause: `SDKs in this environment ask ${overriddenBy}; ${askedToo ? 'imds-probe asked there, too' : `imds-probe was told to ask ${endpoint}`}.`,
      evidence: { sdksAsk: overriddenBy, probeAsked: endpoint },
      fix: FIXES,
    };
  },
});
