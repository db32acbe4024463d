// Judges whether the metadata service turned requests away because there were too many.
import { type Assessment, defineCheck, type Seen } from '../core/check.ts';
import type { ImdsPurpose, ImdsRequest } from '../core/imds.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, THROTTLED_STATUSES } from '../facts/imds.ts';
import { isThrottle } from './context.ts';
import { connectionLimit, pressureEvidence, requestsLost, silentDrops } from './imds/pressure.ts';

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

const RESOLVER_FIX: Fix = {
  text: 'Name resolution counts against the same limit: see how much the network driver dropped, and cache names on this machine (systemd-resolved, dnsmasq, NodeLocal DNSCache).',
  command: 'ls /sys/class/net | xargs -n 1 ethtool -S 2>/dev/null | grep linklocal',
};

export const imdsThrottled = defineCheck({
  id: 'imds-throttled',
  group: 'imds',
  title: 'The instance metadata service throttles this instance',
  severities: ['critical', 'warning'],
  needs: ['imds-token', 'instance-role', 'imds-traffic'],
  uses: ['link-local', 'imds-clients'],
  reference: AWS_PAGES.throttling,
  runbook: {
    means:
      'Too many requests from this instance: the metadata service answered 429 or 503, turned connections away, or packets to it were dropped in silence. Most SDKs do not retry here and report "unable to locate credentials" after one such answer.',
    causes: [
      'Many processes or containers start at once, and each fetches its own credentials.',
      'A program makes a new SDK client, or calls the AWS CLI, in a loop.',
      'A monitoring agent or start-up script polls metadata without caching.',
      'More than 1024 packets a second go from one network interface to link-local services, most of them name resolution; what is beyond is dropped and looks like time-outs.',
    ],
    fixes: [...FIXES, RESOLVER_FIX],
  },
  assess(seen) {
    const traffic = seen['imds-traffic'];
    const token = seen['imds-token'];
    const role = seen['instance-role'];
    const lost = (!token.ok && isThrottle(token.failure)) || (!role.ok && isThrottle(role.failure));
    const requests = traffic.ok ? traffic.value.requests : [];
    const throttled = requests.filter((request) => THROTTLED_STATUSES.includes(request.status ?? 0));
    if (throttled.length === 0 && !lost) {
      return requests.some((request) => request.status !== null)
        ? withoutAnswers(seen)
        : { unknown: 'no answer came to judge by' };
    }
    const evidence = {
      requests: requests.length,
      throttled: throttled.length,
      statuses: throttled.map((request) => `${request.purpose} ${request.status}`),
      ...pressureEvidence(seen),
    };
    const missing = neverGiven(requests);
    return lost || missing.length > 0
      ? {
          severity: 'critical',
          cause: lost
            ? `Every try was turned away (${evidence.statuses.slice(0, 4).join(', ')}): credentials could not be read at all.`
            : `Every try to read ${missing.join(' and ')} was turned away (${evidence.statuses.slice(0, 4).join(', ')}). The credentials got through, but the next fetch may not.`,
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

/** What the service has to give besides the credentials, and in which words. */
const BESIDES: Readonly<Partial<Record<ImdsPurpose, string>>> = {
  'instance-profile': 'the instance profile',
  identity: 'the identity document',
};

/** What was asked for, and got nothing but refusals. */
function neverGiven(requests: readonly ImdsRequest[]): readonly string[] {
  return Object.entries(BESIDES)
    .filter(([wanted]) => {
      const tries = requests.filter(({ purpose }) => purpose === wanted);
      return tries.length > 0 && tries.every(({ status }) => THROTTLED_STATUSES.includes(status ?? 0));
    })
    .map(([, words]) => words);
}

/** The two shapes that are no answer: told only where the requests got through in the end; else IMDS is unreachable. */
function withoutAnswers(
  seen: Seen<'imds-token' | 'instance-role' | 'imds-traffic', 'link-local' | 'imds-clients'>,
): Assessment {
  const traffic = seen['imds-traffic'];
  if (!seen['imds-token'].ok || !seen['instance-role'].ok || !traffic.ok) return 'pass';
  const requests = traffic.value.requests.length;
  const silent = requestsLost(traffic, 'connect-timeout', 'response-timeout');
  const drops = silent === 0 ? null : silentDrops(seen);
  if (drops !== null) {
    return {
      severity: 'warning',
      cause: `${silent} of ${requests} requests stayed unanswered before one got through. ${drops}`,
      evidence: { requests, unanswered: silent, ...pressureEvidence(seen) },
      fix: [RESOLVER_FIX, ...FIXES],
    };
  }
  const cut = requestsLost(traffic, 'refused', 'reset');
  const limit = cut === 0 ? null : connectionLimit(seen);
  if (limit === null) return 'pass';
  return {
    severity: 'warning',
    cause: `${cut} of ${requests} requests had their connection refused or cut before one got through. ${limit}`,
    evidence: { requests, refusedOrCut: cut, ...pressureEvidence(seen) },
    fix: FIXES,
  };
}
