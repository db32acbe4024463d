// Asks the default time servers where the kernel has no way to them, in network namespaces made for it.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { TimeServerAnswer } from '../../src/core/clock.ts';

const able = spawnSync('unshare', ['--net', 'ip', 'link']).status === 0;
if (!able) {
  const why = 'no network namespaces here (root, unshare and ip are needed)';
  if (process.env['CI'] === 'true') throw new Error(why);
  console.warn(`SKIPPED: ${why}`);
}

const ASK = `
  import { randomBytes } from 'node:crypto';
  import { createTimeClient } from '${fileURLToPath(new URL('../../src/clients/sntp/client.ts', import.meta.url))}';
  const servers = [{ host: '169.254.169.123', port: 123 }, { host: 'fd00:ec2::123', port: 123 }];
  const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
  const time = createTimeClient({ servers, timeoutMs: 150, clock, randomBytes });
  console.log(JSON.stringify(await time.servers(new AbortController().signal)));
`;

/** What the default servers look like after `setUp` in an empty namespace. */
function answersAfter(setUp: string): readonly TimeServerAnswer[] {
  const script = `set -e; ${setUp}; exec "$0" --input-type=module --eval "$1"`;
  const out = execFileSync('unshare', ['--net', 'sh', '-c', script, process.execPath, ASK], {
    env: { ...process.env, IMDS_PROBE_TEST_NAMESPACE: 'empty' },
    encoding: 'utf8',
  });
  return JSON.parse(out);
}

// The kernel hands packets for a foreign address to the loopback link, and drops them there without a word.
const VOID = 'ip link set lo up; ip addr add 169.254.7.7/32 dev lo; ip route add 169.254.169.0/24 dev lo';

describe.skipIf(!able)('the default time servers', () => {
  it.each([
    ['without any network', ':', 'unroutable', 'ENETUNREACH'],
    [
      'with an unreachable route',
      `${VOID}; ip route add unreachable 169.254.169.123`,
      'unroutable',
      'EHOSTUNREACH',
    ],
    ['with a prohibited route', `${VOID}; ip route add prohibit 169.254.169.123`, 'refused', 'EACCES'],
    ['behind a link that swallows what is sent', VOID, 'response-timeout', 'did not answer'],
  ])('%s', (_, setUp, failure, words) => {
    const [ipv4, ipv6] = answersAfter(setUp);
    expect(ipv4).toMatchObject({ server: '169.254.169.123:123', state: 'unreachable', failure });
    expect(ipv4?.detail).toContain(words);
    expect(ipv6).toMatchObject({
      server: '[fd00:ec2::123]:123',
      state: 'unreachable',
      failure: 'unroutable',
    });
  });
});
