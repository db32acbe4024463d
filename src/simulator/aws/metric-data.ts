// What CloudWatch's PutMetricData accepts: the documented limits, checked like the service does, with its own words.
import type { AwsError } from '../behaviour.ts';

/** One datum as it arrived. */
export interface ReceivedDatum {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly unit: string;
  readonly values: readonly number[];
  readonly counts: readonly number[];
  /** Sent instead of values; null where values were sent. */
  readonly statistics: Readonly<Record<(typeof STATISTICS)[number], number>> | null;
}

// Amazon CloudWatch API reference, PutMetricData, MetricDatum and Dimension; User Guide, "CloudWatch service quotas".
// Stated here once more and not taken from the facts: the box is the judge of what the program sends by those.
export const LIMITS = {
  bodyBytes: 1_048_576,
  data: 1000,
  values: 150,
  dimensions: 30,
  namespaceLength: 255,
  nameLength: 255,
  dimensionValueLength: 1024,
  magnitude: 2 ** 360,
  pastSeconds: 14 * 86_400,
  futureSeconds: 2 * 3600,
} as const;

const STATISTICS = ['SampleCount', 'Sum', 'Minimum', 'Maximum'] as const;
const SIZES = [
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
];
const UNITS = new Set(
  ['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'Count/Second', 'None'].concat(
    SIZES,
    SIZES.map((size) => `${size}/Second`),
  ),
);

/** Thrown by the checks below, caught by `readMetricData`. */
class Refusal extends Error {
  readonly error: AwsError;
  constructor(code: string, type: string, message: string) {
    super(message);
    this.error = { status: 400, code, type: `com.amazonaws.cloudwatch#${type}`, message };
  }
}

const invalid = (message: string): Refusal =>
  new Refusal('InvalidParameterValue', 'InvalidParameterValueException', message);
const missing = (parameter: string): Refusal =>
  new Refusal(
    'MissingParameter',
    'MissingRequiredParameterException',
    `The parameter ${parameter} is required.`,
  );
const both = (a: string, b: string): Refusal =>
  new Refusal(
    'InvalidParameterCombination',
    'InvalidParameterCombinationException',
    `The parameters ${a} and ${b} are mutually exclusive and you have specified both.`,
  );

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`The parameter ${at} is invalid.`);
  return value as Fields;
}

function list(value: unknown, at: string, limit: number): readonly unknown[] {
  if (value === undefined || value === null || value === '') return [];
  if (!Array.isArray(value)) throw invalid(`The parameter ${at} is invalid.`);
  if (value.length > limit) throw invalid(`The collection ${at} must not have a size greater than ${limit}.`);
  return value;
}

/** Text in printable ASCII with something in it, 1 to `limit` characters. */
function text(value: unknown, at: string, limit: number): string {
  if (value === undefined || value === null || value === '') throw missing(at);
  if (typeof value !== 'string') throw invalid(`The parameter ${at} is invalid.`);
  if (value.length > limit)
    throw invalid(`The parameter ${at} must be shorter than ${limit + 1} characters.`);
  if (!/^[\u0020-\u007e]+$/.test(value))
    throw invalid(`The parameter ${at} must contain only ASCII characters.`);
  if (value.trim() === '')
    throw invalid(`The parameter ${at} must contain at least one non-whitespace character.`);
  return value;
}

/** A finite double in range. Form fields are texts, and JSON spells NaN and the infinities as texts too. */
function double(value: unknown, at: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw invalid(
      `The value ${typeof value === 'object' ? 'given' : String(value)} for parameter ${at} is invalid.`,
    );
  }
  if (Math.abs(number) > LIMITS.magnitude)
    throw invalid(`The value ${number} for parameter ${at} is invalid.`);
  return number;
}

/** Seconds since the epoch, whatever the protocol made of a timestamp. */
function timestamp(value: unknown, at: string, nowSeconds: number): number {
  if (value === undefined || value === null) return nowSeconds;
  const seconds =
    value instanceof Date
      ? value.getTime() / 1000
      : typeof value === 'string'
        ? Date.parse(value) / 1000
        : typeof value === 'number'
          ? value
          : Number.NaN;
  if (Number.isNaN(seconds)) throw invalid(`The parameter ${at} is invalid.`);
  if (seconds < nowSeconds - LIMITS.pastSeconds) {
    throw invalid(`The parameter ${at} must specify a time within the past two weeks.`);
  }
  if (seconds > nowSeconds + LIMITS.futureSeconds) {
    throw invalid(`The parameter ${at} must specify a time no more than two hours in the future.`);
  }
  return seconds;
}

