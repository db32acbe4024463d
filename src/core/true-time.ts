// Decides which clock to trust: a time server's, the one behind Date headers, or this machine's own.
import type { HttpDateOffset, TrueTime } from './clock.ts';
import type { EndpointReach } from './endpoint.ts';
import type { Outcome } from './outcome.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * True time is the local clock plus `correctionMs` (milliseconds; positive where the local clock is slow).
 *
 * A valid time server decides. Where none gave time, the offset seen in `Date` headers counts as soon as it is
 * beyond their own resolution: an offset inside its error bound says no more than "perhaps right already".
 * Those of IMDS come before those of AWS, which a proxy may have answered. Otherwise the local clock has to do, uncorrected.
 */
export function trueTime(snapshot: Snapshot): TrueTime {
  const measured = snapshot['clock-offset'];
  if (measured?.ok) return { source: 'time-server', correctionMs: measured.value.offsetMs };

  const dated = dateOf(snapshot);
  if (dated !== null && Math.abs(dated.offsetMs) > dated.errorBoundMs) {
    return { source: 'http-date', correctionMs: dated.offsetMs };
  }
  return { source: 'local', correctionMs: 0 };
}

/** The offset by the `Date` headers of IMDS, else of STS or CloudWatch; null where none was seen. */
export function dateOf(snapshot: Snapshot): HttpDateOffset | null {
  const headers = snapshot['http-date'];
  return headers?.ok
    ? headers.value
    : (dateOfAws('STS', snapshot['sts-endpoint']) ??
        dateOfAws('CloudWatch', snapshot['cloudwatch-endpoint']));
}

function dateOfAws(source: string, reach: Outcome<EndpointReach> | undefined): HttpDateOffset | null {
  if (!reach?.ok || reach.value.stopped !== null || reach.value.clock === null) return null;
  return { ...reach.value.clock, source, headers: 1 };
}
