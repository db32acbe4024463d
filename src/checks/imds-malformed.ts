// Judges whether what answers at the metadata address speaks like the metadata service.
import { defineCheck } from '../core/check.ts';
import type { Failure } from '../core/outcome.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { isThrottle } from './context.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'See who answers: the real service says "Server: EC2ws".',
    // No request without a token, which EC2 counts as IMDSv1; and the token stays off the screen.
    command:
      'curl -s -o /dev/null -D - --noproxy "*" --max-time 2 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token',
  },
  {
    text: 'See whether something on this machine takes the address (kube2iam, kiam, a service mesh, an emulator).',
    command: 'sudo iptables-save -t nat | grep 169.254; sudo nft list ruleset | grep -n 169.254',
  },
];

/** Statuses that have a finding of their own: 401 token-rejected, 403 disabled. */
const TOLD_ELSEWHERE: readonly number[] = [401, 403];

function isOdd(failure: Failure): boolean {
  if (failure.kind === 'malformed') return true;
  return (
    failure.kind === 'http-status' && !isThrottle(failure) && !TOLD_ELSEWHERE.includes(failure.status ?? 0)
  );
}

export const imdsMalformed = defineCheck({
  id: 'imds-malformed',
  group: 'imds',
  title: 'What answers as the metadata service makes no sense',
  severities: ['critical'],
  needs: ['imds-token', 'instance-role', 'instance-profile', 'instance-identity'],
  reference: AWS_PAGES.retrieveMetadata,
  runbook: {
    means:
      'The answers have an unexpected status, are cut off, or their content is not what the metadata service sends. SDKs fail on them with unhelpful parse errors or take them for missing credentials.',
    causes: [
      'Something other than IMDS answers at that address: a metadata proxy, a captive portal, an emulator, a web server.',
      'The service itself has a fault (a persistent 500).',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT or --endpoint names the wrong server.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const parts = {
      'session token': seen['imds-token'],
      'role credentials': seen['instance-role'],
      'instance profile': seen['instance-profile'],
      'identity document': seen['instance-identity'],
    };
    for (const [what, outcome] of Object.entries(parts)) {
      // A 404 for the profile or the identity document is an answer, not nonsense.
      if (outcome.ok || !isOdd(outcome.failure)) continue;
      if (what === 'identity document' && outcome.failure.status === 404) continue;
      return {
        severity: 'critical',
        cause: `Nothing can be made of the ${what}: ${outcome.failure.detail}.`.replace(/\.\.$/, '.'),
        evidence: {
          part: what,
          failure: outcome.failure.kind,
          status: outcome.failure.status ?? null,
          detail: outcome.failure.detail,
        },
        fix: FIXES,
      };
    }
    if (parts['session token'].ok) return 'pass';
    return parts['session token'].failure.kind === 'http-status'
      ? { pass: `HTTP ${parts['session token'].failure.status ?? '?'} is an answer the service gives` }
      : { unknown: `no answer to judge by: ${parts['session token'].failure.detail}` };
  },
});
