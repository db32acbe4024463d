// What `history` shows of a recording, and what it makes of gaps, restarts and rotations.
import { describe, expect, it } from 'vitest';
import type { CycleSummary, FindingEvent, History } from '../../src/core/history.ts';
import { renderHistory, renderHistoryCsv, renderHistoryJson, sparkline } from '../../src/report/history.ts';
import { recordOf } from '../../src/report/history-record.ts';
import { rotationsOf, slicesOf, spansOf } from '../../src/report/history-view.ts';
import { anEvent, aSummary } from '../support/recorder.ts';
import { AN_INSTANCE, aFinding, aReport, judged, scenarioReport } from '../support/report-builder.ts';
import { aRole, healthySnapshot, lost, seen } from '../support/snapshot.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z') / 1000;
const PLAIN = { colour: false, width: 80, unicode: true };

function aHistory(cycles: readonly CycleSummary[], changes: Partial<History> = {}): History {
  return {
    from: NOON - 3600,
    to: NOON,
    instance: AN_INSTANCE,
    cycles,
    events: [],
    pending: 0,
    oldestPending: null,
    ...changes,
  };
}

/** One cycle a minute for the last `count` minutes. */
const minutes = (count: number, of: (index: number) => Partial<CycleSummary> = () => ({})): CycleSummary[] =>
  Array.from({ length: count }, (_, index) => aSummary(NOON - (count - index) * 60, of(index)));

describe('slices', () => {
  it.each([
    [20, 1],
    [60 * 5, 15],
    [3600, 300],
    [86_400, 7_200],
    [13 * 86_400, 86_400],
    [400 * 86_400, 21 * 86_400],
  ])('of %d s are %d s long, and begin at round times', (seconds, step) => {
    const cycles = [aSummary(NOON - seconds), aSummary(NOON)];
    const slices = slicesOf(aHistory(cycles, { from: NOON - seconds }));
    expect((slices[1]?.at ?? 0) - (slices[0]?.at ?? 0)).toBe(step);
    expect(slices.length).toBeLessThanOrEqual(25);
    expect(slices.every(({ at }) => at % step === 0)).toBe(true);
    expect(slices[0]?.cycles).toBe(1);
  });

  it('show what tells most about trouble, and null where nothing was measured', () => {
    const cycles = [
      aSummary(NOON - 58, { marginSeconds: 900, offsetMs: 2, throttled: 1, latencyMs: 5 }),
      aSummary(NOON - 57, {
        marginSeconds: 300,
        offsetMs: -7,
        throttled: 2,
        latencyMs: 1,
        status: 'warning',
      }),
      aSummary(NOON - 50, { marginSeconds: null, offsetMs: null, latencyMs: 9, status: 'unknown' }),
      aSummary(NOON, {
        marginSeconds: null,
        ageSeconds: null,
        offsetMs: null,
        latencyMs: null,
        throttled: null,
      }),
    ];
    const slices = slicesOf(aHistory(cycles));
    expect(slices.filter((slice) => slice.cycles > 0)).toEqual([
      expect.objectContaining({
        cycles: 2,
        status: 'warning',
        leastMargin: 300,
        furthestOffset: -7,
        medianLatency: 5,
        throttled: 3,
      }),
      expect.objectContaining({ status: 'unknown', leastMargin: null, furthestOffset: null }),
      expect.objectContaining({ at: NOON, leastMargin: null, greatestAge: null, throttled: null }),
    ]);
    expect(slices.find((slice) => slice.cycles === 0)).toMatchObject({ status: null, leastMargin: null });
  });
});

