// Runs every scenario of the contract through the whole program: exit code, findings, formats, and no secret anywhere.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { REPORT_SCHEMA } from '../../src/report/schema.ts';
import { SCENARIOS } from '../../src/simulator/box.ts';
import { run } from '../support/program.ts';

const valid = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA);

/** Scenario → exit code and findings of a plain check. */
const EXPECTED: Readonly<Record<string, readonly [code: number, findings: readonly string[]]>> = {
  healthy: [0, []],
  expiring: [2, ['critical role-credentials-expiring', 'warning role-rotation-overdue']],
  expired: [2, ['critical role-credentials-expired']],
  'no-role': [2, ['critical role-missing']],
  'role-not-assumable': [2, ['critical role-not-assumable']],
  throttled: [1, ['warning imds-throttled', 'info imds-retries-too-low']],
  'throttled-hard': [2, ['critical imds-throttled']],
  'hop-limit': [2, ['critical imds-hop-limit']],
  disabled: [2, ['critical imds-disabled']],
  unreachable: [2, ['critical imds-unreachable']],
  slow: [1, ['warning imds-slow']],
  malformed: [2, ['critical imds-malformed']],
  'skewed-clock': [2, ['critical clock-skewed']],
  'unsynchronised-clock': [1, ['warning clock-unsynchronised']],
  'cloudwatch-down': [1, ['warning cloudwatch-unreachable']],
  'cloudwatch-throttled': [0, []],
  'cloudwatch-expired-token': [0, []],
};

/** The default threshold, where slowness is what a scenario is about. */
const slowness = (scenario: string): Record<string, string> =>
  scenario === 'slow' ? { IMDS_PROBE_SLOW_WARNING: '250' } : {};

it('knows what to expect of every scenario', () => {
  expect(SCENARIOS.map(({ id }) => id)).toEqual(Object.keys(EXPECTED));
});

describe.concurrent.each(Object.entries(EXPECTED))('%s', (scenario, [code, findings]) => {
  it('is told by exit code and findings, as JSON that fits its schema', async () => {
    const ended = await run(['check', '--simulate', scenario, '--json'], slowness(scenario));
    const report = JSON.parse(ended.stdout) as Report;
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(report.findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual(findings);
    expect(ended.code).toBe(code);
    const failed = report.verdicts.filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(failed.sort()).toEqual(report.findings.map(({ id }) => id).sort());
    for (const finding of report.findings) expect(finding.fix.length).toBeGreaterThan(0);
  });

  it('leads with the verdict as text, and names every finding and its command', async () => {
    const ended = await run(['check', '--simulate', scenario], slowness(scenario));
    const status = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][code];
    expect(ended.stdout.split('\n')[0]).toMatch(new RegExp(`^${status}  \\S`));
    for (const finding of findings) expect(ended.stdout).toContain(finding.split(' ')[1]);
    expect(ended.stdout).not.toContain('\u001b');
    for (const line of ended.stdout.split('\n').filter((text) => !/^ {6}\S|https?:\/\//.test(text))) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
    expect(ended.code).toBe(code);
  });
});

describe.concurrent('other formats', () => {
  it('nagios is one line with performance data', async () => {
    const ended = await run(['check', '--simulate', 'expiring', '--format', 'nagios']);
    expect(ended.stdout).toMatch(
      /^IMDS CRITICAL - .*role-credentials-expiring.* \| margin=2[34]\d(\.\d+)?s;900:;300:\S* clock=[\d.]+s;30;240\S*[^\n]*\n$/,
    );
    expect(ended.code).toBe(2);
  });

  it('prometheus has the margin and the findings', async () => {
    const ended = await run(['check', '--simulate', 'expired', '--format', 'prometheus']);
    expect(ended.stdout).toMatch(/^imds_probe_finding\{[^}]*role-credentials-expired[^}]*\} 1$/m);
    expect(ended.code).toBe(2);
  });
});
