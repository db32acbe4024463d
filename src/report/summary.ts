// The verdict of a whole report: its status, its exit code, and the one sentence that says it.
import type { Check } from '../core/check.ts';
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { ImdsRequest, ImdsTraffic } from '../core/imds.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Finding, Report, Status, Verdict } from '../core/report.ts';

/**
 * critical > unknown > warning > ok. Unknown only where a decisive check could not judge IMDS, the credentials or
 * the clock; `info` never raises it, and what was skipped is not unknown.
 */
export function statusOf(
  verdicts: readonly Verdict[],
  findings: readonly Finding[],
  checks: readonly Check[],
): Status {
  if (findings.some((finding) => finding.severity === 'critical')) return 'critical';
  const decisive = new Set(checks.filter((check) => check.decisive === true).map((check) => check.id));
  if (verdicts.some((verdict) => verdict.status === 'unknown' && decisive.has(verdict.id))) return 'unknown';
  return findings.some((finding) => finding.severity === 'warning') ? 'warning' : 'ok';
}

/** Exit codes of `check`, the same as those of a monitoring plugin. */
export const EXIT_CODES: Readonly<Record<Status, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** The finding that decides the status: the first of the worst severity. Null where only `info` is left, or nothing. */
export function worstFinding(report: Pick<Report, 'findings'>): Finding | null {
  const of = (severity: Finding['severity']) =>
    report.findings.find((finding) => finding.severity === severity);
  return of('critical') ?? of('warning') ?? null;
}

/** The verdict in one sentence without a full stop, e.g. `The role's credentials expired 12 min ago`. */
export function summaryOf(report: Report): string {
  if (report.status === 'ok') return healthyOf(report);
  if (report.status === 'unknown') return unjudgedOf(report);
  const worst = worstFinding(report);
  // A report from elsewhere may carry a status without its finding.
  if (worst === null) return `The status is ${report.status}, and no finding says why`;
  return HEADLINES.get(worst.id)?.(report) ?? worst.title;
}

/** Findings whose headline says more with this instance's numbers than their title can. */
const HEADLINES: ReadonlyMap<string, (report: Report) => string | null> = new Map([
  ['role-credentials-expired', expiredHeadline],
  ['role-credentials-expiring', expiringHeadline],
  ['clock-skewed', skewedHeadline],
]);

function expiredHeadline(report: Report): string | null {
  const margin = marginOf(report);
  return margin === null || margin > 0 ? null : `The role's credentials expired ${spokenSeconds(margin)} ago`;
}

function expiringHeadline(report: Report): string | null {
  const margin = marginOf(report);
  if (margin === null || margin <= 0) return null;
  return `The role's credentials expire in ${spokenSeconds(margin)}, and no new ones are there`;
}

function skewedHeadline(report: Report): string | null {
  const offsetMs = seenValue(report.observations['clock-offset'])?.offsetMs;
  return offsetMs === undefined ? null : `This machine's clock is ${spokenOffset(offsetMs)}`;
}

/** `6 min 40 s slow`: an offset is "theirs minus ours", so a positive one means that the local clock is behind. */
export function spokenOffset(offsetMs: number): string {
  if (offsetMs === 0) return '0 ms off';
  return `${spokenMs(offsetMs)} ${offsetMs > 0 ? 'slow' : 'fast'}`;
}

function healthyOf(report: Report): string {
  const margin = marginOf(report);
  if (margin !== null) return `The role's credentials are good for ${spokenSeconds(margin)}`;
  const passed = report.verdicts.filter((verdict) => verdict.status === 'pass').length;
  if (passed === 0) return 'Nothing was judged';
  return passed === 1 ? 'The one check that was run passed' : `All ${passed} checks that were run passed`;
}

function unjudgedOf(report: Report): string {
  const { observations } = report;
  const token = observations['imds-token'];
  const role = observations['instance-role'];
  const clock = observations['clock-offset'];
  const chain = observations['credential-chain'];
  if (token?.ok === false) return `The metadata service could not be judged: ${token.failure.detail}`;
  if (role?.ok === false) return `The role's credentials could not be judged: ${role.failure.detail}`;
  if (clock?.ok === false) return `The clock could not be judged: ${clock.failure.detail}`;
  // Only where a process was asked for, or time ran out: reading files does not fail as a whole.
  if (chain?.ok === false) return `The credential chain could not be judged: ${chain.failure.detail}`;
  const because = report.verdicts.find((verdict) => verdict.status === 'unknown')?.because;
  return because === undefined ? 'Too little was seen to judge' : `Too little was seen to judge: ${because}`;
}

function marginOf(report: Report): number | null {
  return seenValue(report.observations['instance-role'])?.marginSeconds ?? null;
}

/** What an observation saw, or null where it failed or was not made. */
export function seenValue<T>(outcome: Outcome<T> | undefined): T | null {
  return outcome?.ok === true ? outcome.value : null;
}

/** Requests that went straight to the metadata service; one sent through a proxy on purpose tells about the proxy. */
export function ownRequests(traffic: ImdsTraffic): readonly ImdsRequest[];
export function ownRequests(traffic: ImdsTraffic | null): readonly ImdsRequest[] | null;
export function ownRequests(traffic: ImdsTraffic | null): readonly ImdsRequest[] | null {
  return traffic?.requests.filter((request) => request.purpose !== 'proxied') ?? null;
}
