// Builds metrics on their way to CloudWatch for tests.
import type { Datum } from '../../src/core/publishing.ts';
import type { Metric } from '../../src/core/report.ts';

export const aMetric = (changes: Partial<Metric> = {}): Metric => ({
  name: 'Heartbeat',
  unit: 'Count',
  values: [1],
  counts: [1],
  dimensions: { Fleet: 'test' },
  ...changes,
});

export const aDatum = (id: number, timestamp: number, changes: Partial<Metric> = {}): Datum => ({
  id,
  timestamp,
  metric: aMetric(changes),
});
