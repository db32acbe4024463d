// The report for a person: the verdict first, then each finding with the commands that mend it, then what was seen.
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { Delivery } from '../core/publishing.ts';
import type { Finding, Fix, Report, Severity, Verdict } from '../core/report.ts';
import { chainLines } from './chain-table.ts';
import { evidenceRows } from './evidence.ts';
import { grid, hanging, type Row, table, together } from './layout.ts';
import { type Pen, penFor, type TextStyle } from './pen.ts';
import { counted, requestCells, seenRows, spokenInstant } from './seen.ts';
import { seenValue, summaryOf } from './summary.ts';

export interface TextOptions extends TextStyle {
  /** Adds passed checks, why each check was skipped, and every request sent. */
  readonly verbose?: boolean;
  /** How this run's metrics were delivered; left out or null where none were sent. */
  readonly published?: Delivery | null;
}

/** Columns before the body of a section. */
const INDENT = 2;

/**
 * The whole report as text that ends with a line break. Prose is wrapped at `width` (40 to 100 columns); commands and
 * URLs are never broken, so that they can be pasted.
 */
export function renderText(report: Report, options: TextOptions): string {
  const pen = penFor(options);
  const headline = summaryOf(report);
  const sections = [
    headLines(report, headline, pen),
    ...report.findings.map((finding) => findingLines(finding, headline, pen)),
    seenLines(report, pen, options.verbose === true),
    chainLines(report, pen, options.verbose === true),
    unjudgedLines(report, pen),
    restLines(report, pen, options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** `CRITICAL  The role's credentials expired 12 min ago`, and below it which instance, and when. */
function headLines(report: Report, headline: string, pen: Pen): string[] {
  const label = report.status.toUpperCase();
  const column = label.length + 2;
  const { instanceId, roleName, region, availabilityZone } = report.instance;
  const who = [
    instanceId ?? 'instance unknown',
    roleName === null ? null : `role ${roleName}`,
    availabilityZone ?? region,
    spokenInstant(report.startedAt),
  ].filter((part) => part !== null);
  const line = who.map((part) => together(pen.text(part, 80))).join(`\u00a0${pen.text('·')} `);
  return [
    ...hanging(label, pen.text(headline), {
      indent: 0,
      column,
      width: pen.width,
      label: pen.status[report.status],
      text: pen.strong,
    }),
    ...hanging('', line, { indent: 0, column, width: pen.width, text: pen.faint }),
  ];
}

const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical: 'CRITICAL',
  warning: 'WARNING',
  info: 'INFO',
};

/** The title is left out where the report's first line has just said it. */
function findingLines(finding: Finding, headline: string, pen: Pen): string[] {
  const word = SEVERITY_WORDS[finding.severity];
  const paint = pen.status[finding.severity];
  const body = { indent: INDENT, column: 0, width: pen.width };
  return [
    ...hanging(word, pen.text(finding.id), {
      indent: 0,
      column: word.length + 2,
      width: pen.width,
      label: paint,
      text: paint,
    }),
    ...(finding.title === headline
      ? []
      : hanging('', pen.text(finding.title), { ...body, text: pen.strong })),
    ...hanging('', pen.text(finding.cause), body),
    ...table(cleanRows(evidenceRows(finding.evidence), pen), {
      indent: INDENT * 2,
      width: pen.width,
      label: pen.faint,
    }),
    ...fixLines(finding.fix, pen),
    ...referenceLines(finding.reference, pen),
  ];
}

/** Steps, each with its command on a line of its own: nothing before it but blanks, and never broken. */
export function fixLines(fixes: readonly Fix[], pen: Pen): string[] {
  return fixes.flatMap((fix, index) => {
    const label = fixes.length === 1 ? 'Fix:' : `Fix ${index + 1}:`;
    const command = fix.command === undefined ? null : pen.command(fix.command);
    return [
      ...hanging(label, pen.text(fix.text), {
        indent: INDENT,
        column: label.length + 1,
        width: pen.width,
        label: pen.strong,
      }),
      ...(command === null || command === '' ? [] : [`${' '.repeat(INDENT * 3)}${pen.code(command)}`]),
    ];
  });
}

export function referenceLines(reference: string, pen: Pen): string[] {
  return hanging('See:', pen.text(reference), {
    indent: INDENT,
    column: 'See: '.length,
    width: pen.width,
    label: pen.faint,
    text: pen.faint,
  });
}

const cleanRows = (rows: readonly Row[], pen: Pen): Row[] =>
  rows.map(([label, value]) => [indentKept(label, pen), pen.text(value, 600)]);

/** A label may begin with blanks that set it under the one before. */
const indentKept = (label: string, pen: Pen): string =>
  (label.startsWith('  ') ? '  ' : '') + pen.text(label, 60);

function seenLines(report: Report, pen: Pen, verbose: boolean): string[] {
  const rows = cleanRows(seenRows(report.observations), pen);
  if (rows.length === 0) return [];
  const lines = [
    pen.strong('What was seen'),
    ...table(rows, { indent: INDENT, width: pen.width, label: pen.faint }),
  ];
  const traffic = verbose ? seenValue(report.observations['imds-traffic']) : null;
  if (traffic === null || traffic.requests.length === 0) return lines;
  const heading = ['at', 'method', 'for', 'answer', 'took'];
  const cells = requestCells(traffic).map((row) => row.map((cell) => pen.text(cell, 60)));
  return [
    ...lines,
    '',
    ...grid(heading, cells, {
      indent: INDENT,
      width: pen.width,
      heading: pen.faint,
      ellipsis: pen.text('…'),
    }),
  ];
}

/**
 * Verdicts with the same reason belong together: one lost answer leaves many checks without one. A reason that quotes
 * a failed observation counts as that failure.
 */
function byReason(verdicts: readonly Verdict[], failures: readonly string[]): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const { id, because } of verdicts) {
    const reason = failures.find((failure) => because.includes(failure)) ?? because;
    const ids = reasons.get(reason);
    if (ids === undefined) reasons.set(reason, [id]);
    else ids.push(id);
  }
  return reasons;
}

