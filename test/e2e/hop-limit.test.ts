// Real packets: the answer to the PUT lost to its hop limit, firewalls that drop and reject, and no route at all.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FailureKind } from '../../src/core/outcome.ts';
import type { Report } from '../../src/core/report.ts';
import type { wholeCycle } from '../support/imds-client.ts';
import { type Firewall, HopLimitLab, IPV4_ENDPOINT, IPV6_ENDPOINT, missingForLab } from './hop-limit/lab.ts';

const missing = missingForLab();
if (missing !== null) {
  const message = `SKIPPED: the hop limit with real packets needs ${missing} (.ci/peers/netns.sh)`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
}

type Seen = Awaited<ReturnType<typeof wholeCycle>> & { endedMs: number };

const ONCE = fileURLToPath(new URL('../support/imds-once.ts', import.meta.url));

const PROGRAM =
  process.env['IMDS_PROBE_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The contract: the hop limit is told within this of the first packet. */
const TOLD_WITHIN_MS = 1200;

describe.skipIf(missing !== null).each([
  ['IPv4', IPV4_ENDPOINT],
  ['IPv6', IPV6_ENDPOINT],
])('%s', (family, endpoint) => {
  let lab: HopLimitLab;
  beforeAll(() => {
    lab = new HopLimitLab(family);
  });
  afterAll(() => lab?.close());
  beforeEach(() => lab.firewall(null));

  const ask = async (): Promise<Seen> => {
    const { code, stdout, stderr } = await lab.run(process.execPath, [ONCE, endpoint]);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Seen;
  };

  test('a hop limit of 1 behind one router: the PUT is lost, the GET is answered, told in time', async () => {
    await lab.serve(1);
    const seen = await ask();
    expect(seen.token).toMatchObject({ ok: false, failure: { kind: 'response-timeout' }, attempts: 1 });
    expect(seen.tokenless).toMatchObject({ ok: true, value: { asked: true, status: 401 } });
    for (const part of [seen.role, seen.profile, seen.identity]) {
      expect(part).toMatchObject({ ok: false, failure: { kind: 'response-timeout' } });
    }
    const [put, get] = seen.traffic.requests;
    expect(seen.traffic.requests).toHaveLength(2);
    expect(put).toMatchObject({ purpose: 'token', failure: 'response-timeout' });
    expect(get).toMatchObject({ purpose: 'tokenless', status: 401 });
    expect(seen.endedMs - (put?.startedMs ?? 0)).toBeLessThanOrEqual(TOLD_WITHIN_MS);
  });

  test('the whole program tells it in time, though no time server answers either', async () => {
    await lab.serve(1);
    const args = ['check', '--json', '--endpoint-mode', family];
    const { code, stdout, stderr } = await lab.run(process.execPath, ['--no-warnings', PROGRAM, ...args]);
    expect(code, stderr).toBe(2);
    const report = JSON.parse(stdout) as Report;
    expect(report.findings[0]).toMatchObject({ id: 'imds-hop-limit', severity: 'critical' });
    expect(report.findings[0]?.fix[0]?.command).toContain('modify-instance-metadata-options');
    expect(report.durationMs).toBeLessThanOrEqual(TOLD_WITHIN_MS);
  });

  test.each<[Firewall, string]>([
    ['router-drop', 'imds-unreachable'],
    ['router-reject', 'imds-unreachable'],
  ])('%s, by the whole program', async (firewall, id) => {
    await lab.serve(1);
    lab.firewall(firewall);
    const { stdout } = await lab.run(process.execPath, [
      '--no-warnings',
      PROGRAM,
      '--json',
      '--endpoint-mode',
      family,
    ]);
    const { findings } = JSON.parse(stdout) as Report;
    expect(findings.map((finding) => finding.id)).toContain(id);
    expect(findings.map((finding) => finding.id)).not.toContain('imds-hop-limit');
  });

  test('a hop limit of 2 behind one router: all is well', async () => {
    await lab.serve(2);
    const seen = await ask();
    expect(seen).toMatchObject({
      token: { ok: true },
      tokenless: { ok: true, value: { asked: false } },
      role: { ok: true, value: { roleName: 'lab-role' } },
      identity: { ok: true },
      traffic: { connections: 1 },
    });
    expect(seen.traffic.requests).toHaveLength(5);
  });

  test.each<[Firewall, FailureKind, number]>([
    ['router-drop', 'connect-timeout', 3],
    ['client-drop', 'connect-timeout', 3],
    ['router-reject', 'refused', 1],
    ['router-reset', 'refused', 1],
    ['client-reject', 'refused', 1],
    ['router-prohibit', 'unroutable', 1],
  ])('a firewall, %s: %s, with and without a token', async (kind, failure, attempts) => {
    await lab.serve(2);
    lab.firewall(kind);
    const seen = await ask();
    expect(seen.token).toMatchObject({ ok: false, failure: { kind: failure }, attempts });
    expect(seen.tokenless).toMatchObject({ ok: false, failure: { kind: failure } });
    expect(seen.traffic.connections).toBe(0);
  });

  test('no route: unroutable', async () => {
    lab.uplink(false);
    try {
      const seen = await ask();
      expect(seen.token).toMatchObject({ ok: false, failure: { kind: 'unroutable' }, attempts: 1 });
      expect(seen.tokenless).toMatchObject({ ok: false, failure: { kind: 'unroutable' } });
    } finally {
      lab.uplink(true);
    }
  });
});
