// The text exposition: parseable whatever the texts, in base units, and honest about what was not looked at.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import type { Report } from '../../src/core/report.ts';
import { METRIC_GAUGES, METRIC_MEANINGS } from '../../src/report/gauges.ts';
import { renderPrometheus } from '../../src/report/prometheus.ts';
import { hostileReport } from '../support/hostile-report.ts';
import { parsePrometheus } from '../support/prometheus-text.ts';
import { aFinding, aReport, aVerdict, SCENARIO_NAMES, scenarioReport } from '../support/report-builder.ts';
import { healthySnapshot, lost, seen } from '../support/snapshot.ts';

const samplesOf = (report: Report, name: string) =>
  parsePrometheus(renderPrometheus(report, CHECKS)).find((family) => family.name === name)?.samples ?? [];
const valueIn = (report: Report, name: string) => samplesOf(report, name)[0]?.value;

it.each(SCENARIO_NAMES)('%s parses, with a type and a help for every family', (name) => {
  for (const family of parsePrometheus(renderPrometheus(scenarioReport(name), CHECKS))) {
    expect(family.name).toMatch(/^imds_probe_[a-z_]+$/);
    expect(family.type).toBe('gauge');
    expect(family.help).toMatch(/\.$/);
    expect(family.samples.length).toBeGreaterThan(0);
  }
});

it('tells who, in one metric', () => {
  expect(samplesOf(scenarioReport('healthy'), 'imds_probe_info')).toEqual([
    {
      name: 'imds_probe_info',
      labels: {
        version: '0.1.0',
        instance_id: 'i-0123456789abcdef0',
        region: 'eu-west-1',
        availability_zone: 'eu-west-1a',
        role: 'web',
        account_id: '123456789012',
        fleet: 'default',
      },
      value: 1,
    },
  ]);
});

describe('findings', () => {
  const finding = (report: Report, id: string) =>
    samplesOf(report, 'imds_probe_finding')
      .filter((sample) => sample.labels['id'] === id)
      .map((sample) => [sample.labels['severity'], sample.value]);

  it('are 1 for the severity raised and 0 for the others', () => {
    expect(finding(scenarioReport('throttled'), 'imds-throttled')).toEqual([
      ['critical', 0],
      ['warning', 1],
    ]);
    expect(finding(scenarioReport('healthy'), 'imds-hop-limit')).toEqual([['critical', 0]]);
  });

  it('are absent where they could not be judged or were skipped', () => {
    const verdicts = [
      aVerdict({ id: 'imds-slow', status: 'unknown' }),
      aVerdict({ id: 'imds-v1-enabled', status: 'skipped' }),
    ];
    expect(samplesOf(aReport({ verdicts }), 'imds_probe_finding')).toEqual([]);
  });
});

describe('values', () => {
  it.each([
    ['the status', 'imds_probe_status', 0],
    ['the margin in seconds', 'imds_probe_credential_expiry_margin_seconds', 20_000],
    ['when they expire', 'imds_probe_credential_expiration_timestamp_seconds', 1_795_455_000],
    ['milliseconds as seconds', 'imds_probe_imds_latency_max_seconds', 0.002],
    ['the clock with its sign', 'imds_probe_clock_offset_seconds', 0.0004],
    ['the duration', 'imds_probe_last_cycle_duration_seconds', 0.041],
    ['the heartbeat', 'imds_probe_heartbeat', 1],
    ['that IMDS is up', 'imds_probe_imds_up', 1],
  ])('%s', (what, name, value) => {
    expect(valueIn(scenarioReport(what === 'the status' ? 'expired' : 'healthy'), name)).toBe(value);
  });

  it('the median counts values as often as they occurred', () => {
    const metric = {
      name: 'ImdsLatency',
      unit: 'Milliseconds',
      values: [900, 1, 2],
      counts: [1, 5, 1],
      dimensions: {},
    } as const;
    const families = parsePrometheus(renderPrometheus(aReport(), CHECKS, [metric]));
    expect(families.find((one) => one.name.endsWith('latency_median_seconds'))?.samples[0]?.value).toBe(
      0.001,
    );
  });

  it('the clock falls back to Date headers beyond what they can be wrong by', () => {
    const skewed = healthySnapshot({
      'clock-offset': lost('refused'),
      'http-date': seen({ offsetMs: -9000, errorBoundMs: 500, source: 'IMDS', headers: 3 }),
    });
    expect(valueIn(aReport({ observations: skewed }), 'imds_probe_clock_offset_seconds')).toBe(-9);
    const near = healthySnapshot({ 'clock-offset': lost('refused') });
    expect(valueIn(aReport({ observations: near }), 'imds_probe_clock_offset_seconds')).toBeUndefined();
  });

  it('what was not measured is absent, not 0', () => {
    const names = parsePrometheus(renderPrometheus(scenarioReport('unreachable'), CHECKS)).map((f) => f.name);
    expect(names).not.toContain('imds_probe_credential_expiry_margin_seconds');
    expect(valueIn(scenarioReport('unreachable'), 'imds_probe_imds_up')).toBe(0);
  });
});

it('every metric of the contract has its gauges and its meaning', () => {
  expect(METRIC_MEANINGS.map((metric) => metric.name)).toEqual(Object.keys(METRIC_GAUGES));
  const sent = new Set(SCENARIO_NAMES.flatMap((name) => scenarioReport(name).metrics.map((one) => one.name)));
  expect([...sent].filter((name) => METRIC_GAUGES[name] === undefined)).toEqual([]);
  for (const metric of scenarioReport('healthy').metrics) {
    expect(METRIC_MEANINGS.find((one) => one.name === metric.name)?.unit).toBe(metric.unit);
  }
});

it('escapes what would break the format', () => {
  const report = aReport({ instance: { ...aReport().instance, roleName: 'a"b\\c' } });
  expect(renderPrometheus(report, CHECKS)).toContain('role="a\\"b\\\\c"');
  expect(samplesOf(report, 'imds_probe_info')[0]?.labels['role']).toBe('a"b\\c');
});

it('always parses, whatever the texts', () => {
  fc.assert(
    fc.property(hostileReport, (report) => {
      const verdicts = report.verdicts.map((verdict) => ({ ...verdict, status: 'pass' as const }));
      parsePrometheus(renderPrometheus({ ...report, verdicts, findings: [aFinding()] }, CHECKS));
    }),
    { numRuns: 300 },
  );
});
