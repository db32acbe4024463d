// Judges whether a request still reaches AWS within the 5 minutes for which its signature is good.
import { defineCheck, type Policy } from '../core/check.ts';
import type { ClockOffset, HttpDateOffset } from '../core/clock.ts';
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { EndpointReach } from '../core/endpoint.ts';
import type { Outcome } from '../core/outcome.ts';
import { CLOCK_RUNBOOK_FIXES, clockFixes, REQUEST_WINDOW_SECONDS, TIME_PAGES } from '../facts/time-sync.ts';
import { reachEvidence, SERVICE_NAMES } from './endpoint/reach.ts';

export const requestWindowAtRisk = defineCheck({
  id: 'request-window-at-risk',
  group: 'endpoint',
  title: 'Requests may reach AWS too late for their signature',
  severities: ['warning'],
  needs: ['sts-endpoint', 'cloudwatch-endpoint'],
  uses: ['clock-offset', 'http-date', 'local-clock', 'host'],
  reference: TIME_PAGES.signing,
  runbook: {
    means:
      'A signature is good for 5 minutes by the clock of AWS. The error of this machine’s clock and the time a request needs to get there together use up more of them than they should, so retries and slow moments end in RequestExpired or SignatureDoesNotMatch.',
    causes: [
      'AWS’s own clock, seen in the Date header of its answers, is not the one this machine’s time server keeps.',
      'The clock is a little wrong, and the way to AWS (a proxy, an inspecting firewall, another continent) is slow.',
      'A program signs a request and sends it much later: a queue, a presigned URL.',
    ],
    fixes: [
      {
        text: 'See how long each step takes.',
        command:
          "curl -s -o /dev/null -w 'name %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer}\\n' https://sts.<region>.amazonaws.com",
      },
      ...CLOCK_RUNBOOK_FIXES,
    ],
  },
  assess(seen, policy) {
    const offset = seen['clock-offset'];
    if (clockIsSkewed(offset, seen['http-date'], policy)) {
      return { unknown: 'the clock alone is too far off: see clock-skewed' };
    }
    const answered = [seen['sts-endpoint'], seen['cloudwatch-endpoint']]
      .filter((outcome) => outcome.ok)
      .map(({ value }) => used(value, offset))
      .filter((use) => use.reach.stopped === null)
      .sort((a, b) => b.seconds - a.seconds);
    const [worst] = answered;
    if (worst === undefined) return { unknown: 'neither STS nor CloudWatch gave an answer to judge by' };
    const name = SERVICE_NAMES[worst.reach.service];
    if (worst.seconds < policy.clockWarningSeconds) {
      return {
        pass: `of the 5 minutes that a signature is good for, a request to ${name} uses ${spokenMs(worst.seconds * 1000)} at most`,
      };
    }
    const local = seen['local-clock'];
    const { host } = seen;
    return {
      severity: 'warning',
      cause: causeOf(worst, name),
      evidence: {
        usedSeconds: rounded(worst.seconds),
        windowSeconds: REQUEST_WINDOW_SECONDS,
        clockErrorSeconds: rounded(worst.clockSeconds),
        clockSeenBy: worst.by,
        roundTripMs: worst.reach.totalMs,
        ...reachEvidence(worst.reach),
      },
      fix: [
        {
          text: 'See how long each step takes.',
          command: `curl -s -o /dev/null -w 'name %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer}\\n' ${worst.reach.endpoint}`,
        },
        ...clockFixes(
          local?.ok ? local.value.daemon : null,
          host?.ok === true && host.value.container !== null,
        ),
      ],
    };
  },
});

const rounded = (seconds: number): number => Math.round(seconds * 100) / 100;

/** Then clock-skewed says it, and all else follows from that. The same lines as it draws. */
function clockIsSkewed(
  offset: Outcome<ClockOffset> | undefined,
  headers: Outcome<HttpDateOffset> | undefined,
  policy: Policy,
): boolean {
  const limitMs = policy.clockWarningSeconds * 1000;
  if (offset?.ok) return Math.abs(offset.value.offsetMs) >= limitMs;
  return headers?.ok === true && Math.abs(headers.value.offsetMs) - headers.value.errorBoundMs >= limitMs;
}

interface Used {
  readonly reach: EndpointReach;
  readonly seconds: number;
  readonly clockSeconds: number;
  readonly by: string;
}

/** What a request uses of its window: the larger error that either clock shows, and the whole way there and back. */
function used(reach: EndpointReach, offset: Outcome<ClockOffset> | undefined): Used {
  const byServer = offset?.ok ? (Math.abs(offset.value.offsetMs) + offset.value.errorBoundMs) / 1000 : 0;
  const { clock } = reach;
  // An interval, not a number: only what is surely wrong counts.
  const byDate = clock === null ? 0 : Math.max(0, Math.abs(clock.offsetMs) - clock.errorBoundMs) / 1000;
  const clockSeconds = Math.max(byServer, byDate);
  const by = byDate > byServer ? `the Date header of ${SERVICE_NAMES[reach.service]}` : 'the time server';
  return { reach, seconds: clockSeconds + reach.totalMs / 1000, clockSeconds, by };
}

function causeOf({ reach, seconds, clockSeconds, by }: Used, name: string): string {
  const left = REQUEST_WINDOW_SECONDS - seconds;
  const rest =
    left > 0
      ? `${spokenSeconds(left)} of the 5 minutes that a signature is good for are left`
      : 'nothing is left of the 5 minutes that a signature is good for';
  return `By ${by} this machine’s clock is ${spokenSeconds(rounded(clockSeconds))} off, and a request to ${name} takes ${spokenMs(reach.totalMs)}: ${rest}.`;
}
