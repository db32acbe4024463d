// Holds the tie between wall and monotonic clock to clocks that tick, jump, run finely, are held up or stand still.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tieClocks } from '../../../src/clients/sntp/tie.ts';

const WALL = 1_800_000_000_000;

/** A clock on which every reading takes `takesMs()`, and that shows whole milliseconds of wall time. */
function ticking(takesMs: () => number, wallAtZeroMs: number, show: (ms: number) => number = Math.floor) {
  let nowMs = 0;
  const pass = (): number => {
    nowMs += takesMs();
    return nowMs;
  };
  return { wallMs: () => show(wallAtZeroMs + pass()), monotonicMs: pass };
}

describe('the tie of wall and monotonic clock', () => {
  it.each([0, 0.1, 0.37, 0.5, 0.999])('finds the fraction %d that a whole millisecond hides', (fraction) => {
    const { wallMinusMonotonicMs, errorMs } = tieClocks(ticking(() => 0.001, WALL + fraction));
    expect(Math.abs(wallMinusMonotonicMs - WALL - fraction)).toBeLessThanOrEqual(errorMs);
    expect(errorMs).toBeLessThanOrEqual(0.005);
  });

  it('never errs by more than it says, however the readings are held up', () => {
    const hold = fc.oneof(
      { weight: 9, arbitrary: fc.constant(0.0005) },
      fc.double({ min: 0, max: 2, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(hold, { minLength: 1 }),
        (fraction, holds) => {
          let reading = 0;
          const takesMs = (): number => holds[reading++ % holds.length] ?? 0.001;
          const { wallMinusMonotonicMs, errorMs } = tieClocks(ticking(takesMs, WALL + fraction));
          // A quarter of a microsecond is what a double of this size can't hold.
          expect(Math.abs(wallMinusMonotonicMs - WALL - fraction)).toBeLessThanOrEqual(errorMs + 0.000_5);
        },
      ),
    );
  });

  it('reads a finer wall clock once', () => {
    const { wallMinusMonotonicMs, errorMs } = tieClocks(
      ticking(
        () => 0.001,
        WALL + 0.25,
        (ms) => ms,
      ),
    );
    expect(Math.abs(wallMinusMonotonicMs - WALL - 0.25)).toBeLessThanOrEqual(errorMs);
    expect(errorMs).toBeLessThan(0.005);
  });

  it.each([-5000, 5000])('forgets what it saw before the wall clock was set by %d ms', (stepMs) => {
    const clock = ticking(() => 0.001, WALL + 0.7);
    let readings = 0;
    const stepped = { ...clock, wallMs: () => clock.wallMs() + (++readings > 20 ? stepMs : 0) };
    const { wallMinusMonotonicMs } = tieClocks(stepped);
    expect(Math.abs(wallMinusMonotonicMs - WALL - 0.7 - stepMs)).toBeLessThan(0.01);
  });

  it('ends where a clock stands still', () => {
    expect(tieClocks({ wallMs: () => 5000, monotonicMs: () => 100 })).toEqual({
      wallMinusMonotonicMs: 4900.5,
      errorMs: 0.5,
    });
  });
});
