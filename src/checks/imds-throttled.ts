// Judges whether the metadata service turned requests away because there were too many.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, THROTTLED_STATUSES } from '../facts/imds.ts';
import { isThrottle } from './context.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'See who talks to the metadata service right now.',
    command: "sudo ss -tnp state all '( dst 169.254.169.254 or dst [fd00:ec2::254] )'",
  },
  {
    text: 'Give SDKs on this machine more than the one try they make by default (Python and the CLI read these).',
    command: 'export AWS_METADATA_SERVICE_NUM_ATTEMPTS=5 AWS_METADATA_SERVICE_TIMEOUT=10',
  },
  {
    text: 'Create one SDK client per process and keep it: each new client or CLI call fetches credentials again.',
  },
];

export const imdsThrottled = defineCheck({
  id: 'imds-throttled',
  group: 'imds',
  title: 'The instance metadata service throttles this instance',
  severities: ['critical', 'warning'],
  needs: ['imds-token', 'instance-role', 'imds-traffic'],
  reference: AWS_PAGES.throttling,
  runbook: {
    means:
      'The metadata service answered 429 or 503: too many requests from this instance. Most SDKs do not retry here and report "unable to locate credentials" after one such answer.',
    causes: [
      'Many processes or containers start at once, and each fetches its own credentials.',
      'A program makes a new SDK client, or calls the AWS CLI, in a loop.',
      'A monitoring agent or start-up script polls metadata without caching.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const traffic = seen['imds-traffic'];
    const token = seen['imds-token'];
    const role = seen['instance-role'];
    const never = (!token.ok && isThrottle(token.failure)) || (!role.ok && isThrottle(role.failure));
    const requests = traffic.ok ? traffic.value.requests : [];
    const throttled = requests.filter((request) => THROTTLED_STATUSES.includes(request.status ?? 0));
    if (throttled.length === 0 && !never) {
      return requests.some((request) => request.status !== null)
        ? 'pass'
        : { unknown: 'no answer came to judge by' };
    }
    const evidence = {
      requests: requests.length,
      throttled: throttled.length,
      statuses: throttled.map((request) => `${request.purpose} ${request.status}`),
    };
    return never
      ? {
          severity: 'critical',
          cause: `Every try was turned away (${evidence.statuses.slice(0, 4).join(', ')}): credentials could not be read at all.`,
          evidence,
          fix: FIXES,
        }
      : {
          severity: 'warning',
          cause: `${throttled.length} of ${requests.length} requests were turned away before one got through. imds-probe retries; most SDKs do not, and report missing credentials instead.`,
          evidence,
          fix: FIXES,
        };
  },
});
