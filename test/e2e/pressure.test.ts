// What presses on IMDS, with real packets, sockets and child processes in network namespaces of our own: an ethtool whose
// counter grows, a process that holds connections, a name server and a network that swallow everything.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { HopLimitLab, missingForLab } from './hop-limit/lab.ts';

const missing = missingForLab();
if (missing !== null) {
  const message = `SKIPPED: pressure on IMDS with real packets needs ${missing} (.ci/peers/netns.sh)`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
}

const PROGRAM =
  process.env['IMDS_PROBE_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Holds this many connections to the metadata service, and says so. */
const HOLDER = `
import socket, sys, time
held = [socket.create_connection(("169.254.169.254", 80), timeout=5) for _ in range(int(sys.argv[1]))]
print("held", flush=True)
time.sleep(60)
`;

describe.skipIf(missing !== null)('pressure', () => {
  let lab: HopLimitLab;
  let folder: string;
  beforeAll(() => {
    lab = new HopLimitLab('pressure');
    folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-pressure-'));
    writeFileSync(path.join(folder, 'holder.py'), HOLDER);
    writeFileSync(path.join(folder, 'resolv.conf'), 'nameserver 10.77.1.77\n');
    // Counts two more packets each time it is asked, as ENA would under load.
    writeFileSync(
      path.join(folder, 'ethtool'),
      `#!/bin/sh\nn=$(($(cat ${folder}/dropped 2>/dev/null || echo 98) + 2))\necho $n > ${folder}/dropped\nprintf 'NIC statistics:\\n     linklocal_allowance_exceeded: %d\\n' $n\n`,
    );
    chmodSync(path.join(folder, 'ethtool'), 0o755);
  });
  afterAll(async () => {
    await lab?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const command = (...args: readonly string[]): string =>
    [process.execPath, '--no-warnings', PROGRAM, 'check', '--json', ...args].join(' ');

  async function check(script: string, env: Readonly<Record<string, string>> = {}) {
    const began = performance.now();
    const { stdout, stderr } = await lab.run('sh', ['-c', script], env);
    const tookMs = performance.now() - began;
    if (!stdout.startsWith('{')) throw new Error(stderr);
    const report = JSON.parse(stdout) as Report;
    return { report, tookMs, finding: (id: string) => report.findings.find((one) => one.id === id) };
  }

  test('packets dropped while IMDS does not answer are named as the third shape of throttling', async () => {
    await lab.serve(2);
    lab.firewall('router-drop');
    const PATH = `${folder}:${process.env['PATH']}`;
    const { report, finding } = await check(command('--offline'), { PATH });
    expect(report.observations['link-local']).toMatchObject({
      ok: true,
      value: { total: 102, growth: 2, interfaces: [{ name: 'up0', dropped: 102 }] },
    });
    expect(finding('imds-unreachable')?.cause).toContain('2 packets were dropped in silence');
    expect(report.metrics.find(({ name }) => name === 'LinkLocalDropped')?.values).toEqual([2]);
  });

  test('a process that holds connections is named, with how many', async () => {
    await lab.serve(2);
    const script = `python3 ${folder}/holder.py 3 > ${folder}/held & holder=$!
      until grep -q held ${folder}/held; do sleep 0.05; done
      ${command('--offline')}; kill $holder`;
    const { report } = await check(script);
    expect(report.observations['imds-clients']).toMatchObject({
      ok: true,
      value: { open: 3, clients: [{ command: expect.stringMatching(/^python/), connections: 3, uid: 0 }] },
    });
  });

  test('the way to AWS is told within its limit where the name server is silent, and nothing holds the end', async () => {
    await lab.serve(2);
    const script = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec ${command('--only', 'endpoint')}`;
    const { report, tookMs, finding } = await check(`unshare -m sh -c '${script}'`);
    expect(finding('cloudwatch-unreachable')?.evidence).toMatchObject({
      step: 'name',
      endpoint: 'https://monitoring.eu-central-1.amazonaws.com',
    });
    expect(report.durationMs).toBeLessThan(3_000);
    // getaddrinfo(3) would hold the process for ten seconds, whatever is aborted.
    expect(tookMs).toBeLessThan(7_000);
  });

  test('addresses that swallow packets end at the connection', async () => {
    await lab.serve(2);
    const { finding } = await check(command('--only', 'endpoint'), {
      AWS_ENDPOINT_URL_STS: 'https://10.77.1.78',
      AWS_ENDPOINT_URL_CLOUDWATCH: 'https://10.77.1.79',
    });
    for (const id of ['sts-unreachable', 'cloudwatch-unreachable']) {
      expect(finding(id)?.evidence).toMatchObject({ step: 'connect' });
    }
  });

  test('a hop limit is told in time, though AWS does not answer either', async () => {
    await lab.serve(1);
    const { report, finding } = await check(command(), {
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_STS: 'https://10.77.1.78',
      AWS_ENDPOINT_URL_CLOUDWATCH: 'https://10.77.1.79',
    });
    expect(finding('imds-hop-limit')).toMatchObject({ severity: 'critical' });
    // The contract: 1.2 s after the first packet.
    expect(report.durationMs).toBeLessThanOrEqual(1_200);
  });
});
