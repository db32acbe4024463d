// Where an agent's beats lie.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstBeat, lateness, nextBeat } from '../../src/agent/schedule.ts';

describe('firstBeat', () => {
  it.each<[string, number, number, number]>([
    ['a short interval begins now', 1_000, 0.9, 5_000],
    ['a minute is spread: earliest', 60_000, 0, -25_000],
    ['a minute is spread: latest', 60_000, 1, 35_000],
  ])('%s', (_name, interval, phase, expected) => {
    expect(firstBeat(5_000, interval, phase)).toBe(expected);
  });
});

describe('lateness', () => {
  it.each<[string, number, number]>([
    ['on time', 5_000, 0],
    ['a little late', 5_400, 400],
    ['a moment early', 4_999.5, -0.5],
    ['by more than a beat: that one was left out', 8_250, 250],
  ])('%s', (_name, now, expected) => {
    expect(lateness(5_000, 1_000, now)).toBe(expected);
  });
});

describe('nextBeat', () => {
  it('is in the future, on the beat, and at most one interval away', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1000, max: 3_600_000 }),
        fc.nat(1e9),
        (origin, interval, past) => {
          const now = origin + past;
          const next = nextBeat(origin, interval, now);
          expect(next).toBeGreaterThan(now);
          expect(next - now).toBeLessThanOrEqual(interval);
          expect((next - origin) % interval).toBe(0);
        },
      ),
    );
  });

  it('is not the beat that it is now where rounding takes that for the one before', () => {
    const origin = firstBeat(0, 60_000, 0.9945340014528483);
    let now = origin;
    for (let beat = 1; beat <= 1_440; beat += 1) {
      now = nextBeat(origin, 60_000, now);
      expect(now).toBeCloseTo(origin + beat * 60_000, 3);
    }
  });

  it('never is the beat that it is now, wherever in its interval an instance beats', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(10_000), (phase, beats) => {
        const origin = firstBeat(0, 60_000, phase);
        let now = origin + beats * 60_000;
        for (let beat = 0; beat < 50; beat += 1) {
          const next = nextBeat(origin, 60_000, now);
          expect(next).toBeGreaterThan(now);
          now = next;
        }
        expect(now).toBeCloseTo(origin + (beats + 50) * 60_000, 3);
      }),
    );
  });
});
