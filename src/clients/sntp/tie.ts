// Ties the monotonic clock to the wall clock, finer than the wall clock's own millisecond.
import type { ClockPort } from '../../core/ports.ts';

/** Wall clock minus monotonic clock, and how far off that may be; milliseconds. */
export interface Tie {
  readonly wallMinusMonotonicMs: number;
  readonly errorMs: number;
}

/** `Date.now` cuts off what is below a millisecond. */
const TICK_MS = 1;
const GOOD_ENOUGH_MS = 0.01;
/** A clock in whole milliseconds ticks within one; a busy machine may take the processor away meanwhile. */
const PATIENCE_MS = 3;
/** Ends the loop where a clock stands still. */
const MAX_READINGS = 100_000;

/**
 * One reading of `Date.now` would be half a millisecond off on average, more than all of a link-local exchange. Every
 * reading between two of the monotonic clock bounds the difference, and the bounds close in when the wall clock ticks:
 * this spins until they have, a millisecond at most on an idle machine. A reading that was held up bounds little and
 * so does no harm.
 */
export function tieClocks(clock: ClockPort): Tie {
  const beganMs = clock.monotonicMs();
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let beforeMs = beganMs;
  for (let reading = 0; reading < MAX_READINGS; reading++) {
    const wallMs = clock.wallMs();
    const afterMs = clock.monotonicMs();
    const hiddenMs = Number.isInteger(wallMs) ? TICK_MS : 0;
    const low = wallMs - afterMs;
    const high = wallMs + hiddenMs - beforeMs;
    // No overlap with the earlier bounds: the wall clock was set in between, and they are history.
    const set = low > most || high < least;
    least = set ? low : Math.max(least, low);
    most = set ? high : Math.min(most, high);
    if (most - least <= GOOD_ENOUGH_MS || afterMs - beganMs > PATIENCE_MS) break;
    beforeMs = afterMs;
  }
  return { wallMinusMonotonicMs: (least + most) / 2, errorMs: (most - least) / 2 };
}
