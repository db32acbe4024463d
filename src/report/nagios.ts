// The report as one line for Nagios, Icinga, Checkmk and their kin (Monitoring Plugins Development Guidelines).
import type { Policy } from '../core/check.ts';
import type { Report } from '../core/report.ts';
import { shownText } from '../core/text.ts';
import { THROTTLED_STATUSES } from '../facts/imds.ts';
import { ownRequests, seenValue, summaryOf, worstFinding } from './summary.ts';

/** Thresholds that go into the performance data, so that graphs can draw them. */
export type NagiosThresholds = Pick<
  Policy,
  | 'marginWarningSeconds'
  | 'marginCriticalSeconds'
  | 'clockWarningSeconds'
  | 'clockCriticalSeconds'
  | 'slowWarningMs'
>;

/** NRPE's first protocol cuts at 1024 bytes: this leaves room for the performance data. */
const MAX_MESSAGE = 300;

/**
 * `IMDS CRITICAL - role-credentials-expired: … | margin=-720s;900:;300: clock=0.001s;30;240 …` and a line break.
 * A value that could not be determined is `U`. The exit code is `EXIT_CODES[report.status]`.
 */
export function renderNagios(report: Report, thresholds: NagiosThresholds): string {
  return `IMDS ${report.status.toUpperCase()} - ${messageOf(report)} | ${performanceData(report, thresholds).join(' ')}\n`;
}

function messageOf(report: Report): string {
  const worst = worstFinding(report);
  const summary = summaryOf(report);
  const told = worst !== null && (report.status === 'critical' || report.status === 'warning');
  const more = told ? report.findings.filter((finding) => finding.severity !== 'info').length - 1 : 0;
  const message = told ? `${worst.id}: ${summary}` : summary;
  const rest = more > 0 ? ` (and ${more} more)` : '';
  // A bar would begin the performance data.
  return shownText(message.replaceAll('|', '/'), MAX_MESSAGE) + rest;
}

function performanceData(report: Report, thresholds: NagiosThresholds): string[] {
  const { observations } = report;
  const role = seenValue(observations['instance-role']);
  const clock = seenValue(observations['clock-offset']);
  const requests = ownRequests(seenValue(observations['imds-traffic']));
  const count = (severity: string) =>
    report.findings.filter((finding) => finding.severity === severity).length;
  const throttled = requests?.filter((request) => THROTTLED_STATUSES.includes(request.status ?? 0)).length;
  const slowest = requests?.length ? Math.max(...requests.map((request) => request.tookMs)) : null;
  const { marginWarningSeconds, marginCriticalSeconds, clockWarningSeconds, clockCriticalSeconds } =
    thresholds;
  return [
    datum('margin', role?.marginSeconds, 's', 0, `${marginWarningSeconds}:`, `${marginCriticalSeconds}:`),
    datum(
      'clock',
      absolute(clock?.offsetMs),
      's',
      6,
      String(clockWarningSeconds),
      String(clockCriticalSeconds),
    ),
    datum('age', role?.ageSeconds, 's', 0),
    datum('latency', slowest, 'ms', 3, String(thresholds.slowWarningMs)),
    datum('requests', requests?.length, '', 0),
    datum('throttled', throttled, '', 0),
    datum('critical', count('critical'), '', 0),
    datum('warning', count('warning'), '', 0),
  ];
}

/** From milliseconds to seconds, without the sign: a range of `30` is crossed by -1 as well. */
const absolute = (offsetMs: number | undefined): number | undefined =>
  offsetMs === undefined ? undefined : Math.abs(offsetMs) / 1000;

/** `label=value[unit];[warning];[critical]`, trailing semicolons dropped. */
function datum(
  label: string,
  value: number | null | undefined,
  unit: 's' | 'ms' | '',
  digits: number,
  warning = '',
  critical = '',
): string {
  // Digits, sign and point only: an exponent is not in the guidelines' alphabet.
  const known = value !== null && value !== undefined && Number.isFinite(value) && Math.abs(value) < 1e15;
  const shown = known ? `${plain(value, digits)}${unit}` : 'U';
  return `${label}=${shown};${warning};${critical}`.replace(/;+$/, '');
}

function plain(value: number, digits: number): string {
  const fixed = value.toFixed(digits);
  const short = fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
  return short === '-0' ? '0' : short;
}
