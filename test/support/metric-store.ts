// CloudWatch's memory in virtual time: data points by minute, visible some time after they were sent.
import type { Metric } from '../../src/core/metric.ts';
import type { Lookup, MetricStat } from './alarm-evaluator.ts';

interface Bucket {
  sum: number;
  count: number;
  min: number;
  max: number;
}

interface Arrival {
  readonly visibleAt: number;
  readonly series: string;
  readonly minute: number;
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** Values of a statistic from what a period's points add up to; percentiles are not kept. */
const STATISTICS: Readonly<Record<string, (bucket: Bucket) => number>> = {
  Sum: ({ sum }) => sum,
  SampleCount: ({ count }) => count,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
};

const keyOf = (namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string =>
  `${namespace}|${name}|${Object.entries(dimensions)
    .map(([dimension, value]) => `${dimension}=${value}`)
    .sort()
    .join('|')}`;

/** Minutes kept per series: more than the longest alarm here looks back. */
const KEPT_MINUTES = 6 * 60;

export class MetricStore {
  readonly #series = new Map<string, Map<number, Bucket>>();
  readonly #keys = new WeakMap<MetricStat, string>();
  #coming: Arrival[] = [];

  /** Sends one datum. It counts for the whole minute of its timestamp (standard resolution), from `visibleAt` on. */
  put(
    namespace: string,
    metric: Pick<Metric, 'name' | 'dimensions' | 'values' | 'counts'>,
    timestamp: number,
    visibleAt: number,
  ): void {
    const { name, dimensions, values, counts } = metric;
    this.#coming.push({
      visibleAt,
      series: keyOf(namespace, name, dimensions),
      minute: Math.floor(timestamp / 60),
      values,
      counts,
    });
  }

  /** Makes visible what is due at this moment, in epoch seconds. */
  advance(nowSeconds: number): void {
    const due = this.#coming.filter(({ visibleAt }) => visibleAt <= nowSeconds);
    if (due.length === 0) return;
    this.#coming = this.#coming.filter(({ visibleAt }) => visibleAt > nowSeconds);
    for (const arrival of due) this.#add(arrival);
    const oldest = Math.floor(nowSeconds / 60) - KEPT_MINUTES;
    for (const minutes of this.#series.values()) {
      for (const minute of minutes.keys()) {
        if (minute >= oldest) break;
        minutes.delete(minute);
      }
    }
  }

  #add({ series, minute, values, counts }: Arrival): void {
    const minutes = this.#series.get(series) ?? new Map<number, Bucket>();
    this.#series.set(series, minutes);
    const bucket = minutes.get(minute) ?? { sum: 0, count: 0, min: Infinity, max: -Infinity };
    minutes.set(minute, bucket);
    for (const [index, value] of values.entries()) {
      const count = counts[index] ?? 1;
      bucket.sum += value * count;
      bucket.count += count;
      bucket.min = Math.min(bucket.min, value);
      bucket.max = Math.max(bucket.max, value);
    }
  }

  /** For the evaluator. Throws on a statistic that is not kept, so that no alarm goes unjudged. */
  readonly lookup: Lookup = (metric, from, to) => {
    let key = this.#keys.get(metric);
    if (key === undefined) {
      key = keyOf(metric.namespace, metric.name, metric.dimensions);
      this.#keys.set(metric, key);
    }
    const statistic = STATISTICS[metric.statistic];
    if (statistic === undefined) throw new Error(`the statistic ${metric.statistic} is not kept here`);
    const minutes = this.#series.get(key);
    if (minutes === undefined) return null;
    const all: Bucket = { sum: 0, count: 0, min: Infinity, max: -Infinity };
    for (let minute = Math.floor(from / 60); minute * 60 < to; minute++) {
      const bucket = minutes.get(minute);
      if (bucket === undefined) continue;
      all.sum += bucket.sum;
      all.count += bucket.count;
      all.min = Math.min(all.min, bucket.min);
      all.max = Math.max(all.max, bucket.max);
    }
    return all.count === 0 ? null : statistic(all);
  };

  /** Every series that was ever sent, for asking whether the alarms look at what is there. */
  names(): readonly string[] {
    return [...this.#series.keys()];
  }
}
