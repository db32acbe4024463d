// One line for monitoring systems, held to the grammar of the Monitoring Plugins Development Guidelines.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderNagios } from '../../src/report/nagios.ts';
import { hostileReport } from '../support/hostile-report.ts';
import { aFinding, aReport, SCENARIO_NAMES, scenarioReport } from '../support/report-builder.ts';
import { aRole, aTraffic, healthySnapshot, POLICY } from '../support/snapshot.ts';

// 'label'=value[UOM];[warn];[crit];[min];[max], and U for a value that could not be determined.
const DATUM = /^[a-z]+=(?:U|-?\d+(?:\.\d+)?(?:s|ms)?)(?:;(?:\d+:?)?){0,2}$/;
const LINE = /^IMDS (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| ([^|\n]+)\n$/;

it.each([
  [
    'healthy',
    "IMDS OK - The role's credentials are good for 5 h 33 min | margin=20000s;900:;300: clock=0.0004s;30;240 ",
  ],
  [
    'expired',
    "IMDS CRITICAL - role-credentials-expired: The role's credentials expired 12 min ago | margin=-720s;900:;300: clock=",
  ],
  [
    'hop-limit',
    'IMDS CRITICAL - imds-hop-limit: The session token is lost on its way: hop limit too small | margin=U;900:;300: ',
  ],
  ['skewed-clock', 'clock=400.0003s;30;240'],
  ['expiring', '(and 1 more) |'],
] as const)('%s', (name, part) => expect(renderNagios(scenarioReport(name), POLICY)).toContain(part));

it.each(SCENARIO_NAMES)('%s keeps to the grammar', (name) => {
  const match = LINE.exec(renderNagios(scenarioReport(name), POLICY));
  expect(match).not.toBeNull();
  for (const datum of (match?.[2] ?? '').split(' ')) expect(datum).toMatch(DATUM);
});

it('takes thresholds as given', () => {
  const thresholds = {
    ...POLICY,
    marginWarningSeconds: 60,
    marginCriticalSeconds: 10,
    clockWarningSeconds: 1,
  };
  const line = renderNagios(aReport(), { ...thresholds, slowWarningMs: 5 });
  expect(line).toContain('margin=20000s;60:;10: clock=0.0004s;1;240 age=600s latency=2ms;5 ');
});

describe('values', () => {
  it.each([
    ['no sign on the clock', healthySnapshot(), / clock=0\.0004s/],
    [
      'no requests, no latency',
      healthySnapshot({ 'imds-traffic': aTraffic([]) }),
      / latency=U;250 requests=0 /,
    ],
    ['nothing seen', {}, /margin=U;900:;300: clock=U;30;240 age=U latency=U;250 requests=U throttled=U /],
    ['no exponent', healthySnapshot({ 'instance-role': aRole({ marginSeconds: 1e300 }) }), /margin=U;/],
    [
      'minus nought is nought',
      healthySnapshot({ 'instance-role': aRole({ marginSeconds: -0.2 }) }),
      /margin=0s;/,
    ],
  ])('%s', (_what, observations, part) => {
    expect(renderNagios(aReport({ observations }), POLICY)).toMatch(part);
  });
});

it('an info finding is not counted as one more', () => {
  const findings = [aFinding(), aFinding({ severity: 'info' })];
  expect(renderNagios(aReport({ status: 'critical', findings }), POLICY)).not.toContain('more)');
});

it('is always one line with one bar, whatever the texts', () => {
  fc.assert(
    fc.property(hostileReport, (report) => {
      const line = renderNagios(report, POLICY);
      expect(line).toMatch(LINE);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      for (const datum of (LINE.exec(line)?.[2] ?? '').split(' ')) expect(datum).toMatch(DATUM);
    }),
    { numRuns: 300 },
  );
});
