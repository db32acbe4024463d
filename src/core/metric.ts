// A number on its way to CloudWatch, Prometheus or a report.
import type { TrueTime } from './clock.ts';

export type Unit = 'Seconds' | 'Milliseconds' | 'Count';

/** Values with how often each occurred: a distribution in CloudWatch's form. */
export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  readonly counts: readonly number[];
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Tells each of several events: always values and counts, even where there was only one. */
export const LATENCY_METRIC = 'ImdsLatency';

/** The timestamp of a cycle's metrics: its start by true time, in whole epoch seconds. */
export function metricTimestamp(startedAtMs: number, trueTime: TrueTime): number {
  return Math.floor((startedAtMs + trueTime.correctionMs) / 1000);
}
