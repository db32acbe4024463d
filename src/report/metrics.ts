// Projects one cycle onto the metrics of the contract: names, units, values and dimensions, ready for CloudWatch.
import type { TrueTime } from '../core/clock.ts';
import type { ImdsRequest } from '../core/imds.ts';
import { LATENCY_METRIC, type Metric, metricTimestamp, type Unit } from '../core/metric.ts';
import { LOSS_METRIC, type OutboxDepth } from '../core/publishing.ts';
import type { Finding, Severity } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { NAME_LENGTHS, PUT_METRIC_DATA } from '../facts/cloudwatch.ts';
import { THROTTLED_STATUSES } from '../facts/imds.ts';

export { metricTimestamp } from '../core/metric.ts';

/** `--instance-metrics`: when the per-instance series are sent. */
export type InstanceMetrics = 'always' | 'when-unhealthy' | 'never';

export interface MetricsInput {
  /** With margins and ages by true time, as the cycle leaves them. */
  readonly snapshot: Snapshot;
  readonly findings: readonly Finding[];
  readonly trueTime: TrueTime;
  /** The cycle's start by the local clock, in epoch milliseconds. */
  readonly startedAtMs: number;
  /** `--fleet`, as the operator wrote it. */
  readonly fleet: string;
  readonly instanceId: string | null;
  /** Whether this cycle's per-instance series are sent: see `sendsInstanceSeries`. */
  readonly instanceSeries: boolean;
  /** The outbox before this cycle's metrics are put into it. */
  readonly outbox: OutboxDepth;
}

/** The metrics that are sent a second time with `InstanceId`. */
export const INSTANCE_SERIES: ReadonlySet<string> = new Set([
  'CredentialExpiryMargin',
  'Heartbeat',
  'CriticalFindings',
  'WarningFindings',
]);

/**
 * Whether the per-instance series are due, so that a fleet's price stays flat and a sick instance can still be found.
 *
 * @param attention whether anything on this instance is critical, or a warning is less than an hour old
 */
export function sendsInstanceSeries(mode: InstanceMetrics, attention: boolean): boolean {
  return mode === 'always' || (mode === 'when-unhealthy' && attention);
}

/**
 * The metrics of one cycle, in the order of the contract; what was not measured is absent. Never throws, and every
 * value is a finite number from 0 up: CloudWatch has no percentiles for a series with a negative value in it.
 */
export function metricsOf(input: MetricsInput): readonly Metric[] {
  const fleet = { Fleet: dimensionValue(input.fleet) };
  const metrics = [
    ...credentialMetrics(input.snapshot),
    ...imdsMetrics(input.snapshot),
    ...linkLocalMetrics(input.snapshot),
    ...clockMetrics(input),
    ...findingMetrics(input.findings),
    single('Heartbeat', 'Count', 1),
    ...outboxMetrics(input),
  ].map((metric) => ({ ...metric, dimensions: fleet }));
  if (!input.instanceSeries || input.instanceId === null) return metrics;
  const dimensions = { ...fleet, InstanceId: dimensionValue(input.instanceId) };
  const repeated = metrics.filter((metric) => INSTANCE_SERIES.has(metric.name));
  return [...metrics, ...repeated.map((metric) => ({ ...metric, dimensions }))];
}

/** Text as CloudWatch takes it for a dimension's value: printable ASCII, not blank, bounded. */
export function dimensionValue(text: string): string {
  const clean = text
    .slice(0, NAME_LENGTHS.dimensionValue)
    .replace(/[^\x20-\x7e]/g, '_')
    .trim();
  return clean === '' ? 'unknown' : clean;
}

type Bare = Omit<Metric, 'dimensions'>;

/** Not finite means not measured; below zero is floored. */
function atLeastZero(name: string, unit: Unit, value: number | null): readonly Bare[] {
  return value === null || !Number.isFinite(value) ? [] : [single(name, unit, Math.max(0, value))];
}

function single(name: string, unit: Unit, value: number): Bare {
  return { name, unit, values: [value], counts: [1] };
}