function dimensions(value: unknown, at: string): Record<string, string> {
  const found: Record<string, string> = {};
  const given = list(value, at, LIMITS.dimensions);
  given.forEach((entry, index) => {
    const here = `${at}.member.${index + 1}`;
    const dimension = fields(entry, here);
    const name = text(dimension['Name'], `${here}.Name`, LIMITS.nameLength);
    if (name.startsWith(':')) throw invalid(`The parameter ${here}.Name must not begin with a colon.`);
    if (Object.hasOwn(found, name)) throw invalid(`No Metric may specify the same dimension name twice.`);
    Object.defineProperty(found, name, {
      value: text(dimension['Value'], `${here}.Value`, LIMITS.dimensionValueLength),
      enumerable: true,
    });
  });
  return found;
}

type Sample = Pick<ReceivedDatum, 'values' | 'counts' | 'statistics'>;

function distribution(datum: Fields, at: string): Sample {
  const numbers = (name: string): number[] =>
    list(datum[name], `${at}.${name}`, LIMITS.values).map((one, i) =>
      double(one, `${at}.${name}.member.${i + 1}`),
    );
  const values = numbers('Values');
  const counts = datum['Counts'] === undefined ? values.map(() => 1) : numbers('Counts');
  if (values.length !== counts.length) {
    throw invalid(`The parameters ${at}.Values and ${at}.Counts must be of the same size.`);
  }
  // Undocumented, and a mistake of the sender: a value that occurred no times.
  if (counts.some((count) => count <= 0)) throw invalid(`The parameter ${at}.Counts must be greater than 0.`);
  return { values, counts, statistics: null };
}

function statisticSet(value: unknown, at: string): Sample {
  const set = fields(value, at);
  const entries = STATISTICS.map((name) => {
    if (set[name] === undefined) throw missing(`${at}.${name}`);
    return [name, double(set[name], `${at}.${name}`)] as const;
  });
  const statistics = Object.fromEntries(entries) as Record<(typeof STATISTICS)[number], number>;
  if (statistics.Maximum < statistics.Minimum) {
    throw invalid(`The parameter ${at}.Maximum must be greater than ${at}.Minimum.`);
  }
  return { values: [], counts: [], statistics };
}

function sample(datum: Fields, at: string): Sample {
  const given = ['Value', 'Values', 'StatisticValues'].filter((name) => datum[name] !== undefined);
  const [first, second] = given;
  if (first === undefined) throw missing(`${at}.Value`);
  if (second !== undefined) throw both(`${at}.${first}`, `${at}.${second}`);
  if (first === 'StatisticValues') return statisticSet(datum[first], `${at}.StatisticValues`);
  if (first === 'Values') return distribution(datum, at);
  return { values: [double(datum['Value'], `${at}.Value`)], counts: [1], statistics: null };
}

function readDatum(value: unknown, at: string, namespace: string, nowSeconds: number): ReceivedDatum {
  const datum = fields(value, at);
  const unit = datum['Unit'] ?? 'None';
  if (typeof unit !== 'string' || !UNITS.has(unit)) {
    throw invalid(`The parameter ${at}.Unit must be a value in the set [ ${[...UNITS].join(', ')} ].`);
  }
  const resolution = Number(datum['StorageResolution'] ?? 60);
  if (resolution !== 1 && resolution !== 60)
    throw invalid(`The parameter ${at}.StorageResolution must be 1 or 60.`);
  return {
    namespace,
    name: text(datum['MetricName'], `${at}.MetricName`, LIMITS.nameLength),
    dimensions: dimensions(datum['Dimensions'], `${at}.Dimensions`),
    timestamp: timestamp(datum['Timestamp'], `${at}.Timestamp`, nowSeconds),
    unit,
    ...sample(datum, at),
  };
}

/** The data of a PutMetricData input, all or none: one that is refused refuses the request. */
export function readMetricData(
  input: unknown,
  nowSeconds: number,
):
  | { readonly ok: true; readonly data: readonly ReceivedDatum[] }
  | { readonly ok: false; readonly error: AwsError } {
  try {
    const request = fields(input, 'Request');
    const namespace = text(request['Namespace'], 'Namespace', LIMITS.namespaceLength);
    if (namespace.startsWith('AWS/')) throw invalid('The value AWS/ for parameter Namespace is invalid.');
    if (!/^[0-9A-Za-z._\-/# ][0-9A-Za-z._\-/#: ]*$/.test(namespace)) {
      throw invalid(`The value ${namespace} for parameter Namespace is invalid.`);
    }
    if (request['EntityMetricData'] !== undefined) throw invalid('The simulator takes no EntityMetricData.');
    const data = list(request['MetricData'], 'MetricData', LIMITS.data);
    if (data.length === 0) throw missing('MetricData');
    return {
      ok: true,
      data: data.map((datum, i) => readDatum(datum, `MetricData.member.${i + 1}`, namespace, nowSeconds)),
    };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.error };
    throw error;
  }
}
