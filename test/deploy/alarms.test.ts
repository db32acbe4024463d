// CloudWatch's rules by AWS's own examples, and the alarms of the template against faults and a healthy stretch of time.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  defaultConfig,
  drill,
  faults,
  type Recordings,
  recordAll,
  shortName,
  templateAlarms,
  timings,
  worst,
} from '../support/alarm-drill.ts';
import {
  type AlarmState,
  type Assumptions,
  compositeAlarmState,
  DOCUMENTED,
  judge,
  type Lookup,
  type MetricAlarm,
  type MissingData,
  metricAlarmState,
  watchedSeries,
} from '../support/alarm-evaluator.ts';
import { healthyMonth } from '../support/healthy-month.ts';
import { evaluateMath, type Series } from '../support/metric-math.ts';
import { MetricStore } from '../support/metric-store.ts';

const points = (text: string) => text.split(' ').map((point) => (point === '-' ? null : point === 'X'));

const SETTINGS: readonly MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
/** As AWS writes it: what each setting for missing data makes of the points, the newest on the right. */
type Row = readonly [
  points: string,
  missing: string,
  ignore: string,
  breaching: string,
  notBreaching: string,
];

describe('missing data, by the tables of "Configuring how CloudWatch alarms treat missing data"', () => {
  const THREE_OF_THREE: readonly Row[] = [
    ['0 - X - X', 'OK', 'OK', 'OK', 'OK'],
    ['0 - - - -', 'OK', 'OK', 'OK', 'OK'],
    ['- - - - -', 'INSUFFICIENT_DATA', 'stays', 'ALARM', 'OK'],
    ['0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['- - - - X', 'INSUFFICIENT_DATA', 'stays', 'ALARM', 'OK'],
    ['X - - - -', 'ALARM', 'stays', 'ALARM', 'OK'],
  ];
  const TWO_OF_THREE: readonly Row[] = [
    ['0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - X', 'INSUFFICIENT_DATA', 'stays', 'ALARM', 'OK'],
  ];
  const cases = ([datapointsToAlarm, table]: readonly [number, readonly Row[]]) =>
    table.flatMap(([text, ...states]) =>
      SETTINGS.map(
        (treatMissingData, index) =>
          [
            `${datapointsToAlarm} of 3, ${text}, ${treatMissingData}`,
            text,
            { evaluationPeriods: 3, datapointsToAlarm, treatMissingData },
            states[index] ?? '',
          ] as const,
      ),
    );

  it.each([...cases([3, THREE_OF_THREE]), ...cases([2, TWO_OF_THREE])])('%s', (_, text, rule, expected) => {
    for (const before of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] satisfies AlarmState[])
      expect(judge(points(text), rule, before)).toBe(expected === 'stays' ? before : expected);
  });
});

describe('metric math, by the examples of "Using math expressions with CloudWatch metrics"', () => {
  const input = (series: Record<string, Series>, change: Partial<Assumptions> = {}) => ({
    series,
    periodSeconds: 300,
    length: 5,
    assumptions: { ...DOCUMENTED, ...change },
  });
  const metric1 = [1, 1, 0, 0, null];
  const metric2 = [30, null, 0, 0, 30];
  const metric3 = [0, 0, 20, null, 20];
  const wide = { metric1: [30, 20, 0, 0], metric2: [20, null, 20, null] };

  it.each([
    ['IF(metric1, metric2, metric3)', { metric1, metric2, metric3 }, [30, 0, 20, null, null]],
    ['IF(metric1, 5, metric3)', { metric1, metric3 }, [5, 5, 20, null, null]],
    ['IF(metric1, metric2, 5)', { metric1, metric2 }, [30, 0, 5, 5, null]],
    ['IF(metric1, metric2)', { metric1, metric2 }, [30, 0, null, null, null]],
    ['FILL(metric2, 0) * 60 / PERIOD(metric2)', { metric2 }, [6, 0, 0, 0, 6]],
    ['metric1 + metric2', { metric1, metric2 }, [31, 1, 0, 0, 30]],
    ['metric2 / metric1', { metric1, metric2 }, [30, 0, null, null, null]],
    ['2 + 3 * metric1 - (1 - 1)', { metric1 }, [5, 5, 2, 2, null]],
    ['-metric1 * 2', { metric1 }, [-2, -2, 0, 0, null]],
  ] as const)('%s', (expression, series, expected) => {
    expect(evaluateMath(expression, input(series)).map((value) => (value === 0 ? 0 : value))).toEqual(
      expected,
    );
  });

  it.each([
    ['metric1 < metric2', [0, 0, 1, 0]],
    ['metric1 >= 30', [1, 0, 0, 0]],
    ['metric1 > 15 AND metric2 > 15', [1, 0, 0, 0]],
  ] as const)('%s', (expression, expected) => {
    expect(evaluateMath(expression, { ...input(wide), length: 4 })).toEqual(expected);
  });

  it('where AWS leaves it open, both readings can be had', () => {
    const empty = { none: [null, null, null, null, null], metric1 };
    expect(evaluateMath('FILL(none, 7)', input(empty))).toEqual([7, 7, 7, 7, 7]);
    expect(evaluateMath('FILL(none, 7)', input(empty, { emptyFill: 'empty' }))).toEqual(empty.none);
    expect(evaluateMath('metric1 + none', input(empty, { missingOperand: 'dropped' }))).toEqual(empty.none);
  });

  it.each([
    'nothing + 1',
    'SEARCH(metric1)',
    'metric1 +',
    '(metric1',
    'metric1 metric1',
    '1 + 1',
    'metric1 ? 1',
  ])('refuses %s', (expression) => {
    expect(() => evaluateMath(expression, input({ metric1 }))).toThrow();
  });
});

