// Holds the tie between wall and monotonic clock to clocks that tick, jump, run finely or stand still.
import { describe, expect, it } from 'vitest';
import { tieClocks } from '../../../src/clients/sntp/tie.ts';

/** A clock that runs on by `stepMs` with every reading and shows whole milliseconds of wall time. */
function ticking(stepMs: number, wallAtZeroMs: number, show: (ms: number) => number = Math.floor) {
  let nowMs = 0;
  const read = (): number => {
    nowMs += stepMs;
    return nowMs;
  };
  return { wallMs: () => show(wallAtZeroMs + read()), monotonicMs: read };
}

describe('the tie of wall and monotonic clock', () => {
  it.each([0.1, 0.37, 0.5, 0.999])('finds the fraction %d that a whole millisecond hides', (fraction) => {
    const { wallMinusMonotonicMs, errorMs } = tieClocks(ticking(0.001, 1_800_000_000_000 + fraction));
    expect(Math.abs(wallMinusMonotonicMs - 1_800_000_000_000 - fraction)).toBeLessThan(0.003);
    expect(errorMs).toBeLessThan(0.003);
  });

  it('reads a finer wall clock once', () => {
    const { wallMinusMonotonicMs } = tieClocks(ticking(0.001, 1_800_000_000_000.25, (ms) => ms));
    expect(wallMinusMonotonicMs).toBeCloseTo(1_800_000_000_000.25, 2);
  });

  it('admits half a millisecond where the machine is too busy to catch the tick', () => {
    const { wallMinusMonotonicMs, errorMs } = tieClocks(ticking(0.4, 1_800_000_000_000.3));
    expect(errorMs).toBe(0.5);
    expect(Math.abs(wallMinusMonotonicMs - 1_800_000_000_000.3)).toBeLessThan(1);
  });

  it('ends where a clock stands still', () => {
    expect(tieClocks({ wallMs: () => 5000, monotonicMs: () => 100 })).toEqual({
      wallMinusMonotonicMs: 4900.5,
      errorMs: 0.5,
    });
  });

  it('agrees with the system', () => {
    const { wallMinusMonotonicMs, errorMs } = tieClocks({
      wallMs: Date.now,
      monotonicMs: () => performance.now(),
    });
    expect(errorMs).toBeLessThanOrEqual(0.5);
    expect(Math.abs(wallMinusMonotonicMs + performance.now() - Date.now())).toBeLessThan(1000);
  });
});
