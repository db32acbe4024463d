// Judges whether the metadata service still answers requests without a session token.
import { defineCheck } from '../core/check.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { instanceArguments, unknownBecause } from './context.ts';

const requireTokens = (instance: string) => ({
  text: 'Once the CloudWatch metric MetadataNoToken stays at 0, require tokens.',
  command: `aws ec2 modify-instance-metadata-options ${instance} --http-tokens required --http-endpoint enabled`,
});

export const imdsV1Enabled = defineCheck({
  id: 'imds-v1-enabled',
  group: 'imds',
  title: 'Requests without a session token (IMDSv1) are answered',
  severities: ['info'],
  needs: ['imds-tokenless', 'instance-identity'],
  uses: ['host', 'instance-options'],
  reference: AWS_PAGES.imdsTransition,
  runbook: {
    means:
      'The metadata service answers requests without a session token. A program that can be tricked into fetching a URL could read the credentials of the role.',
    causes: ['HttpTokens is still optional in the instance metadata options or the launch template.'],
    fixes: [requireTokens('--instance-id <instance-id> --region <region>')],
  },
  assess(seen) {
    const tokenless = seen['imds-tokenless'];
    const options = seen['instance-options'];
    const tokens = options?.ok ? options.value.httpTokens : null;
    // EC2's own word needs no request that EC2 would count.
    if (tokens === 'optional' && !(tokenless.ok && tokenless.value.asked)) {
      return {
        severity: 'info',
        cause: 'The metadata options of this instance make session tokens optional (HttpTokens).',
        evidence: { httpTokens: tokens },
        fix: [requireTokens(instanceArguments(seen['instance-identity'], seen.host))],
      };
    }
    if (tokens === 'required' && tokenless.ok && !tokenless.value.asked) {
      return { pass: 'the metadata options of this instance require session tokens (HttpTokens)' };
    }
    if (!tokenless.ok) return unknownBecause('the request without a token was not answered', tokenless);
    if (!tokenless.value.asked)
      return {
        skipped: 'no request without a token was sent; --imdsv1 sends one, and --instance-options asks EC2',
      };
    if (tokenless.value.status !== 200)
      return { pass: `without a token: HTTP ${tokenless.value.status ?? '?'}` };
    return {
      severity: 'info',
      cause: 'A request without a session token was answered with HTTP 200.',
      evidence: { tokenlessStatus: 200 },
      fix: [requireTokens(instanceArguments(seen['instance-identity'], seen.host))],
    };
  },
});
