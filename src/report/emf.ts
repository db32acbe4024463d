// One cycle's metrics in CloudWatch's embedded metric format, for agents that ship logs. Pure.
import { metricTimestamp } from '../core/metric.ts';
import type { Metric, Report } from '../core/report.ts';
import { trueTime } from '../core/true-time.ts';

/**
 * CloudWatch User Guide, "Specification: Embedded metric format": at most 100 values in a target member, 100 metrics in
 * a directive and 30 keys in a dimension set.
 */
const MAX_VALUES = 100;
const MAX_METRICS = 100;

/**
 * One JSON object on one line, its line break included; empty where nothing was measured. Metrics that are sent for
 * the instance as well stand once, and are named by a second directive.
 */
export function renderEmf(report: Report, namespace: string): string {
  const directives = new Map<string, Metric[]>();
  for (const metric of report.metrics) {
    const set = JSON.stringify(Object.keys(metric.dimensions));
    directives.set(set, [...(directives.get(set) ?? []), metric]);
  }
  if (directives.size === 0) return '';
  const targets = report.metrics.flatMap((metric) => [
    ...Object.entries(metric.dimensions),
    [metric.name, valuesOf(metric)] as const,
  ]);
  return `${JSON.stringify({
    _aws: {
      Timestamp: metricTimestamp(Date.parse(report.startedAt), trueTime(report.observations)) * 1000,
      CloudWatchMetrics: [...directives].map(([set, metrics]) => ({
        Namespace: namespace,
        Dimensions: [JSON.parse(set)],
        Metrics: metrics.slice(0, MAX_METRICS).map(({ name, unit }) => ({ Name: name, Unit: unit })),
      })),
    },
    ...Object.fromEntries(targets),
  })}\n`;
}

/** A number, or each value as often as it occurred; of too many, as many spread evenly, the least and the greatest too. */
function valuesOf({ values, counts }: Metric): number | readonly number[] {
  const [only] = values;
  if (values.length === 1 && counts[0] === 1 && only !== undefined) return only;
  const starts: number[] = [];
  const total = counts.reduce((sum, count) => {
    starts.push(sum);
    return sum + count;
  }, 0);
  const valueAt = (rank: number): number => values[starts.findLastIndex((start) => start <= rank)] ?? 0;
  const shown = Math.min(total, MAX_VALUES);
  const step = shown > 1 ? (total - 1) / (shown - 1) : 0;
  return Array.from({ length: shown }, (_, index) => valueAt(Math.round(index * step)));
}
