// When the next cycle begins. Pure.

/**
 * The next beat after `nowMs` of a rhythm that began at `originMs`; beats that a long cycle ran over are left out,
 * so cycles neither drift nor overlap. All in milliseconds of one monotonic clock.
 */
export function nextBeat(originMs: number, intervalMs: number, nowMs: number): number {
  const beats = Math.floor((nowMs - originMs) / intervalMs) + 1;
  return originMs + Math.max(1, beats) * intervalMs;
}
