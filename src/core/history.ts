// What the flight recorder keeps of every cycle, for people who come later.
import type { Metric } from './metric.ts';
import type { Outbox } from './publishing.ts';
import type { Instance, Severity, Status } from './report.ts';

/** One finished cycle in numbers; null is what was not measured. */
export interface CycleSummary {
  /** The cycle's start by true time, in epoch seconds. */
  readonly at: number;
  readonly status: Status;
  readonly tookMs: number;
  readonly marginSeconds: number | null;
  readonly ageSeconds: number | null;
  /** True time minus local clock. */
  readonly offsetMs: number | null;
  /** Median and longest time of a metadata request. */
  readonly latencyMs: number | null;
  readonly slowestMs: number | null;
  /** Metadata requests: all, those answered 429 or 503, and those that failed otherwise. */
  readonly requests: number | null;
  readonly throttled: number | null;
  readonly errors: number | null;
  readonly roleName: string | null;
  /** First and last four characters. */
  readonly accessKeyId: string | null;
  /** When the credentials served in this cycle expire, in epoch seconds. */
  readonly expiration: number | null;
}

/** A finding that began, changed its severity or ended with a cycle. */
export interface FindingEvent {
  /** The cycle's start by true time, in epoch seconds. */
  readonly at: number;
  readonly what: 'raised' | 'changed' | 'cleared';
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly cause: string;
}

/** Everything of one cycle that is kept; it is kept together or not at all. */
export interface CycleRecord {
  /** Of the metrics, in whole epoch seconds. */
  readonly timestamp: number;
  readonly metrics: readonly Metric[];
  readonly summary: CycleSummary;
  readonly events: readonly FindingEvent[];
  readonly instance: Instance;
}

/** Which part of a recording is asked for. */
export interface Period {
  readonly seconds: number;
  /** Its end in epoch seconds; null is the last cycle that was recorded. */
  readonly end: number | null;
}

/** A part of a recording, in the order it was recorded. */
export interface History {
  /** The period, in epoch seconds. */
  readonly from: number;
  readonly to: number;
  readonly instance: Instance | null;
  readonly cycles: readonly CycleSummary[];
  readonly events: readonly FindingEvent[];
  /** Metrics that CloudWatch has not accepted yet, and the epoch seconds of the oldest. */
  readonly pending: number;
  readonly oldestPending: number | null;
}

/** Keeps what the agent measures and finds. Never throws, and loses nothing but by a kill while its disk refuses. */
export interface FlightRecorder {
  /** The metrics that CloudWatch has not accepted yet. */
  readonly outbox: Outbox;
  /** Keeps a cycle and its metrics: together, or not at all. */
  record(cycle: CycleRecord): void;
  /** Writes what is left, and lets the next agent take over. */
  close(): void;
}

/** Why there is no history to read. */
export type HistoryTrouble =
  | 'absent'
  | 'permission'
  | 'foreign'
  | 'newer'
  | 'damaged'
  | 'unsupported'
  | 'failing';

export type HistoryRead =
  | { readonly ok: true; readonly history: History }
  | { readonly ok: false; readonly trouble: HistoryTrouble; readonly detail: string };
