// A fleet of 10,000 that starts in the same second: evenly spread, in an outage too, and after it. `npm run bench:fleet` does a day.
import { describe, expect, it } from 'vitest';
import { chance, loadOf } from '../bench/fleet.ts';
import { runAgentDay } from '../bench/fleet-agent.ts';
import { type Day, healthyRequests, type Place } from '../bench/fleet-day.ts';

const HOUR = 3_600;
const DAY: Day = {
  seconds: 3 * HOUR,
  intervalS: 60,
  flushS: 300,
  outage: { fromS: HOUR, toS: 2 * HOUR },
};
const METRICS = 13;

const places = (count: number): Place[] => {
  const random = chance(7);
  return Array.from({ length: count }, () => ({ beatPhase: random(), flushPhase: random() }));
};

describe('a fleet', () => {
  const perSecond = new Uint32Array(DAY.seconds);
  for (const place of places(10_000))
    for (const time of healthyRequests(place, DAY, METRICS))
      perSecond[Math.floor(time)] = (perSecond[Math.floor(time)] ?? 0) + 1;

  it.each([
    ['while all is well', [perSecond.subarray(DAY.flushS, HOUR)]],
    ['while CloudWatch is out', [perSecond.subarray(HOUR, 2 * HOUR)]],
    ['after that', [perSecond.subarray(2 * HOUR + 2 * DAY.flushS)]],
  ])('asks evenly %s', (_, spans) => {
    const { mean, peakSecond, busiestTen } = loadOf(spans);
    expect(mean).toBeCloseTo(10_000 / DAY.flushS, 0);
    expect(peakSecond).toBeLessThanOrEqual(2 * mean);
    expect(busiestTen).toBeLessThanOrEqual(1.5 * mean);
  });

  it('comes back from an outage without a rush', () => {
    const recovery = loadOf([perSecond.subarray(2 * HOUR, 2 * HOUR + 2 * DAY.flushS)]);
    expect(recovery.peakSecond).toBeLessThanOrEqual(500);
    expect(recovery.busiestTen).toBeLessThanOrEqual(2 * recovery.mean);
  });

  it('is what the real publisher does', async () => {
    for (const place of places(3)) {
      const real = await runAgentDay(place, DAY, null);
      expect(real.requests).toEqual(healthyRequests(place, DAY, METRICS));
      expect(real.dropped).toBe(0);
      expect(real.instanceMetricHours).toBe(8);
      expect(real.waiting).toBeLessThanOrEqual(5 * METRICS);
    }
  });

  it('tells of something critical with the cycle that raised it, and again when it is over', async () => {
    const [place] = places(1);
    if (place === undefined) throw new Error('no place');
    for (const kind of ['expiring', 'imds-lost'] as const) {
      const day = { ...DAY, outage: { fromS: 0, toS: 0 } };
      const { criticalDelays, instanceMetricHours } = await runAgentDay(place, day, { kind, fromS: 600 });
      expect(criticalDelays.map(({ delayS }) => delayS)).toEqual([0]);
      expect(instanceMetricHours).toBeGreaterThan(4);
    }
  });
});
