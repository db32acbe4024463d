// Judges whether the metadata service is switched off or forbids the request.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { inItsNetwork } from './chain/network.ts';
import { instanceArguments } from './context.ts';

const enable = (instance: string): Fix => ({
  text: 'Switch the metadata endpoint on (from an identity with ec2:ModifyInstanceMetadataOptions; it takes effect at once).',
  command: `aws ec2 modify-instance-metadata-options ${instance} --http-endpoint enabled`,
});

const ROLE_OF_PROXY: Fix = {
  text: 'If the endpoint is enabled, something between forbids it: see who answers, and whether it adds X-Forwarded-For.',
  command:
    'curl -sv --noproxy "*" -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" -o /dev/null http://169.254.169.254/latest/api/token',
};

export const imdsDisabled = defineCheck({
  id: 'imds-disabled',
  group: 'imds',
  title: 'The instance metadata service is disabled',
  severities: ['critical'],
  needs: ['imds-token', 'instance-role', 'instance-identity', 'host'],
  uses: ['instance-options', 'credential-chain'],
  reference: AWS_PAGES.imdsOptions,
  runbook: {
    means:
      'The metadata service answers 403: its endpoint is switched off for this instance, or the request is forbidden. No SDK can get credentials of the role.',
    causes: [
      'HttpEndpoint is set to disabled in the instance metadata options, the launch template or the account default.',
      'A metadata proxy (kube2iam, kiam, a service mesh) stands between and refuses.',
      'A proxy adds X-Forwarded-For to the token request, which IMDS refuses.',
    ],
    fixes: [
      enable('--instance-id <instance-id> --region <region>'),
      {
        text: 'See the options in force.',
        command:
          "aws ec2 describe-instances --instance-ids <instance-id> --query 'Reservations[].Instances[].MetadataOptions'",
      },
      ROLE_OF_PROXY,
    ],
  },
  assess(seen) {
    const token = seen['imds-token'];
    const role = seen['instance-role'];
    const failure = token.ok ? (role.ok ? null : role.failure) : token.failure;
    if (failure === null) {
      const found = inItsNetwork(seen['credential-chain'], 'imds-disabled');
      if (found === null) return 'pass';
      return { ...found.finding, fix: [ROLE_OF_PROXY] };
    }
    if (failure.kind !== 'http-status') return { unknown: `no answer to judge by: ${failure.detail}` };
    if (failure.status !== 403) return { pass: `HTTP ${failure.status ?? '?'} is not a refusal` };
    const options = seen['instance-options'];
    const httpEndpoint = options?.ok ? options.value.httpEndpoint : null;
    return {
      severity: 'critical',
      cause: token.ok
        ? 'The metadata service hands out a session token and then forbids (HTTP 403) reading the credentials.'
        : `The metadata service answers HTTP 403 to the token request: ${httpEndpoint === 'enabled' ? 'EC2 says that its endpoint is enabled, so something between forbids it' : 'its endpoint is disabled for this instance, or something between forbids it'}.`,
      evidence: {
        status: 403,
        detail: failure.detail,
        ...(httpEndpoint === null ? {} : { httpEndpointByEc2: httpEndpoint }),
      },
      fix:
        httpEndpoint === 'enabled'
          ? [ROLE_OF_PROXY]
          : [enable(instanceArguments(seen['instance-identity'], seen.host)), ROLE_OF_PROXY],
    };
  },
});
