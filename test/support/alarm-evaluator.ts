// CloudWatch's documented rules for the state of an alarm, as pure functions: what the drill and its tests judge by.
// CloudWatch User Guide: "Alarm evaluation", "Alarm evaluation window" (sliding, moved on every minute),
// "Configuring how CloudWatch alarms treat missing data" (its two tables are the tests), "Create a composite alarm".
import { evaluateMath, type MathAssumptions, type Series } from './metric-math.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** One metric as an alarm names it. */
export interface MetricStat {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  readonly periodSeconds: number;
}

/** A metric or an expression, in the order in which they may name each other. */
export type MetricQuery =
  | { readonly id: string; readonly metric: MetricStat }
  | { readonly id: string; readonly expression: string };

export interface MetricAlarm {
  readonly name: string;
  readonly queries: readonly MetricQuery[];
  /** Id of the query that is compared with the threshold. */
  readonly watched: string;
  readonly comparison: string;
  readonly threshold: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: MissingData;
}

export interface CompositeAlarm {
  readonly name: string;
  readonly rule: string;
}

/** The statistic of a metric over `from` ≤ timestamp < `to`, in epoch seconds; null where there is no data. */
export type Lookup = (metric: MetricStat, from: number, to: number) => number | null;

export interface Assumptions extends MathAssumptions {
  /**
   * Data points retrieved beyond the evaluation periods. AWS says "a higher number" that depends on the period; its
   * example is 5 for 3.
   */
  readonly extraPeriods: number;
}

/** As AWS's pages read. */
export const DOCUMENTED: Assumptions = { extraPeriods: 2, missingOperand: 'zero', emptyFill: 'filled' };

/** The state of an alarm at the start of a minute (epoch seconds), with what is visible then. */
export function metricAlarmState(
  alarm: MetricAlarm,
  lookup: Lookup,
  atSeconds: number,
  before: AlarmState,
  assumptions: Assumptions = DOCUMENTED,
): AlarmState {
  const series = watchedSeries(alarm, lookup, atSeconds, assumptions);
  const breaches = COMPARISONS[alarm.comparison];
  if (breaches === undefined) throw new Error(`${alarm.name}: ${alarm.comparison} is not known here`);
  return judge(
    series.map((value) => (value === null ? null : breaches(value, alarm.threshold))),
    alarm,
    before,
  );
}

/** What the alarm compares with its threshold, oldest first: as many periods as are retrieved, the last ending now. */
export function watchedSeries(
  alarm: MetricAlarm,
  lookup: Lookup,
  atSeconds: number,
  assumptions: Assumptions = DOCUMENTED,
): Series {
  const length = alarm.evaluationPeriods + assumptions.extraPeriods;
  const periodSeconds = periodOf(alarm);
  const series: Record<string, Series> = {};
  for (const query of alarm.queries) {
    series[query.id] =
      'metric' in query
        ? Array.from({ length }, (_, index) => {
            const from = atSeconds - (length - index) * periodSeconds;
            return lookup(query.metric, from, from + periodSeconds);
          })
        : evaluateMath(query.expression, { series, periodSeconds, length, assumptions });
  }
  const watched = series[alarm.watched];
  if (watched === undefined) throw new Error(`${alarm.name}: no query has the id ${alarm.watched}`);
  return watched;
}

/** "Each metric must be using the same period." */
function periodOf(alarm: MetricAlarm): number {
  const periods = new Set(
    alarm.queries.flatMap((query) => ('metric' in query ? [query.metric.periodSeconds] : [])),
  );
  const [period] = periods;
  if (period === undefined || periods.size > 1)
    throw new Error(`${alarm.name}: metrics of one period are needed`);
  return period;
}

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/**
 * Judges data points (oldest first; true breaches, null is missing):
 *
 * - with as many real ones as there are evaluation periods, the most recent of these decide, and the setting for
 *   missing data is not asked;
 * - with fewer, all of them count, and the rest is filled by the setting;
 * - `missing` and `ignore` fill with nothing: enough breaching points still alarm, a point within the threshold means
 *   OK. Where only breaching ones are there, and too few, `ignore` keeps the state; `missing` alarms once the oldest of
 *   them is as old as "datapoints to alarm", and is INSUFFICIENT_DATA before.
 */
export function judge(
  points: readonly (boolean | null)[],
  rule: Pick<MetricAlarm, 'evaluationPeriods' | 'datapointsToAlarm' | 'treatMissingData'>,
  before: AlarmState,
): AlarmState {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData } = rule;
  const real = points.filter((point) => point !== null).slice(-evaluationPeriods);
  const breaching = real.filter((point) => point).length;
  const filled = treatMissingData === 'breaching' ? evaluationPeriods - real.length : 0;
  if (breaching + filled >= datapointsToAlarm) return 'ALARM';
  const enough = real.length >= evaluationPeriods || breaching < real.length;
  if (enough || treatMissingData === 'breaching' || treatMissingData === 'notBreaching') return 'OK';
  if (treatMissingData === 'ignore') return before;
  const oldest = points.indexOf(true);
  return oldest >= 0 && points.length - oldest >= datapointsToAlarm ? 'ALARM' : 'INSUFFICIENT_DATA';
}

/** A composite alarm is in ALARM while its rule is true, else OK. */
export function compositeAlarmState(
  alarm: CompositeAlarm,
  stateOf: (name: string) => AlarmState | undefined,
): AlarmState {
  const words = alarm.rule.match(/"[^"]*"|[A-Za-z_]+|[()]/g) ?? [];
  let at = 0;
  const take = (word: string): boolean => {
    if (words[at] !== word) return false;
    at += 1;
    return true;
  };
  const either = (): boolean => {
    let value = all();
    // Both sides are read, whatever the first says.
    while (take('OR')) value = all() || value;
    return value;
  };
  const all = (): boolean => {
    let value = one();
    while (take('AND')) value = one() && value;
    return value;
  };
  const one = (): boolean => {
    if (take('NOT')) return !one();
    if (take('TRUE')) return true;
    if (take('FALSE')) return false;
    if (take('(')) {
      const value = either();
      if (!take(')')) throw new Error(`${alarm.name}: a bracket is not closed`);
      return value;
    }
    const [wanted, open, name, close] = words.slice(at, at + 4);
    at += 4;
    const state = stateOf(name?.replaceAll('"', '') ?? '');
    if (
      open !== '(' ||
      close !== ')' ||
      state === undefined ||
      !/^(ALARM|OK|INSUFFICIENT_DATA)$/.test(wanted ?? '')
    )
      throw new Error(`${alarm.name}: the rule can't be read at ${wanted ?? 'its end'} ${name ?? ''}`);
    return state === wanted;
  };
  const value = either();
  if (at !== words.length) throw new Error(`${alarm.name}: the rule can't be read at ${words[at]}`);
  return value ? 'ALARM' : 'OK';
}
