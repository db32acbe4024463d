// What a recording tells: time slices, credentials that were rotated, and how long findings stood. Pure.
import type { CycleSummary, FindingEvent, History } from '../core/history.ts';
import type { Severity, Status } from '../core/report.ts';

/** A slice of the period. Of each number the one that tells most about trouble; null where nothing was measured. */
export interface Slice {
  /** Its start, in epoch seconds. */
  readonly at: number;
  readonly cycles: number;
  /** The worst; null where the agent did not run. */
  readonly status: Status | null;
  readonly leastMargin: number | null;
  readonly greatestAge: number | null;
  /** The one furthest from 0, with its sign. */
  readonly furthestOffset: number | null;
  readonly medianLatency: number | null;
  readonly throttled: number | null;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Lengths that people think in; the last one is repeated for what is longer. */
const STEPS = [
  1,
  5,
  15,
  30,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
].concat([2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY]);

/** Most slices, so that they fit on a screen. */
const MOST_SLICES = 24;

/** Cuts the period at round times of UTC; it begins with the first cycle where the recording is younger. */
export function slicesOf({ cycles, from, to }: History): readonly Slice[] {
  const first = cycles.reduce((least, { at }) => Math.min(least, at), to);
  const start = Math.max(from, first);
  const step = stepFor(to - start);
  const slices: Slice[] = [];
  const byStart = new Map<number, CycleSummary[]>();
  for (const cycle of cycles) {
    const at = Math.floor(cycle.at / step) * step;
    const members = byStart.get(at);
    if (members === undefined) byStart.set(at, [cycle]);
    else members.push(cycle);
  }
  for (let at = Math.floor(start / step) * step; at <= to; at += step) {
    const members = byStart.get(at) ?? [];
    // Of the last slice too little may have passed for a cycle.
    if (members.length > 0 || at + step <= to) slices.push(sliceOf(at, members));
  }
  return slices;
}

function stepFor(seconds: number): number {
  const known = STEPS.find((step) => seconds / step <= MOST_SLICES - 1);
  return known ?? Math.ceil(seconds / (MOST_SLICES - 1) / (7 * DAY)) * 7 * DAY;
}

const WORST_FIRST: readonly Status[] = ['critical', 'unknown', 'warning', 'ok'];

function sliceOf(at: number, cycles: readonly CycleSummary[]): Slice {
  const offsets = numbers(cycles, 'offsetMs').sort((a, b) => Math.abs(b) - Math.abs(a));
  return {
    at,
    cycles: cycles.length,
    status: WORST_FIRST.find((status) => cycles.some((cycle) => cycle.status === status)) ?? null,
    leastMargin: least(numbers(cycles, 'marginSeconds')),
    greatestAge: greatest(numbers(cycles, 'ageSeconds')),
    furthestOffset: offsets[0] ?? null,
    medianLatency: median(numbers(cycles, 'latencyMs')),
    throttled: sum(numbers(cycles, 'throttled')),
  };
}

export type Measured = 'marginSeconds' | 'ageSeconds' | 'offsetMs' | 'latencyMs' | 'throttled';

/** What was measured of one number, in the order of time. */
export const numbers = (cycles: readonly CycleSummary[], name: Measured): number[] =>
  cycles.map((cycle) => cycle[name]).filter((value) => value !== null);

// By loops: a recording has more cycles than a call takes arguments.
export const least = (values: readonly number[]): number | null =>
  values.reduce<number | null>((found, value) => (found === null || value < found ? value : found), null);
export const greatest = (values: readonly number[]): number | null =>
  values.reduce<number | null>((found, value) => (found === null || value > found ? value : found), null);
export const sum = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((total, value) => total + value, 0);

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

/** New credentials, as a cycle saw them for the first time. */
export interface Rotation {
  /** Epoch seconds. */
  readonly at: number;
  readonly from: string;
  readonly to: string;
  /** How long the old ones would have been good for; negative where they had expired already. */
  readonly leadSeconds: number | null;
  /** Cycles before it in which no credentials were seen, so it may have been earlier. */
  readonly unseenCycles: number;
}

export function rotationsOf(cycles: readonly CycleSummary[]): readonly Rotation[] {
  const rotations: Rotation[] = [];
  let before: CycleSummary | null = null;
  let unseenCycles = 0;
  for (const cycle of cycles) {
    const to = cycle.accessKeyId;
    if (to === null) {
      unseenCycles += 1;
      continue;
    }
    const from = before?.accessKeyId ?? null;
    if (before !== null && from !== null && isRotated(before, cycle)) {
      const leadSeconds = before.expiration === null ? null : before.expiration - cycle.at;
      rotations.push({ at: cycle.at, from, to, leadSeconds, unseenCycles });
    }
    before = cycle;
    unseenCycles = 0;
  }
  return rotations;
}

/** Keys are shown by eight characters only, so two of them can look alike: then the expiration tells. */
const isRotated = (before: CycleSummary, after: CycleSummary): boolean =>
  before.accessKeyId !== after.accessKeyId || before.expiration !== after.expiration;

/** A finding from its beginning to its end. */
export interface Span {
  readonly id: string;
  /** The worst it had. */
  readonly severity: Severity;
  readonly title: string;
  readonly cause: string;
  /** Epoch seconds; null where it began before the period, or ended after it. */
  readonly raised: number | null;
  readonly cleared: number | null;
}

/**
 * Puts the beginnings and ends together. An agent that is started again raises what still stands anew: that is one
 * span. It never tells of the end of what went away meanwhile; then a cycle whose status is too good does.
 */
export function spansOf({ events, cycles }: Pick<History, 'events' | 'cycles'>): readonly Span[] {
  const spans: Span[] = [];
  /** Of those that have not ended: where they are, and what was told of them last. */
  const open = new Map<string, { readonly position: number; readonly last: FindingEvent }>();
  for (const event of events) {
    const position = open.get(event.id)?.position ?? spans.length;
    const span = spans[position];
    spans[position] = span === undefined ? begun(event) : continued(span, event);
    if (event.what === 'cleared') open.delete(event.id);
    else open.set(event.id, { position, last: event });
  }
  for (const { position, last } of open.values()) {
    const span = spans[position];
    if (span !== undefined) spans[position] = { ...span, cleared: refutedAt(last, cycles) };
  }
  return spans;
}

const begun = ({ at, what, id, severity, title, cause }: FindingEvent): Span => ({
  id,
  severity,
  title,
  cause,
  raised: what === 'raised' ? at : null,
  cleared: what === 'cleared' ? at : null,
});

const continued = (span: Span, { at, what, severity }: FindingEvent): Span => ({
  ...span,
  severity: SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(span.severity) ? severity : span.severity,
  cleared: what === 'cleared' ? at : null,
});

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** Statuses that a cycle can't have while a finding of this severity stands. */
const REFUTING: Readonly<Record<Severity, readonly Status[]>> = {
  critical: ['ok', 'warning', 'unknown'],
  warning: ['ok'],
  info: [],
};

function refutedAt({ severity, at: last }: FindingEvent, cycles: readonly CycleSummary[]): number | null {
  const refuting = REFUTING[severity];
  return cycles.find(({ at, status }) => at > last && refuting.includes(status))?.at ?? null;
}
