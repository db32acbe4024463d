// Shows a recording: for people, as CSV and as JSON. Pure.
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { CycleSummary, History } from '../core/history.ts';
import {
  greatest,
  least,
  type Measured,
  median,
  numbers,
  type Rotation,
  rotationsOf,
  type Slice,
  type Span,
  slicesOf,
  spansOf,
} from './history-view.ts';
import { visibleJson } from './json.ts';
import { grid } from './layout.ts';
import { type Pen, penFor, type TextStyle } from './pen.ts';
import { counted, spokenInstant } from './seen.ts';

/** One number of a cycle, as it is shown. */
interface Series {
  readonly title: string;
  readonly name: Measured;
  spoken(value: number): string;
  /** What a slice shows of it. */
  of(slice: Slice): number | null;
}

/** What rounds to nothing has no sign. */
const signedMs = (ms: number): string => `${ms <= -0.005 ? '-' : ''}${spokenMs(ms)}`;
const signedSeconds = (seconds: number): string => `${seconds < 0 ? '-' : ''}${spokenSeconds(seconds)}`;

const SERIES: readonly Series[] = [
  { title: 'Margin', name: 'marginSeconds', spoken: signedSeconds, of: (slice) => slice.leastMargin },
  { title: 'Age', name: 'ageSeconds', spoken: signedSeconds, of: (slice) => slice.greatestAge },
  { title: 'Offset', name: 'offsetMs', spoken: signedMs, of: (slice) => slice.furthestOffset },
  { title: 'Latency', name: 'latencyMs', spoken: spokenMs, of: (slice) => slice.medianLatency },
  { title: 'Throttled', name: 'throttled', spoken: String, of: (slice) => slice.throttled },
];

/** Most findings and rotations that are shown, the latest; JSON has all. */
const MOST_ROWS = 50;

/** A recording whose last cycle is older than this many cycles of its own is one that has stopped. */
const LATE_CYCLES = 5;

/** For people. All times are UTC. */
export function renderHistory(history: History, style: TextStyle): string {
  const pen = penFor(style);
  const { cycles } = history;
  const spans = spansOf(history);
  const rotations = rotationsOf(cycles);
  const lines = [...heading(history, spans, rotations, pen), ''];
  if (cycles.length === 0) return `${lines.join('\n')}\n`;
  const slices = slicesOf(history);
  lines.push(...seriesTable(cycles, slices, pen, style), '', ...sliceTable(slices, pen));
  lines.push('', ...findingsTable(spans, pen), '', ...rotationsTable(rotations, pen));
  return `${lines.join('\n')}\n`;
}

function heading(
  { from, to, cycles, instance, pending, oldestPending }: History,
  spans: readonly Span[],
  rotations: readonly Rotation[],
  pen: Pen,
): string[] {
  const known = [instance?.region, instance?.roleName == null ? null : `role ${instance.roleName}`];
  const where = known.filter((part) => part != null).join(', ');
  const who = `${instance?.instanceId ?? 'an unknown instance'}${where === '' ? '' : ` (${where})`}`;
  const counts = [
    counted(cycles.length, 'cycle'),
    counted(spans.length, 'finding'),
    counted(rotations.length, 'rotation'),
  ];
  // A copy of a recording without a cycle has no end to count back from.
  if (to === 0) return [pen.text('Nothing was recorded yet.')];
  const lines = [
    pen.strong(pen.text(`History of ${who}`)),
    pen.text(`${minute(from)} to ${minute(to)} UTC: ${counts.join(', ')}`),
  ];
  const late = lateText(cycles, to);
  if (late !== null) lines.push(pen.status.warning(pen.text(late)));
  if (pending > 0 && oldestPending !== null) {
    const age = spokenSeconds(Math.max(0, to - oldestPending));
    lines.push(pen.text(`${counted(pending, 'metric')} not yet taken by CloudWatch, the oldest ${age} old`));
  }
  return lines;
}

