// How each metric of the contract is named and told: for Prometheus, and for the table in the documentation.
import type { Metric, Unit } from '../core/metric.ts';

/** One gauge made from a metric; milliseconds become seconds on the way. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  of(metric: Metric): number;
}

/** A metric of the contract, for people. */
export interface MetricMeaning {
  readonly name: string;
  readonly unit: Unit;
  readonly is: string;
}

export const METRIC_MEANINGS: readonly MetricMeaning[] = [
  {
    name: 'CredentialExpiryMargin',
    unit: 'Seconds',
    is: 'expiration of the role’s credentials minus true time, 0 once they have expired',
  },
  { name: 'CredentialAge', unit: 'Seconds', is: 'true time minus LastUpdated of the role’s credentials' },
  { name: 'ImdsRequests', unit: 'Count', is: 'requests sent to the metadata service in the cycle' },
  { name: 'ImdsThrottled', unit: 'Count', is: 'of these, answered 429 or 503' },
  { name: 'ImdsErrors', unit: 'Count', is: 'of these, all other failures' },
  { name: 'ImdsLatency', unit: 'Milliseconds', is: 'time each request took, as values and counts' },
  {
    name: 'LinkLocalDropped',
    unit: 'Count',
    is: 'growth since the last cycle of linklocal_allowance_exceeded: packets to link-local services dropped',
  },
  { name: 'ClockOffset', unit: 'Milliseconds', is: 'offset of the local clock, without a sign' },
  { name: 'CriticalFindings', unit: 'Count', is: 'critical findings of the cycle' },
  { name: 'WarningFindings', unit: 'Count', is: 'warnings of the cycle' },
  { name: 'Heartbeat', unit: 'Count', is: '1 a cycle: alarm on its absence' },
  { name: 'OutboxAge', unit: 'Seconds', is: 'age of the oldest metric CloudWatch has not yet accepted' },
  { name: 'OutboxDropped', unit: 'Count', is: 'metrics given up since this was last reported' },
];

const single = (metric: Metric): number => metric.values[0] ?? Number.NaN;
export const largest = (metric: Metric): number => Math.max(...metric.values, Number.NEGATIVE_INFINITY);

/** The middle value, each counted as often as it occurred. */
export function median(metric: Metric): number {
  const pairs = metric.values
    .map((value, index) => [value, metric.counts[index] ?? 1] as const)
    .sort(([a], [b]) => a - b);
  const half = pairs.reduce((sum, [, count]) => sum + count, 0) / 2;
  let passed = 0;
  for (const [value, count] of pairs) {
    passed += count;
    if (passed >= half) return value;
  }
  return Number.NaN;
}

const gauge = (name: string, help: string, of: Gauge['of'] = single): Gauge => ({
  name: `imds_probe_${name}`,
  help,
  of,
});

/** Gauges by the metric they are made from. */
export const METRIC_GAUGES: Readonly<Record<string, readonly Gauge[]>> = {
  CredentialExpiryMargin: [
    gauge(
      'credential_expiry_margin_seconds',
      'Time until the credentials of the role expire; 0 once they have.',
    ),
  ],
  CredentialAge: [
    gauge('credential_age_seconds', 'Time since the credentials of the role were last updated.'),
  ],
  ImdsRequests: [gauge('imds_requests', 'Requests sent to the metadata service in the last cycle.')],
  ImdsThrottled: [gauge('imds_requests_throttled', 'Requests answered 429 or 503 in the last cycle.')],
  ImdsErrors: [gauge('imds_requests_failed', 'Requests that failed otherwise in the last cycle.')],
  ImdsLatency: [
    gauge('imds_latency_median_seconds', 'Median time of a request to the metadata service.', median),
    gauge('imds_latency_max_seconds', 'Slowest request to the metadata service in the last cycle.', largest),
  ],
  LinkLocalDropped: [
    gauge('linklocal_dropped_packets', 'Packets to link-local services dropped since the cycle before.'),
  ],
  // Made from the observation, which has a sign.
  ClockOffset: [],
  CriticalFindings: [gauge('critical_findings', 'Critical findings of the last cycle.')],
  WarningFindings: [gauge('warning_findings', 'Warnings of the last cycle.')],
  Heartbeat: [gauge('heartbeat', 'Always 1: a cycle has finished.')],
  OutboxAge: [gauge('outbox_age_seconds', 'Age of the oldest metric CloudWatch has not yet accepted.')],
  OutboxDropped: [gauge('outbox_dropped_metrics', 'Metrics given up since this was last reported.')],
};