function reasonLines(
  title: string,
  verdicts: readonly Verdict[],
  pen: Pen,
  failures: readonly string[] = [],
): string[] {
  if (verdicts.length === 0) return [];
  const lines = [pen.strong(title)];
  for (const [because, ids] of byReason(verdicts, failures)) {
    const names = hanging('', pen.text(ids.join(', ')), { indent: INDENT, column: 0, width: pen.width });
    const why = { indent: INDENT * 2, column: 0, width: pen.width, text: pen.faint };
    lines.push(...names, ...hanging('', pen.text(because), why));
  }
  return lines;
}

const withStatus = (report: Report, status: Verdict['status']): Verdict[] =>
  report.verdicts.filter((verdict) => verdict.status === status);

function unjudgedLines(report: Report, pen: Pen): string[] {
  const failures = Object.values(report.observations)
    .map((outcome) => (outcome.ok ? '' : outcome.failure.detail))
    .filter((detail) => detail !== '')
    // The shortest first: others quote it.
    .sort((a, b) => a.length - b.length);
  return reasonLines('Could not be judged', withStatus(report, 'unknown'), pen, failures);
}

/** The last lines: how many checks passed, what was skipped, where metrics went, and where to read on. */
function restLines(report: Report, pen: Pen, options: TextOptions): string[] {
  const passed = withStatus(report, 'pass');
  const skipped = withStatus(report, 'skipped');
  const lines: string[] = [];
  if (options.verbose === true) {
    const sections = [reasonLines('Passed', passed, pen), reasonLines('Skipped', skipped, pen)];
    for (const section of sections) if (section.length > 0) lines.push(...section, '');
  }
  const rows: Row[] = [];
  if (report.verdicts.length > 0) rows.push(['Checks', tally(report)]);
  if (skipped.length > 0 && options.verbose !== true) {
    rows.push(['Skipped', skippedText(skipped)]);
  }
  if (options.published) rows.push(['Metrics', publishedText(options.published)]);
  const first = report.findings[0];
  if (first !== undefined) rows.push(['More', `imds-probe explain ${first.id}`]);
  return [...lines, ...table(cleanRows(rows, pen), { indent: 0, width: pen.width, label: pen.faint })];
}

/** Most skipped checks that are named; more than these are counted. */
const SKIPPED_NAMED = 4;

function skippedText(skipped: readonly Verdict[]): string {
  if (skipped.length <= SKIPPED_NAMED) return skipped.map((verdict) => verdict.id).join(', ');
  const reasons = [...new Set(skipped.map((verdict) => verdict.because))];
  const why = reasons.length === 1 ? `: ${reasons[0]}` : '; --verbose says which and why';
  return `${skipped.length} checks${why}`;
}

function tally(report: Report): string {
  const parts = [counted(withStatus(report, 'pass').length, 'check').replace(/checks?$/, 'passed')];
  const counts: readonly (readonly [Verdict['status'], string])[] = [
    ['fail', 'failed'],
    ['unknown', 'could not be judged'],
    ['skipped', 'skipped'],
  ];
  for (const [status, words] of counts) {
    const count = withStatus(report, status).length;
    if (count > 0) parts.push(`${count} ${words}`);
  }
  return `${parts.join(', ')}; took ${spokenMs(report.durationMs)}`;
}

function publishedText({ accepted, rejected, pending, oldestSeconds, failure, endpoint }: Delivery): string {
  const parts = failure === null || accepted > 0 ? [`${accepted} accepted by CloudWatch at ${endpoint}`] : [];
  if (failure !== null) parts.push(`not delivered to ${endpoint}: ${failure.code} - ${failure.detail}`);
  if (rejected > 0) parts.push(`${rejected} refused for good`);
  if (pending > 0) {
    const oldest = (oldestSeconds ?? 0) >= 1 ? `, the oldest for ${spokenSeconds(oldestSeconds ?? 0)}` : '';
    parts.push(`${pending} wait to be sent${oldest}`);
  }
  return parts.join('; ');
}
