// Prometheus' own parser and linter read what we print, for every kind of trouble. Installed by .ci/peers/promtool.sh.
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { renderPrometheus } from '../../src/report/prometheus.ts';
import { aReport, SCENARIO_NAMES, scenarioReport } from '../support/report-builder.ts';

const installed = spawnSync('promtool', ['--version']).status === 0;
if (!installed) {
  console.warn('SKIPPED: promtool is not installed, so no real Prometheus parser read our output');
}

/** What promtool objects to: nothing when the text is good. */
function objections(text: string): { status: number | null; said: string } {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return { status: run.status, said: run.stdout + run.stderr };
}

describe.skipIf(!installed && process.env['CI'] !== 'true')('promtool check metrics', () => {
  it.each(SCENARIO_NAMES)('takes %s without a word', (name) => {
    expect(objections(renderPrometheus(scenarioReport(name), CHECKS))).toEqual({ status: 0, said: '' });
  });

  it('takes labels with every character that must be escaped', () => {
    const instance = { ...aReport().instance, roleName: 'a"b\\c\nd\u2028é\u{1f980}', region: '\ud800' };
    const linkLocal = {
      name: 'LinkLocalDropped',
      unit: 'Count',
      values: [3],
      counts: [1],
      dimensions: { Fleet: 'x' },
    } as const;
    expect(objections(renderPrometheus(aReport({ instance }), CHECKS, [linkLocal]))).toEqual({
      status: 0,
      said: '',
    });
  });

  it('would have objected to a broken text', () => {
    expect(objections('# TYPE imds_probe_x gauge\nimds_probe_x{a="b} 1\n').status).not.toBe(0);
  });
});