describe('rotations', () => {
  const key = (accessKeyId: string | null, expiration: number | null, at: number) =>
    aSummary(at, { accessKeyId, expiration });

  it.each<[string, CycleSummary[], unknown[]]>([
    ['none', [key('A', 500, 1), key('A', 500, 2)], []],
    ['one, with its lead time', [key('A', 500, 1), key('B', 900, 200)], [[200, 300, 0]]],
    ['one that came late', [key('A', 500, 1), key('B', 900, 600)], [[600, -100, 0]]],
    ['keys that look alike', [key('A', 500, 1), key('A', 900, 200)], [[200, 300, 0]]],
    ['while it was not seen', [key('A', 500, 1), key(null, null, 60), key('B', 900, 120)], [[120, 380, 1]]],
    ['the same again after it was not seen', [key('A', 500, 1), key(null, null, 60), key('A', 500, 120)], []],
    ['the first credentials are no rotation', [key(null, null, 1), key('A', 500, 60)], []],
  ])('%s', (_, cycles, expected) => {
    expect(
      rotationsOf(cycles).map(({ at, leadSeconds, unseenCycles }) => [at, leadSeconds, unseenCycles]),
    ).toEqual(expected);
  });
});

describe('findings from beginning to end', () => {
  const spans = (events: readonly FindingEvent[], cycles: readonly CycleSummary[] = []) =>
    spansOf({ events, cycles }).map(({ severity, raised, cleared }) => [severity, raised, cleared]);
  const critical = (at: number, what: FindingEvent['what']) =>
    anEvent(at, { what, severity: 'critical', id: 'imds-unreachable' });

  it.each<[string, FindingEvent[], CycleSummary[], unknown[]]>([
    ['begun and ended', [anEvent(1), anEvent(5, { what: 'cleared' })], [], [['warning', 1, 5]]],
    ['it stands', [anEvent(1)], [aSummary(2, { status: 'warning' })], [['warning', 1, null]]],
    ['it began before the period', [anEvent(5, { what: 'cleared' })], [], [['warning', null, 5]]],
    [
      'an agent started again tells of it anew',
      [anEvent(1), anEvent(4), anEvent(9, { what: 'cleared' })],
      [],
      [['warning', 1, 9]],
    ],
    [
      'twice',
      [anEvent(1), anEvent(2, { what: 'cleared' }), anEvent(3)],
      [],
      [
        ['warning', 1, 2],
        ['warning', 3, null],
      ],
    ],
    [
      'it went away while no agent ran',
      [critical(1, 'raised')],
      [aSummary(1, { status: 'critical' }), aSummary(60, { status: 'warning' })],
      [['critical', 1, 60]],
    ],
    [
      'it became less, and stands',
      [critical(1, 'raised'), anEvent(50, { what: 'changed', id: 'imds-unreachable' })],
      [aSummary(1, { status: 'critical' }), aSummary(60, { status: 'warning' })],
      [['critical', 1, null]],
    ],
  ])('%s', (_, events, cycles, expected) => {
    expect(spans(events, cycles)).toEqual(expected);
  });
});

