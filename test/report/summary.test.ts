// The status rule, the exit codes and the one sentence.
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/core/check.ts';
import type { Severity, Verdict } from '../../src/core/report.ts';
import { EXIT_CODES, spokenOffset, statusOf, summaryOf } from '../../src/report/summary.ts';
import { aFinding, aReport, aVerdict, scenarioReport } from '../support/report-builder.ts';
import { healthySnapshot, lost } from '../support/snapshot.ts';

const check = (id: string, decisive: boolean): Check => ({
  id,
  group: 'imds',
  title: id,
  severities: ['critical'],
  needs: [],
  decisive,
  runbook: { means: '', causes: [], fixes: [] },
  reference: '',
  assess: () => 'pass',
});
const CHECKS = [check('decisive', true), check('other', false)];

describe('statusOf', () => {
  it.each([
    ['nothing', [], [], 'ok'],
    ['info only', ['info'], [], 'ok'],
    ['a warning', ['info', 'warning'], [], 'warning'],
    ['a decisive unknown', [], [['decisive', 'unknown']], 'unknown'],
    ['unknown before warning', ['warning'], [['decisive', 'unknown']], 'unknown'],
    ['critical before unknown', ['critical', 'warning'], [['decisive', 'unknown']], 'critical'],
    ['an unknown that does not decide', [], [['other', 'unknown']], 'ok'],
    ['an unknown of no known check', [], [['gone', 'unknown']], 'ok'],
    ['what was skipped', [], [['decisive', 'skipped']], 'ok'],
  ] satisfies [string, Severity[], [string, Verdict['status']][], string][])(
    '%s',
    (_what, severities, verdicts, status) => {
      const findings = severities.map((severity) => aFinding({ severity }));
      const judged = verdicts.map(([id, verdict]) => aVerdict({ id, status: verdict }));
      expect(statusOf(judged, findings, CHECKS)).toBe(status);
    },
  );
});

it('exit codes are those of a monitoring plugin', () => {
  expect(EXIT_CODES).toEqual({ ok: 0, warning: 1, critical: 2, unknown: 3 });
});

describe('summaryOf', () => {
  it.each([
    ['expired', "The role's credentials expired 12 min ago"],
    ['expiring', "The role's credentials expire in 4 min, and no new ones are there"],
    ['no-role', 'No role is attached to this instance'],
    ['healthy', "The role's credentials are good for 5 h 33 min"],
  ] as const)('%s', (name, sentence) => expect(summaryOf(scenarioReport(name))).toBe(sentence));

  it.each([
    ['passes without a role', { observations: {} }, 'The one check that was run passed'],
    ['nothing at all', { observations: {}, verdicts: [] }, 'Nothing was judged'],
    [
      'IMDS unknown',
      { status: 'unknown', observations: { 'imds-token': lost('crashed', 'x is y') } },
      'The metadata service could not be judged: x is y',
    ],
    [
      'the clock unknown',
      { status: 'unknown', observations: healthySnapshot({ 'clock-offset': lost('refused', 'no') }) },
      'The clock could not be judged: no',
    ],
    [
      'another unknown',
      { status: 'unknown', verdicts: [aVerdict({ status: 'unknown', because: 'who knows' })] },
      'Too little was seen to judge: who knows',
    ],
    ['a status without a finding', { status: 'critical' }, 'The status is critical, and no finding says why'],
  ] as const)('%s', (_what, changes, sentence) => expect(summaryOf(aReport(changes))).toBe(sentence));

  it('says how far off a skewed clock is', () => {
    const { observations } = scenarioReport('skewed-clock');
    const findings = [aFinding({ id: 'clock-skewed' })];
    expect(summaryOf(aReport({ status: 'critical', findings, observations }))).toBe(
      "This machine's clock is 6 min 40 s slow",
    );
  });

  it('takes the first of the worst findings', () => {
    const findings = [
      aFinding({ id: 'a', severity: 'warning', title: 'A' }),
      aFinding({ id: 'b', title: 'B' }),
      aFinding({ id: 'c', title: 'C' }),
    ];
    expect(summaryOf(aReport({ status: 'critical', findings }))).toBe('B');
  });
});

it.each([
  [400_000.3, '6 min 40 s slow'],
  [-1500, '1.5 s fast'],
  [0, '0 ms off'],
])('an offset of %d ms is %s', (offsetMs, words) => expect(spokenOffset(offsetMs)).toBe(words));
