// Cuts metrics into requests that CloudWatch takes: within its limits, nothing it would refuse, newest first.
import { LATENCY_METRIC } from '../../core/metric.ts';
import type { Datum } from '../../core/publishing.ts';
import type { Metric } from '../../core/report.ts';
import { isCloudWatchName, isCloudWatchText, NAME_LENGTHS, PUT_METRIC_DATA } from '../../facts/cloudwatch.ts';

/** One MetricDatum of the API (API reference, MetricDatum). */
export interface MetricDatum {
  readonly MetricName: string;
  readonly Dimensions: { readonly Name: string; readonly Value: string }[];
  readonly Timestamp: Date;
  readonly Unit: Metric['unit'];
  readonly Value?: number;
  readonly Values?: number[];
  readonly Counts?: number[];
}

export interface Batches {
  /** Each fits one request; the first has the newest data. A datum is never spread over two requests. */
  readonly batches: readonly (readonly Datum[])[];
  /** What CloudWatch would never take, and why. */
  readonly unsendable: readonly { readonly datum: Datum; readonly why: string }[];
}

/** Bytes of a request beside its data: namespace, brackets, and what the SDK may add. */
const ENVELOPE_BYTES = 2_048;

/**
 * Sorts data, newest first, into requests.
 *
 * @param nowSeconds true time in epoch seconds: too old and too far ahead are judged by it, or by CloudWatch where it
 *   is null
 */
export function batchesOf(data: readonly Datum[], nowSeconds: number | null): Batches {
  const batches: Datum[][] = [];
  const unsendable: { datum: Datum; why: string }[] = [];
  let batch: Datum[] = [];
  let count = 0;
  let bytes = 0;
  for (const datum of [...data].sort((a, b) => b.id - a.id)) {
    const why = whyUnsendable(datum, nowSeconds);
    if (why !== null) {
      unsendable.push({ datum, why });
      continue;
    }
    const wire = metricData([datum]);
    const size = JSON.stringify(wire).length;
    if (
      wire.length > PUT_METRIC_DATA.dataPerRequest ||
      size > PUT_METRIC_DATA.bytesPerRequest - ENVELOPE_BYTES
    ) {
      unsendable.push({ datum, why: 'it is too large for one request' });
      continue;
    }
    const full =
      count + wire.length > PUT_METRIC_DATA.dataPerRequest ||
      bytes + size > PUT_METRIC_DATA.bytesPerRequest - ENVELOPE_BYTES;
    if (full) {
      batches.push(batch);
      batch = [];
      count = 0;
      bytes = 0;
    }
    batch.push(datum);
    count += wire.length;
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return { batches, unsendable };
}

/** Data as the API takes them; more different values than fit one MetricDatum become several. */
export function metricData(data: readonly Datum[]): readonly MetricDatum[] {
  return data.flatMap(({ timestamp, metric }): MetricDatum[] => {
    const common = {
      MetricName: metric.name,
      Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
      Timestamp: new Date(timestamp * 1000),
      Unit: metric.unit,
    };
    const [value] = metric.values;
    const single = metric.values.length === 1 && metric.counts[0] === 1 && metric.name !== LATENCY_METRIC;
    if (single && value !== undefined) {
      return [{ ...common, Value: value }];
    }
    const parts = Math.ceil(metric.values.length / PUT_METRIC_DATA.valuesPerDatum);
    return Array.from({ length: parts }, (_, part) => {
      const from = part * PUT_METRIC_DATA.valuesPerDatum;
      const to = from + PUT_METRIC_DATA.valuesPerDatum;
      return { ...common, Values: metric.values.slice(from, to), Counts: metric.counts.slice(from, to) };
    });
  });
}

/** Which documented limit a datum breaks, or null. */
function whyUnsendable({ timestamp, metric }: Datum, nowSeconds: number | null): string | null {
  const { oldestSeconds, newestSeconds } = PUT_METRIC_DATA;
  if (!Number.isSafeInteger(timestamp)) return 'its timestamp is no whole number of seconds';
  if (nowSeconds !== null && timestamp < nowSeconds - oldestSeconds) return 'it is older than two weeks';
  if (nowSeconds !== null && timestamp > nowSeconds + newestSeconds)
    return 'its timestamp is more than two hours ahead';
  if (!isCloudWatchName(metric.name, NAME_LENGTHS.metricName)) return 'its name is not one CloudWatch takes';
  return whyValues(metric) ?? whyDimensions(metric);
}

function whyValues({ values, counts }: Metric): string | null {
  if (values.length === 0 || values.length !== counts.length) return 'its values and counts do not match';
  if (values.some((value) => !(Math.abs(value) <= PUT_METRIC_DATA.valueMagnitude))) {
    return 'a value of it is not a number that CloudWatch takes';
  }
  return counts.every((count) => count > 0 && Number.isFinite(count))
    ? null
    : 'a count of it is not positive';
}

function whyDimensions({ dimensions }: Metric): string | null {
  const entries = Object.entries(dimensions);
  if (entries.length > PUT_METRIC_DATA.dimensionsPerDatum) return 'it has too many dimensions';
  const fit = entries.every(
    ([name, value]) =>
      isCloudWatchName(name, NAME_LENGTHS.dimensionName) &&
      isCloudWatchText(value, NAME_LENGTHS.dimensionValue),
  );
  return fit ? null : 'a dimension of it is not one CloudWatch takes';
}
