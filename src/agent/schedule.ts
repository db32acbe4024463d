// When the next cycle begins. Pure.

/** Shorter intervals are for somebody who looks on, and no load worth spreading: there each beat comes on time. */
const SPREAD_FROM_MS = 30_000;

/**
 * The origin of the rhythm of an agent that starts at `nowMs`: now, or for the intervals of a fleet half of one before
 * or after, so that agents that were started as one spread over all of it. `phase` is from 0 to 1.
 */
export function firstBeat(nowMs: number, intervalMs: number, phase: number): number {
  return intervalMs < SPREAD_FROM_MS ? nowMs : nowMs + (phase - 0.5) * intervalMs;
}

/**
 * The next beat after `nowMs` of a rhythm that began at `originMs`; beats that a long cycle ran over are left out,
 * so cycles neither drift nor overlap. All in milliseconds of one monotonic clock.
 */
export function nextBeat(originMs: number, intervalMs: number, nowMs: number): number {
  const beats = Math.floor((nowMs - originMs) / intervalMs) + 1;
  const next = originMs + Math.max(1, beats) * intervalMs;
  // At a beat itself, rounding can make the quotient one too small.
  return next > nowMs ? next : next + intervalMs;
}

/** Milliseconds since the last beat, where `beatMs` was waited for; a timer may also be a moment early. */
export function lateness(beatMs: number, intervalMs: number, nowMs: number): number {
  return (nowMs - beatMs) % intervalMs;
}
