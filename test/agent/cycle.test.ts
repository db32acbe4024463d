// One cycle: whose clock it goes by, and which probes run where others failed.
import { describe, expect, it } from 'vitest';
import { runCycle } from '../../src/agent/cycle.ts';
import { clockSkewed } from '../../src/checks/clock-skewed.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Ports, Probe } from '../../src/core/ports.ts';
import type { ProbeId } from '../../src/core/snapshot.ts';
import { aReach, aRole, lost, POLICY, seen } from '../support/snapshot.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const NOTHING = { beginCycle: () => undefined };
const PORTS = {
  imds: NOTHING,
  time: NOTHING,
  chain: NOTHING,
  clock: { wallMs: () => NOW, monotonicMs: () => 0 },
} as unknown as Ports;

const probe = (id: ProbeId, outcome: Outcome<unknown>, more: Partial<Probe> = {}): Probe =>
  ({ id, title: id, asks: 'imds', observe: async () => outcome, ...more }) as Probe;

const run = (probes: readonly Probe[], standIns: readonly Probe[] = []) =>
  runCycle(
    { selection: { checks: [clockSkewed], probes, standIns, omitted: {} }, ports: PORTS, deadlineMs: 1000 },
    POLICY,
  );

const role = probe('instance-role', aRole({ expiration: '2026-11-23T13:00:00Z' }));
const noServer = probe('clock-offset', lost('response-timeout'));
const headers = (offsetMs: number) => seen({ offsetMs, errorBoundMs: 500, source: 'IMDS', headers: 1 });
const slowAws = aReach({ clock: { offsetMs: 400_000, errorBoundMs: 500 } });

describe('a cycle', () => {
  it('goes by the Date of AWS, in what it judges and in what it measures, where nothing else tells the time', async () => {
    const { trueTime, findings, snapshot } = await run([
      role,
      noServer,
      probe('http-date', lost('malformed')),
      probe('cloudwatch-endpoint', slowAws),
    ]);
    expect(trueTime).toEqual({ source: 'http-date', correctionMs: 400_000 });
    expect(findings).toMatchObject([{ id: 'clock-skewed', severity: 'critical' }]);
    expect(findings[0]?.cause).toContain('the Date headers of CloudWatch');
    expect(snapshot['instance-role']).toMatchObject({ value: { marginSeconds: 3600 - 400 } });
  });

  it('goes by that of IMDS before', async () => {
    const { trueTime } = await run([
      noServer,
      probe('http-date', headers(40_000)),
      probe('cloudwatch-endpoint', slowAws),
    ]);
    expect(trueTime.correctionMs).toBe(40_000);
  });

  it('asks a probe that stands in for another where that one failed', async () => {
    const standIn = probe('http-date', headers(40_000), { standsInFor: 'clock-offset' });
    expect((await run([noServer], [standIn])).trueTime.correctionMs).toBe(40_000);
  });

  it('leaves it alone where that one did well', async () => {
    const measured = seen({ offsetMs: 1, errorBoundMs: 1, server: 'time', stratum: 3, leap: 0 });
    const standIn = probe('http-date', headers(40_000), { standsInFor: 'clock-offset' });
    const { snapshot } = await run([probe('clock-offset', measured)], [standIn]);
    expect(Object.keys(snapshot)).toEqual(['clock-offset']);
  });
});
