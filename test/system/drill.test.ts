// The whole drill: its targets, and the tables in deploy/README.md as it makes them. npm run drill writes these.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  defaultConfig,
  type Recordings,
  recordAll,
  shortName,
  templateAlarms,
} from '../support/alarm-drill.ts';
import { DOCUMENTED } from '../support/alarm-evaluator.ts';
import { type DrillResult, drillMarkdown, shortfalls, WHOLE, wholeDrill } from '../support/drill-table.ts';
import { healthyMonth, type Month } from '../support/healthy-month.ts';

const README = path.resolve(import.meta.dirname, '../../deploy/README.md');

describe('the whole drill', () => {
  let result: DrillResult;
  beforeAll(async () => {
    result = await wholeDrill({ ...WHOLE, say: (text) => console.log(`drill: ${text}`) });
  });

  it('meets its targets', () => {
    expect(shortfalls(result)).toEqual([]);
  });

  it('tells of a renewal that stops hours before anything fails', () => {
    expect(result.renewal['credential-age']).toBeLessThan(200);
    expect(result.renewal['page']).toBeLessThan(360);
  });

  it('is what deploy/README.md shows (npm run drill)', () => {
    expect(readFileSync(README, 'utf8')).toContain(drillMarkdown(result));
  });
});

describe('a healthy week tells nobody', () => {
  const config = defaultConfig();
  let recordings: Recordings;
  beforeAll(async () => {
    recordings = await recordAll();
  });
  const fleet = {
    watched: 'fleet',
    alarms: templateAlarms('fleet'),
    days: 7,
    instances: 4,
    rotation: 'hourly',
    outageAtHours: 50,
  } as const satisfies Month;

  it.each([
    [
      'where CloudWatch retrieves nothing beyond the evaluation periods',
      { assumptions: { ...DOCUMENTED, extraPeriods: 0 } },
    ],
    ['where it retrieves many more', { assumptions: { ...DOCUMENTED, extraPeriods: 10 } }],
    ['where it drops missing operands', { assumptions: { ...DOCUMENTED, missingOperand: 'dropped' } }],
    ['where it does not fill an empty metric', { assumptions: { ...DOCUMENTED, emptyFill: 'empty' } }],
    ['where AWS fills in its own metrics soon after an outage', { backfillMinutes: 5 }],
    ['where AWS fills in its own metrics much later', { backfillMinutes: 60 }],
  ] as const)('%s', async (_, change) => {
    const transitions = await healthyMonth(recordings, config, { ...fleet, ...change });
    expect(transitions.filter(({ state }) => state === 'ALARM').map(({ alarm }) => shortName(alarm))).toEqual(
      [],
    );
  });
});
