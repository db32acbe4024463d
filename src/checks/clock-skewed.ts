// Judges how far the local clock is off, by time servers or else by the Date headers of answers.
import { defineCheck, type Policy } from '../core/check.ts';
import type { LocalClock } from '../core/clock.ts';
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { HostState } from '../core/host.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Finding, Severity } from '../core/report.ts';
import { CLOCK_RUNBOOK_FIXES, clockFixes, REQUEST_WINDOW_SECONDS, TIME_PAGES } from '../facts/time-sync.ts';

interface Measured {
  readonly offsetMs: number;
  readonly errorBoundMs: number;
  /** Who says so. */
  readonly by: string;
}

function severityOf(offSeconds: number, policy: Policy): Severity | null {
  if (offSeconds >= policy.clockCriticalSeconds) return 'critical';
  return offSeconds >= policy.clockWarningSeconds ? 'warning' : null;
}

function causeOf({ offsetMs, errorBoundMs, by }: Measured): string {
  const offSeconds = Math.abs(offsetMs) / 1000;
  const slow = offsetMs > 0;
  const left = REQUEST_WINDOW_SECONDS - offSeconds;
  const window =
    left <= 0
      ? 'AWS refuses requests whose timestamp is more than 5 minutes off, so most signed requests fail now'
      : `AWS refuses requests whose timestamp is more than 5 minutes off; ${spokenSeconds(left)} of that are left`;
  const refresh = slow
    ? 'By a slow clock SDKs refresh credentials late, and send them when they have already expired.'
    : 'By a fast clock SDKs take good credentials for expired, and ask for new ones in vain.';
  return `This machine's clock is ${spokenSeconds(offSeconds)} ${slow ? 'slow' : 'fast'}, by ${by} (to within ${spokenMs(errorBoundMs)}). ${window}. ${refresh}`;
}

function finding(
  severity: Severity,
  measured: Measured,
  local: Outcome<LocalClock> | undefined,
  host: Outcome<HostState> | undefined,
): Omit<Finding, 'id' | 'title' | 'reference'> {
  const daemon = local?.ok ? local.value.daemon : null;
  return {
    severity,
    cause: causeOf(measured),
    evidence: {
      offsetSeconds: Math.round(measured.offsetMs) / 1000,
      errorBoundMs: measured.errorBoundMs,
      measuredBy: measured.by,
      ...(local?.ok && {
        localDaemon: daemon ?? 'none seen',
        localSaysSynchronised: local.value.synchronised,
      }),
    },
    fix: clockFixes(daemon, host?.ok === true && host.value.container !== null),
  };
}

export const clockSkewed = defineCheck({
  id: 'clock-skewed',
  group: 'clock',
  title: 'The clock of this machine is wrong',
  severities: ['critical', 'warning'],
  needs: ['clock-offset'],
  uses: ['http-date', 'local-clock', 'host'],
  decisive: true,
  reference: TIME_PAGES.signing,
  runbook: {
    means:
      'Requests are signed with the local time, and AWS refuses them when it is more than 5 minutes off (15 for some services, such as S3). It shows as SignatureDoesNotMatch, RequestTimeTooSkewed or RequestExpired; a slow clock also as ExpiredToken, because SDKs then refresh their credentials too late.',
    causes: [
      'No time daemon runs: the image has none, or it was stopped or masked.',
      'The time daemon runs but reaches none of its servers: a public pool from a private subnet, where Amazon Time Sync was never configured.',
      'The machine slept or was restored (hibernation, a paused virtual machine), and chrony corrects the big difference slowly instead of stepping.',
      'Somebody or something set the clock by hand.',
      'In a container: the clock is the host’s, and the host’s is wrong.',
    ],
    fixes: CLOCK_RUNBOOK_FIXES,
  },
  assess(seen, policy) {
    const { 'clock-offset': asked, 'http-date': headers, 'local-clock': local, host } = seen;
    if (asked.ok) {
      const { offsetMs, errorBoundMs, server } = asked.value;
      const severity = severityOf(Math.abs(offsetMs) / 1000, policy);
      if (severity === null) {
        return {
          pass: `the clock is right to ${spokenMs(offsetMs)}, by ${server} (to within ${spokenMs(errorBoundMs)})`,
        };
      }
      return finding(severity, { offsetMs, errorBoundMs, by: `the time server ${server}` }, local, host);
    }
    if (!headers?.ok) {
      return {
        unknown: `no time server gave the time, and no answer had a Date header: ${asked.failure.detail}`,
      };
    }
    // An interval, not a number: only what is surely beyond the threshold is held against the clock.
    const { offsetMs, errorBoundMs, source } = headers.value;
    const severity = severityOf(Math.max(0, Math.abs(offsetMs) - errorBoundMs) / 1000, policy);
    if (severity === null) {
      const atMost = spokenMs(Math.abs(offsetMs) + errorBoundMs);
      return {
        pass: `no time server gave the time; by the Date headers of ${source} the clock is at most ${atMost} off`,
      };
    }
    return finding(severity, { offsetMs, errorBoundMs, by: `the Date headers of ${source}` }, local, host);
  },
});
