// Ties the monotonic clock to the wall clock, finer than the wall clock's own millisecond.
import type { ClockPort } from '../../core/ports.ts';

/** Wall clock minus monotonic clock, and how far off that may be; milliseconds. */
export interface Tie {
  readonly wallMinusMonotonicMs: number;
  readonly errorMs: number;
}

/** A wall clock in whole milliseconds ticks within one; a busy machine may take the processor away meanwhile. */
const PATIENCE_MS = 3;
/** Two readings this close together catch the tick well enough. */
const CLOSE_MS = 0.05;
/** Ends the loop where a clock stands still. */
const MAX_READINGS = 200_000;

/**
 * `Date.now` counts whole milliseconds, so one reading would be half a millisecond off on average, more than all of
 * a link-local exchange. This waits, spinning for a millisecond at most, for the moment it ticks.
 */
export function tieClocks(clock: ClockPort): Tie {
  const beganMs = clock.monotonicMs();
  let wallMs = clock.wallMs();
  let beforeMs = clock.monotonicMs();
  if (!Number.isInteger(wallMs)) {
    return { wallMinusMonotonicMs: wallMs - (beganMs + beforeMs) / 2, errorMs: (beforeMs - beganMs) / 2 };
  }
  for (let reading = 0; reading < MAX_READINGS; reading++) {
    const nextMs = clock.wallMs();
    const nowMs = clock.monotonicMs();
    if (nextMs !== wallMs && nowMs - beforeMs <= CLOSE_MS) {
      return { wallMinusMonotonicMs: nextMs - (beforeMs + nowMs) / 2, errorMs: (nowMs - beforeMs) / 2 };
    }
    wallMs = nextMs;
    beforeMs = nowMs;
    if (nowMs - beganMs > PATIENCE_MS) break;
  }
  // No tick caught: the truth lies somewhere in the millisecond shown.
  return { wallMinusMonotonicMs: wallMs + 0.5 - beforeMs, errorMs: 0.5 };
}