function credentialMetrics(snapshot: Snapshot): readonly Bare[] {
  const role = snapshot['instance-role'];
  if (role?.ok !== true) return [];
  return [
    ...atLeastZero('CredentialExpiryMargin', 'Seconds', role.value.marginSeconds),
    ...atLeastZero('CredentialAge', 'Seconds', role.value.ageSeconds),
  ];
}

function imdsMetrics(snapshot: Snapshot): readonly Bare[] {
  const traffic = snapshot['imds-traffic'];
  if (traffic?.ok !== true) return [];
  // What went through a proxy on purpose tells about the proxy.
  const requests = traffic.value.requests.filter((request) => request.purpose !== 'proxied');
  const throttled = requests.filter(isThrottled).length;
  return [
    single('ImdsRequests', 'Count', requests.length),
    single('ImdsThrottled', 'Count', throttled),
    single('ImdsErrors', 'Count', requests.filter(isError).length),
    ...latency(requests.map((request) => request.tookMs)),
  ];
}

/** Nothing is known of growth where nothing counts, nor after the first look. */
function linkLocalMetrics(snapshot: Snapshot): readonly Bare[] {
  const drops = snapshot['link-local'];
  return drops?.ok ? atLeastZero('LinkLocalDropped', 'Count', drops.value.growth) : [];
}

function isThrottled(request: ImdsRequest): boolean {
  return request.status !== null && THROTTLED_STATUSES.includes(request.status);
}

/** A 404 is how IMDS says that no role is attached, and a 401 is the good answer to a request without a token. */
function isError(request: ImdsRequest): boolean {
  const { purpose, status, failure } = request;
  if (isThrottled(request)) return false;
  if (status === 404 && (purpose === 'role' || purpose === 'instance-profile')) return false;
  if (status === 401 && purpose === 'tokenless') return false;
  return failure !== null || status === null || status < 200 || status > 299;
}

/**
 * Times as values and counts. Three significant digits tell all that matters; where even so there are more different
 * values than CloudWatch takes in one datum, fewer digits do.
 */
function latency(timesMs: readonly number[]): readonly Bare[] {
  // To the microsecond: what is below it is the clock's noise, and would have decades of its own.
  const times = timesMs
    .filter((time) => Number.isFinite(time) && time >= 0)
    .map((time) => Math.round(time * 1000) / 1000);
  if (times.length === 0) return [];
  let digits = 3;
  let counted = histogram(times, digits);
  while (counted.size > PUT_METRIC_DATA.valuesPerDatum && digits > 1) counted = histogram(times, --digits);
  const values = [...counted.keys()].sort((a, b) => a - b);
  return [
    {
      name: LATENCY_METRIC,
      unit: 'Milliseconds',
      values,
      counts: values.map((value) => counted.get(value) ?? 0),
    },
  ];
}

function histogram(times: readonly number[], digits: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const time of times) {
    const value = Number(time.toPrecision(digits));
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

/** A time server tells the offset; without one, `Date` headers do as soon as they show that the clock is off. */
function clockMetrics(input: MetricsInput): readonly Bare[] {
  const measured = input.snapshot['clock-offset'];
  const offsetMs = measured?.ok
    ? measured.value.offsetMs
    : input.trueTime.source === 'local'
      ? null
      : input.trueTime.correctionMs;
  if (offsetMs === null) return [];
  return atLeastZero('ClockOffset', 'Milliseconds', Math.round(Math.abs(offsetMs) * 1000) / 1000);
}

function findingMetrics(findings: readonly Finding[]): readonly Bare[] {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return [
    single('CriticalFindings', 'Count', count('critical')),
    single('WarningFindings', 'Count', count('warning')),
  ];
}

function outboxMetrics(input: MetricsInput): readonly Bare[] {
  const { oldestTimestamp, dropped } = input.outbox;
  const now = metricTimestamp(input.startedAtMs, input.trueTime);
  return [
    ...atLeastZero('OutboxAge', 'Seconds', oldestTimestamp === null ? 0 : now - oldestTimestamp),
    ...atLeastZero(LOSS_METRIC, 'Count', dropped),
  ];
}
