// One cycle as data: verdicts, findings, metrics, and the report that holds them.
import type { Metric } from './metric.ts';
import type { Snapshot } from './snapshot.ts';

export type { Metric, Unit } from './metric.ts';

export type Severity = 'critical' | 'warning' | 'info';
export type Status = 'ok' | 'warning' | 'critical' | 'unknown';

/** Facts that back a finding: shown as they are, so every value is bounded and clean when it gets here. */
export type Evidence = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** One step that mends it. `command` is what to type: one line, complete; left out where none exists. */
export interface Fix {
  readonly text: string;
  readonly command?: string;
}

/** A failed verdict. `cause` is one or two sentences about this instance, in words an on-call engineer knows. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly cause: string;
  readonly evidence: Evidence;
  readonly fix: readonly Fix[];
  readonly reference: string;
}

export interface Verdict {
  readonly id: string;
  readonly status: 'pass' | 'fail' | 'unknown' | 'skipped';
  readonly because: string;
}

/** Who this instance is; null where unknown. */
export interface Instance {
  readonly instanceId: string | null;
  readonly region: string | null;
  readonly availabilityZone: string | null;
  readonly roleName: string | null;
  readonly accountId: string | null;
}

/** One cycle. `metrics` are those the cycle measured, whether or not they were sent. */
export interface Report {
  readonly schema: 'imds-probe/report/v1';
  readonly version: string;
  /** ISO 8601, UTC, by the local clock. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly instance: Instance;
  readonly status: Status;
  readonly observations: Snapshot;
  readonly verdicts: readonly Verdict[];
  readonly findings: readonly Finding[];
  readonly metrics: readonly Metric[];
}