describe('an alarm over time', () => {
  const alarm: MetricAlarm = {
    name: 'a',
    queries: [
      {
        id: 'metric',
        metric: { namespace: 'N', name: 'm', dimensions: {}, statistic: 'Sum', periodSeconds: 300 },
      },
    ],
    watched: 'metric',
    comparison: 'GreaterThanThreshold',
    threshold: 2,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    treatMissingData: 'missing',
  };
  const noon = Date.UTC(2026, 0, 1, 12) / 1000;

  it('looks back in whole periods from the minute of the evaluation, whatever the clock says', () => {
    // "for an alarm evaluation at 12:15:00, CloudWatch expects data points at 12:00, 12:05 and 12:10", and at 12:16 one later each.
    for (const minute of [15, 16]) {
      const asked: number[] = [];
      const lookup: Lookup = (_metric, from, to) => {
        expect(to - from).toBe(300);
        asked.push((from - noon) / 60);
        return 0;
      };
      watchedSeries(alarm, lookup, noon + minute * 60);
      expect(asked.slice(-3)).toEqual([minute - 15, minute - 10, minute - 5]);
    }
  });

  it('sees what comes late from then on', () => {
    const store = new MetricStore();
    const metric = { name: 'm', dimensions: {}, values: [1], counts: [3] };
    for (const minute of [1, 6, 11]) store.put('N', metric, noon + minute * 60, noon + 20 * 60);
    const at = (minute: number): AlarmState => {
      store.advance(noon + minute * 60);
      return metricAlarmState(alarm, store.lookup, noon + minute * 60, 'OK');
    };
    expect([at(15), at(19), at(20)]).toEqual(['INSUFFICIENT_DATA', 'INSUFFICIENT_DATA', 'ALARM']);
  });

  it('adds values by their counts, and keeps series apart by their dimensions', () => {
    const store = new MetricStore();
    store.put('N', { name: 'm', dimensions: { F: 'x' }, values: [2, 5], counts: [3, 1] }, noon, noon);
    store.put('N', { name: 'm', dimensions: { F: 'x', I: 'i' }, values: [99], counts: [1] }, noon, noon);
    store.advance(noon);
    const of = (statistic: string) =>
      store.lookup(
        { namespace: 'N', name: 'm', dimensions: { F: 'x' }, statistic, periodSeconds: 60 },
        noon,
        noon + 60,
      );
    expect(['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'].map(of)).toEqual([11, 4, 2.75, 2, 5]);
    expect(() => of('p99')).toThrow();
  });
});

