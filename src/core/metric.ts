// A number on its way to CloudWatch, Prometheus or a report.

export type Unit = 'Seconds' | 'Milliseconds' | 'Count';

/** Values with how often each occurred: a distribution in CloudWatch's form. */
export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  readonly counts: readonly number[];
  readonly dimensions: Readonly<Record<string, string>>;
}