/** Not having looked is not health: a recording that stopped says so first. */
function lateText(cycles: readonly CycleSummary[], to: number): string | null {
  const last = cycles.at(-1);
  if (last === undefined) return 'Nothing was recorded in this time: is the agent running?';
  const gaps = cycles.slice(1).map(({ at }, index) => at - (cycles[index]?.at ?? at));
  const usual = Math.max(1, median(gaps) ?? 60);
  const late = to - last.at;
  return late <= LATE_CYCLES * usual
    ? null
    : `The last cycle was ${spokenSeconds(late)} ago: is the agent running?`;
}

function seriesTable(
  cycles: readonly CycleSummary[],
  slices: readonly Slice[],
  pen: Pen,
  style: TextStyle,
): string[] {
  const rows = SERIES.map(({ title, name, spoken, of }) => {
    const values = numbers(cycles, name);
    const shown = (value: number | null | undefined): string => (value == null ? '-' : spoken(value));
    return [
      title,
      shown(least(values)),
      shown(median(values)),
      shown(greatest(values)),
      shown(cycles.at(-1)?.[name]),
      sparkline(slices.map(of), style.unicode),
    ];
  });
  return gridOf(['', 'lowest', 'median', 'highest', 'latest', 'over time'], rows, pen);
}

function sliceTable(slices: readonly Slice[], pen: Pen): string[] {
  const short = (slices[1]?.at ?? 0) - (slices[0]?.at ?? 0) < 60;
  const rows = ranIn(slices).map((slice) => [
    instant(slice.at).slice(short ? 8 : 5, short ? 19 : 16),
    slice.status ?? 'not running',
    ...SERIES.map(({ of, spoken }) => {
      const value = of(slice);
      return value === null ? '-' : brief(spoken(value));
    }),
  ]);
  return gridOf(['from (UTC)', 'worst', ...SERIES.map(({ title }) => title.toLowerCase())], rows, pen);
}

/** `5h56m` for `5 h 56 min`: columns have to fit. */
const brief = (spoken: string): string => spoken.replace('min', 'm').replaceAll(' ', '');

/** Of slices without a cycle that follow each other, the first. */
const ranIn = (slices: readonly Slice[]): readonly Slice[] =>
  slices.filter((slice, index) => slice.cycles > 0 || slices[index - 1]?.cycles !== 0);

function findingsTable(spans: readonly Span[], pen: Pen): string[] {
  if (spans.length === 0) return ['No finding began or ended.'];
  const rows = spans
    .slice(-MOST_ROWS)
    .map(({ id, severity, raised, cleared }) => [
      raised === null ? 'before' : instant(raised).slice(0, 19),
      cleared === null ? 'stands' : instant(cleared).slice(0, 19),
      raised === null || cleared === null ? '' : spokenSeconds(cleared - raised),
      severity,
      pen.text(id),
    ]);
  const shown = gridOf(['raised (UTC)', 'cleared', 'lasted', 'severity', 'finding'], rows, pen);
  return [...shown, ...leftOut(spans, pen)];
}

function rotationsTable(rotations: readonly Rotation[], pen: Pen): string[] {
  if (rotations.length === 0) return ['No rotation of the credentials was seen.'];
  const rows = rotations
    .slice(-MOST_ROWS)
    .map(({ at, from, to, leadSeconds, unseenCycles }) => [
      instant(at).slice(0, 19),
      leadText(leadSeconds),
      pen.text(`${from} → ${to}`),
      unseenCycles === 0 ? '' : `unseen for ${counted(unseenCycles, 'cycle')} before`,
    ]);
  const shown = gridOf(['rotated (UTC)', 'lead time', 'access key', ''], rows, pen);
  return [...shown, ...leftOut(rotations, pen)];
}

const leftOut = ({ length }: readonly unknown[], pen: Pen): string[] =>
  length <= MOST_ROWS ? [] : [pen.faint(`and ${length - MOST_ROWS} before (--format json shows all)`)];