describe('a composite alarm', () => {
  const states: Record<string, AlarmState> = { a: 'ALARM', b: 'OK', c: 'INSUFFICIENT_DATA' };
  const state = (rule: string) => compositeAlarmState({ name: 'x', rule }, (name) => states[name]);

  it.each([
    ['ALARM("a") OR ALARM("b")', 'ALARM'],
    ['ALARM("a") AND ALARM("b")', 'OK'],
    ['ALARM(b) OR ALARM(b) OR ALARM(a)', 'ALARM'],
    ['ALARM("a") AND NOT ALARM("b")', 'ALARM'],
    ['(ALARM("a") OR ALARM("c")) AND OK("b")', 'ALARM'],
    ['INSUFFICIENT_DATA("c") AND FALSE', 'OK'],
    ['TRUE', 'ALARM'],
  ] as const)('%s is %s', (rule, expected) => {
    expect(state(rule)).toBe(expected);
  });

  it.each(['ALARM("nobody")', 'ALARM("a"', 'ALARM("a") ALARM("b")', 'MAYBE("a")'])('refuses %s', (rule) => {
    expect(() => state(rule)).toThrow();
  });
});

describe('the drill, shortened (the whole: npm run drill)', () => {
  const config = defaultConfig();
  let recordings: Recordings;
  beforeAll(async () => {
    recordings = await recordAll();
  });
  const faultOf = (id: string) => {
    const fault = faults(recordings).find((candidate) => candidate.id === id);
    if (fault === undefined) throw new Error(`no fault ${id}`);
    return fault;
  };
  const pageOf = async (id: string, restarted: boolean, assumptions?: Assumptions): Promise<number> => {
    const fault = faultOf(id);
    const told = [];
    for (const [index, timing] of timings(2).entries()) {
      const watched = index === 0 ? 'fleet' : 'instance';
      const drillCase = { fault, watched, restarted, timing } as const;
      const drilled = await drill(recordings, config, { ...drillCase, ...(assumptions && { assumptions }) });
      expect(drilled.flapped).toEqual([]);
      told.push(drilled.told);
    }
    return worst(told)['page'] ?? Number.POSITIVE_INFINITY;
  };

  const CRITICAL = [
    'expiring',
    'expired',
    'no-role',
    'role-not-assumable',
    'throttled-hard',
    'hop-limit',
    'disabled',
    'unreachable',
    'malformed',
    'skewed-clock',
  ];

  it('knows every critical fault', () => {
    const critical = faults(recordings).filter((fault) => fault.critical && !fault.silent);
    expect(critical.map(({ id }) => id)).toEqual(CRITICAL);
  });

  it.each(CRITICAL)('%s pages within 5 minutes while a credential signs', async (id) => {
    expect(await pageOf(id, false)).toBeLessThanOrEqual(5);
  });

  it.each([...CRITICAL, 'agent-dead', 'cloudwatch-down', 'cloudwatch-expired-token'])(
    '%s pages within 15 minutes where nothing signs any more',
    async (id) => {
      expect(await pageOf(id, true)).toBeLessThanOrEqual(15);
    },
  );

  it.each([
    ['none retrieved beyond', { ...DOCUMENTED, extraPeriods: 0 }],
    ['many retrieved beyond', { ...DOCUMENTED, extraPeriods: 10 }],
    ['missing operands dropped', { ...DOCUMENTED, missingOperand: 'dropped' }],
    ['an empty metric not filled', { ...DOCUMENTED, emptyFill: 'empty' }],
  ] as const)('silence pages whatever AWS leaves open: %s', async (_, assumptions) => {
    expect(await pageOf('agent-dead', false, assumptions)).toBeLessThanOrEqual(15);
  });

  it.each(['throttled', 'slow', 'unsynchronised-clock', 'cloudwatch-throttled'])(
    '%s pages nobody',
    async (id) => {
      expect(await pageOf(id, false)).toBe(Number.POSITIVE_INFINITY);
    },
  );

  it.each(['instance', 'fleet'] as const)(
    'tells nobody anything in healthy hours with an outage of CloudWatch: %s',
    async (watched) => {
      const transitions = await healthyMonth(recordings, config, {
        watched,
        alarms: templateAlarms(watched),
        days: watched === 'fleet' ? 0.25 : 1,
        instances: watched === 'fleet' ? 4 : 1,
        rotation: 'hourly',
        outageAtHours: 1.5,
      });
      expect(
        transitions.filter(({ state }) => state === 'ALARM').map(({ alarm }) => shortName(alarm)),
      ).toEqual([]);
      // They did look: every alarm came to OK.
      expect(new Set(transitions.map(({ alarm }) => alarm)).size).toBe(
        templateAlarms(watched).metric.length + 1,
      );
    },
  );
});
