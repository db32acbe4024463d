// Judges whether the instance metadata service gives any complete HTTP answer.
import type { CredentialChain } from '../core/chain.ts';
import { type Assessment, defineCheck } from '../core/check.ts';
import type { HostState } from '../core/host.ts';
import type { Failure, Outcome } from '../core/outcome.ts';
import type { Evidence, Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { inItsNetwork } from './chain/network.ts';
import { isSilence, unknownBecause } from './context.ts';
import { connectionLimit, pressureEvidence, silentDrops } from './imds/pressure.ts';

const FIREWALL_FIX: Fix = {
  text: 'Look for a host firewall rule on the metadata address (and allow TCP 80 to it for root and for your users).',
  command: 'sudo nft list ruleset | grep -n -e 169.254 -e fd00:ec2; sudo iptables-save | grep -n 169.254',
};

const ROUTE_FIX: Fix = {
  text: 'See which way packets to the metadata address go; a VPN or container network often takes 169.254.0.0/16.',
  command: 'ip route get 169.254.169.254',
};

const REASONS: Record<string, string> = {
  'connect-timeout': 'Packets to it vanish: a firewall drops them, or this is not an EC2 instance.',
  refused: 'The connection is rejected: a firewall rejects it, or nothing listens at that address.',
  unroutable:
    'This machine has no route to it: it is not an EC2 instance, or its network has no link-local route.',
  reset: 'It takes the connection and cuts it before the answer is complete.',
};

/** The host of an endpoint that is given by name, or null for an address. */
function nameIn(endpoint: string | null): string | null {
  const host = /^https?:\/\/([^/:]+)(?::\d+)?$/.exec(endpoint ?? '')?.[1] ?? '';
  return host === '' || /^[\d.]+$/.test(host) ? null : host;
}

/** A name that leads nowhere says nothing about the usual address. */
const namelessFixes = (name: string): Fix[] => [
  { text: 'See whether the name has an address.', command: `getent ahosts ${name}` },
  {
    text: 'Ask at the usual address instead.',
    command: 'imds-probe check --endpoint http://169.254.169.254',
  },
];

function fixesOf({ kind }: Failure, name: string | null): readonly Fix[] {
  if (name !== null) return namelessFixes(name);
  const lost = kind === 'unroutable' || kind === 'connect-timeout';
  return lost ? [ROUTE_FIX, FIREWALL_FIX] : [FIREWALL_FIX, ROUTE_FIX];
}

/** What the kind of failure says. */
function reasonOf(failure: Failure, hasToken: boolean): string {
  if (failure.kind !== 'response-timeout') return REASONS[failure.kind] ?? '';
  if (failure.status !== undefined) return 'It begins to answer, and does not come to an end.';
  return hasToken
    ? 'It gave a session token, and leaves the requests with it unanswered.'
    : 'It takes the connection and then says nothing, with and without a session token.';
}

function causeOf(failure: Failure, hasToken: boolean, host: HostState | null, name: string | null): string {
  const { ec2 = null, uptimeSeconds = null } = host ?? {};
  const place = ec2 === false ? ' The firmware says that this is not an EC2 instance.' : '';
  const boot =
    uptimeSeconds !== null && uptimeSeconds < 60
      ? ' The machine has only just booted; this can pass by itself within the first minute.'
      : '';
  const reason =
    name === null
      ? reasonOf(failure, hasToken)
      : `Its endpoint is set to a name that leads nowhere: ${name}.`;
  return `The instance metadata service (IMDS), where every SDK gets the role's credentials, does not answer. ${reason}${place}${boot}`;
}

/** Which of the limits that give no answer this looks like, or null. */
function limitReached(failure: Failure, seen: Parameters<typeof silentDrops>[0]): string | null {
  if (failure.kind === 'unroutable') return null;
  return failure.kind === 'refused' || failure.kind === 'reset' ? connectionLimit(seen) : silentDrops(seen);
}

/** It answers here, and not where the process that was asked for is. */
function elsewhere(chain: Outcome<CredentialChain> | undefined): Assessment | null {
  const found = inItsNetwork(chain, 'imds-unreachable');
  if (found === null) return null;
  const route: Fix = {
    text: 'See which way packets to the metadata address go from there.',
    command: `sudo nsenter --target ${found.pid} --net ip route get 169.254.169.254`,
  };
  return { ...found.finding, fix: [route, FIREWALL_FIX] };
}

export const imdsUnreachable = defineCheck({
  id: 'imds-unreachable',
  group: 'imds',
  title: 'The instance metadata service does not answer',
  severities: ['critical'],
  needs: ['imds-token', 'imds-tokenless', 'instance-role', 'imds-traffic', 'host'],
  uses: ['link-local', 'imds-clients', 'credential-chain'],
  decisive: true,
  reference: AWS_PAGES.retrieveMetadata,
  runbook: {
    means:
      'No program on this machine can get credentials of the instance role: requests to the metadata address get no complete HTTP answer.',
    causes: [
      'A host firewall (iptables, nftables, a security agent) drops or rejects traffic to the metadata address.',
      'A VPN, a container network or a service mesh takes the route to 169.254.0.0/16.',
      'The program does not run on an EC2 instance, or the endpoint is set to a wrong address.',
      'Packets are dropped by the limit of 1024 packets per second on link-local services.',
      'The instance has only just booted.',
    ],
    fixes: [
      ROUTE_FIX,
      FIREWALL_FIX,
      {
        text: 'Right after boot, wait until credentials are there.',
        command: 'imds-probe check --wait 120',
      },
    ],
  },
  assess(seen) {
    const token = seen['imds-token'];
    const role = seen['instance-role'];
    const failure = token.ok ? (role.ok ? null : role.failure) : token.failure;
    if (failure === null) return elsewhere(seen['credential-chain']) ?? 'pass';
    if (!isSilence(failure)) {
      const untold = failure.kind === 'crashed' || failure.kind === 'permission';
      return untold ? unknownBecause('not judged', { failure }) : 'pass';
    }
    const tokenless = seen['imds-tokenless'];
    const nothingCame = failure.kind === 'response-timeout' && failure.status === undefined;
    if (nothingCame && !token.ok && tokenless.ok && tokenless.value.status !== null) {
      return { pass: `a request without a token was answered (HTTP ${tokenless.value.status})` };
    }
    const host = seen.host.ok ? seen.host.value : null;
    const traffic = seen['imds-traffic'];
    const evidence: Evidence = {
      endpoint: traffic.ok ? traffic.value.endpoint : null,
      failure: failure.kind,
      detail: failure.detail,
      attempts: token.ok ? role.attempts : token.attempts,
      ...(host?.container ? { container: host.container } : {}),
      ...pressureEvidence(seen),
    };
    const name = failure.kind === 'unroutable' && traffic.ok ? nameIn(traffic.value.endpoint) : null;
    return {
      severity: 'critical',
      cause: [causeOf(failure, token.ok, host, name), limitReached(failure, seen)]
        .filter((part) => part !== null)
        .join(' '),
      evidence,
      fix: fixesOf(failure, name),
    };
  },
});