const leadText = (seconds: number | null): string =>
  seconds === null ? 'unknown' : seconds < 0 ? `${spokenSeconds(seconds)} late` : spokenSeconds(seconds);

const gridOf = (titles: readonly string[], rows: readonly (readonly string[])[], pen: Pen): string[] =>
  grid(titles, rows, {
    indent: 0,
    width: pen.width,
    heading: pen.faint,
    ellipsis: pen.text('…'),
  }).map((line) => line.trimEnd());

/** `2026-11-23 11:59:00 UTC` */
const instant = (epochSeconds: number): string => spokenInstant(isoOf(epochSeconds));

const minute = (epochSeconds: number): string => instant(epochSeconds).slice(0, 16);

/** A time beyond what a calendar has, from a damaged file, is the last that it has. */
const isoOf = (epochSeconds: number): string =>
  new Date(Math.min(Math.max(epochSeconds, -62_135_596_800), 253_402_300_799) * 1000).toISOString();

const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '.:-=+*%#';

/** One character a slice between the lowest and the highest; a blank where nothing was measured. */
export function sparkline(values: readonly (number | null)[], unicode: boolean): string {
  const levels = unicode ? BLOCKS : ASCII_BLOCKS;
  const known = values.filter((value) => value !== null);
  const low = least(known) ?? 0;
  const span = (greatest(known) ?? 0) - low;
  return values
    .map((value) => {
      if (value === null) return ' ';
      const share = span === 0 ? 0 : (value - low) / span;
      return levels[Math.min(levels.length - 1, Math.floor(share * levels.length))] ?? ' ';
    })
    .join('');
}

/** Columns of the CSV, in their order; times are ISO 8601 in UTC. */
const COLUMNS: readonly (readonly [string, (cycle: CycleSummary) => string | number | null])[] = [
  ['time', ({ at }) => isoOf(at)],
  ['status', ({ status }) => status],
  ['took_ms', ({ tookMs }) => tookMs],
  ['margin_seconds', ({ marginSeconds }) => marginSeconds],
  ['age_seconds', ({ ageSeconds }) => ageSeconds],
  ['offset_ms', ({ offsetMs }) => offsetMs],
  ['latency_ms', ({ latencyMs }) => latencyMs],
  ['slowest_ms', ({ slowestMs }) => slowestMs],
  ['requests', ({ requests }) => requests],
  ['throttled', ({ throttled }) => throttled],
  ['errors', ({ errors }) => errors],
  ['role', ({ roleName }) => roleName],
  ['access_key', ({ accessKeyId }) => accessKeyId],
  ['expiration', ({ expiration }) => (expiration === null ? null : isoOf(expiration))],
];

/** One line a cycle, with a heading (RFC 4180, with line feeds); what was not measured is empty. */
export function renderHistoryCsv({ cycles }: History): string {
  const lines = cycles.map((cycle) => COLUMNS.map(([, of]) => csvField(of(cycle))).join(','));
  return [COLUMNS.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

function csvField(value: string | number | null): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** For scripts: exactly one object, a line break at the end. */
export function renderHistoryJson(history: History): string {
  const { from, to, instance, cycles, events, pending, oldestPending } = history;
  const time = (seconds: number | null): string | null => (seconds === null ? null : isoOf(seconds));
  return `${visibleJson({
    schema: 'imds-probe/history/v1',
    from: isoOf(from),
    to: isoOf(to),
    instance,
    outbox: { pending, oldest: time(oldestPending) },
    cycles: cycles.map(({ at, expiration, ...cycle }) => ({
      at: isoOf(at),
      ...cycle,
      expiration: time(expiration),
    })),
    events: events.map(({ at, ...event }) => ({ at: isoOf(at), ...event })),
    findings: spansOf(history).map((span) => ({
      ...span,
      raised: time(span.raised),
      cleared: time(span.cleared),
    })),
    rotations: rotationsOf(cycles).map(({ at, ...rotation }) => ({ at: isoOf(at), ...rotation })),
  })}\n`;
}