describe('sparkline', () => {
  it.each([
    [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█', '.:-=+*%#'],
    [[5, 5, 5], '▁▁▁', '...'],
    [[1, null, 9], '▁ █', '. #'],
    [[-4, 0, 4], '▁▅█', '.+#'],
    [[null], ' ', ' '],
    [[], '', ''],
  ])('%j', (values, unicode, ascii) => {
    expect([sparkline(values, true), sparkline(values, false)]).toEqual([unicode, ascii]);
  });
});

describe('for people', () => {
  const rotated = aHistory(
    minutes(60, (index) => ({
      marginSeconds: 20_000 - index * 60 + (index > 29 ? 3600 : 0),
      accessKeyId: index > 29 ? 'ASIA…NEW1' : 'ASIA…OLD1',
      expiration: NOON + (index > 29 ? 7200 : 3600),
      status: index === 40 ? 'warning' : 'ok',
    })),
    { events: [anEvent(NOON - 1200), anEvent(NOON - 1140, { what: 'cleared' })] },
  );

  it('says of a recording without a cycle that there is none', () => {
    const empty = aHistory([], { from: -86_400, to: 0, instance: null });
    expect(renderHistory(empty, PLAIN)).toBe('Nothing was recorded yet.\n\n');
  });

  it('gives no sign to an offset that rounds to nothing', () => {
    const cycles = [aSummary(NOON - 60, { offsetMs: -0.003 }), aSummary(NOON, { offsetMs: -0.006 })];
    const text = renderHistory(aHistory(cycles), PLAIN);
    expect(text).toMatch(/\nOffset +-0\.01 ms +\S+ ms +0 ms +-0\.01 ms/);
  });

  it('shows columns, findings and rotations within the width', () => {
    const text = renderHistory(rotated, PLAIN);
    expect(text).toMatchInlineSnapshot(`
      "History of i-0123456789abcdef0 (eu-west-1, role web)
      2026-11-23 11:00 to 2026-11-23 12:00 UTC: 60 cycles, 1 finding, 1 rotation

                 lowest     median      highest    latest      over time
      Margin     5 h 4 min  5 h 34 min  6 h 3 min  5 h 34 min  ▄▃▃▂▁▁██▇▆▆▅
      Age        10 min     10 min      10 min     10 min      ▁▁▁▁▁▁▁▁▁▁▁▁
      Offset     0.4 ms     0.4 ms      0.4 ms     0.4 ms      ▁▁▁▁▁▁▁▁▁▁▁▁
      Latency    2 ms       2 ms        2 ms       2 ms        ▁▁▁▁▁▁▁▁▁▁▁▁
      Throttled  0          0           0          0           ▁▁▁▁▁▁▁▁▁▁▁▁

      from (UTC)   worst    margin  age  offset  latency  throttled
      11-23 11:00  ok       5h29m   10m  0.4ms   2ms      0
      11-23 11:05  ok       5h24m   10m  0.4ms   2ms      0
      11-23 11:10  ok       5h19m   10m  0.4ms   2ms      0
      11-23 11:15  ok       5h14m   10m  0.4ms   2ms      0
      11-23 11:20  ok       5h9m    10m  0.4ms   2ms      0
      11-23 11:25  ok       5h4m    10m  0.4ms   2ms      0
      11-23 11:30  ok       5h59m   10m  0.4ms   2ms      0
      11-23 11:35  ok       5h54m   10m  0.4ms   2ms      0
      11-23 11:40  warning  5h49m   10m  0.4ms   2ms      0
      11-23 11:45  ok       5h44m   10m  0.4ms   2ms      0
      11-23 11:50  ok       5h39m   10m  0.4ms   2ms      0
      11-23 11:55  ok       5h34m   10m  0.4ms   2ms      0

      raised (UTC)         cleared              lasted  severity  finding
      2026-11-23 11:40:00  2026-11-23 11:41:00  60 s    warning   imds-slow

      rotated (UTC)        lead time   access key
      2026-11-23 11:30:00  1 h 30 min  ASIA…OLD1 → ASIA…NEW1
      "
    `);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('is ASCII where the terminal knows no more', () => {
    const pending = { pending: 3, oldestPending: NOON - 900 };
    const text = renderHistory({ ...rotated, ...pending }, { ...PLAIN, unicode: false });
    // Key ids are written in one way everywhere.
    expect(text.replaceAll(/ASIA….{4}/g, '')).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text).toContain('3 metrics not yet taken by CloudWatch, the oldest 15 min old');
  });

  it('says first that a recording has stopped', () => {
    const stopped = aHistory(minutes(30).map((cycle) => ({ ...cycle, at: cycle.at - 1800 })));
    expect(renderHistory(stopped, PLAIN)).toContain('The last cycle was 31 min ago: is the agent running?');
    expect(renderHistory(aHistory([]), PLAIN)).toContain('Nothing was recorded in this time');
    expect(renderHistory(rotated, PLAIN)).not.toContain('is the agent running');
  });

  it('takes a recording of any length, and any time', () => {
    const many = Array.from({ length: 150_000 }, (_, index) => aSummary(NOON - 150_000 + index));
    expect(renderHistory(aHistory(many, { from: NOON - 150_000 }), PLAIN)).toContain('150000 cycles');
    const mad = [aSummary(-1e300), aSummary(1e300, { expiration: -1e300 }), aSummary(NOON)];
    expect(renderHistory(aHistory(mad), PLAIN)).toContain('3 cycles');
  });
});

describe('for programs', () => {
  const history = aHistory([aSummary(NOON - 60, { roleName: 'a"b,c', offsetMs: null }), aSummary(NOON)], {
    events: [anEvent(NOON - 60)],
    pending: 2,
    oldestPending: NOON - 60,
  });

  it('CSV has a heading and a line a cycle', () => {
    expect(renderHistoryCsv(history)).toBe(
      [
        'time,status,took_ms,margin_seconds,age_seconds,offset_ms,latency_ms,slowest_ms,requests,throttled,errors,role,access_key,expiration',
        '2026-11-23T11:59:00.000Z,ok,41,20000,600,,2,3.5,2,0,0,"a""b,c",ASIA…WXYZ,2026-11-23T17:32:20.000Z',
        '2026-11-23T12:00:00.000Z,ok,41,20000,600,0.4,2,3.5,2,0,0,web,ASIA…WXYZ,2026-11-23T17:33:20.000Z',
        '',
      ].join('\n'),
    );
  });

  it('JSON is one object with ISO times', () => {
    const parsed = JSON.parse(renderHistoryJson(history));
    expect(parsed).toMatchObject({
      schema: 'imds-probe/history/v1',
      from: '2026-11-23T11:00:00.000Z',
      to: '2026-11-23T12:00:00.000Z',
      outbox: { pending: 2, oldest: '2026-11-23T11:59:00.000Z' },
      cycles: [{ at: '2026-11-23T11:59:00.000Z', offsetMs: null }, { marginSeconds: 20_000 }],
      findings: [
        { id: 'imds-slow', raised: '2026-11-23T11:59:00.000Z', cleared: '2026-11-23T12:00:00.000Z' },
      ],
      rotations: [{ leadSeconds: 19_940 }],
    });
  });
});

describe('what is kept of a report', () => {
  const nothing = { raised: [], changed: [], cleared: [] };

  it('are its key numbers', () => {
    expect(recordOf(judged(healthySnapshot()), nothing, NOON).summary).toEqual({
      at: NOON,
      status: 'ok',
      tookMs: 41,
      marginSeconds: 20_000,
      ageSeconds: 600,
      offsetMs: 0.4,
      latencyMs: 2,
      slowestMs: 2,
      requests: 5,
      throttled: 0,
      errors: 0,
      roleName: 'web',
      accessKeyId: 'ASIA…WXYZ',
      expiration: Date.parse('2026-11-23T17:30:00Z') / 1000,
    });
  });

  it('is null for what was not seen', () => {
    const blind = aReport({
      observations: {
        'instance-role': lost('refused'),
        'clock-offset': lost('response-timeout'),
        'http-date': seen({ offsetMs: 200, errorBoundMs: 500, source: 'IMDS', headers: 1 }),
      },
    });
    expect(recordOf(blind, nothing, NOON).summary).toMatchObject({
      marginSeconds: null,
      offsetMs: null,
      latencyMs: null,
      requests: null,
      accessKeyId: null,
      expiration: null,
    });
    const odd = aReport({ observations: { 'instance-role': aRole({ expiration: 'tomorrow' }) } });
    expect(recordOf(odd, nothing, NOON).summary.expiration).toBeNull();
  });

  it('takes the offset of Date headers where no time server answered', () => {
    const dated = aReport({
      observations: {
        'http-date': seen({ offsetMs: -90_000, errorBoundMs: 500, source: 'IMDS', headers: 1 }),
      },
    });
    expect(recordOf(dated, nothing, NOON).summary.offsetMs).toBe(-90_000);
  });

  it('are its findings that came and went, and its metrics', () => {
    const report = scenarioReport('expired');
    const finding = aFinding();
    const record = recordOf(report, { raised: [finding], changed: [], cleared: [finding] }, NOON);
    expect(record.events.map(({ what, id, at }) => [what, id, at])).toEqual([
      ['raised', 'role-credentials-expired', NOON],
      ['cleared', 'role-credentials-expired', NOON],
    ]);
    expect(record.metrics).toBe(report.metrics);
  });
});
