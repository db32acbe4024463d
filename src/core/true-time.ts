// Decides which clock to trust: a time server's, the one behind Date headers, or this machine's own.
import type { TrueTime } from './clock.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * True time is the local clock plus `correctionMs` (milliseconds; positive where the local clock is slow).
 *
 * A valid time server decides. Where none gave time, the offset seen in `Date` headers counts as soon as it is
 * beyond their own resolution: an offset inside its error bound says no more than "perhaps right already".
 * Otherwise the local clock has to do, uncorrected.
 */
export function trueTime(snapshot: Snapshot): TrueTime {
  const measured = snapshot['clock-offset'];
  if (measured?.ok) return { source: 'time-server', correctionMs: measured.value.offsetMs };

  const headers = snapshot['http-date'];
  if (headers?.ok && Math.abs(headers.value.offsetMs) > headers.value.errorBoundMs) {
    return { source: 'http-date', correctionMs: headers.value.offsetMs };
  }
  return { source: 'local', correctionMs: 0 };
}
