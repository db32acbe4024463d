// One cycle as metrics: every name, unit and value of the contract, and what is left out where nothing was measured.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrueTime } from '../../src/core/clock.ts';
import { metricTimestamp } from '../../src/core/metric.ts';
import type { Finding, Metric, Severity } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import {
  dimensionValue,
  type MetricsInput,
  metricsOf,
  sendsInstanceSeries,
} from '../../src/report/metrics.ts';
import { aRequest, aRole, aTraffic, healthySnapshot, lost, seen } from '../support/snapshot.ts';

const START_MS = Date.parse('2026-11-23T12:00:00.900Z');
const START = START_MS / 1000 - 0.9;
const LOCAL: TrueTime = { source: 'local', correctionMs: 0 };

const finding = (severity: Severity): Finding => ({
  id: 'imds-slow',
  severity,
  title: '',
  cause: '',
  evidence: {},
  fix: [],
  reference: '',
});

const input = (changes: Partial<MetricsInput> = {}): MetricsInput => ({
  snapshot: healthySnapshot(),
  findings: [],
  trueTime: { source: 'time-server', correctionMs: 0.4 },
  startedAtMs: START_MS,
  fleet: 'web',
  instanceId: 'i-0123456789abcdef0',
  instanceSeries: false,
  outbox: { pending: 0, oldestTimestamp: null, dropped: 0 },
  ...changes,
});

const from = (snapshot: Snapshot, changes: Partial<MetricsInput> = {}): readonly Metric[] =>
  metricsOf(input({ snapshot: healthySnapshot(snapshot), ...changes }));

const named = (metrics: readonly Metric[], name: string): Metric | undefined =>
  metrics.find((metric) => metric.name === name);

const value = (metrics: readonly Metric[], name: string): number | undefined =>
  named(metrics, name)?.values[0];

describe('metricsOf', () => {
  it('tells a healthy cycle in the names, units and order of the contract', () => {
    const told = metricsOf(input()).map(({ name, unit, values, counts, dimensions }) => {
      expect(dimensions).toEqual({ Fleet: 'web' });
      return [name, unit, values, counts];
    });
    expect(told).toEqual([
      ['CredentialExpiryMargin', 'Seconds', [20_000], [1]],
      ['CredentialAge', 'Seconds', [600], [1]],
      ['ImdsRequests', 'Count', [5], [1]],
      ['ImdsThrottled', 'Count', [0], [1]],
      ['ImdsErrors', 'Count', [0], [1]],
      ['ImdsLatency', 'Milliseconds', [2], [5]],
      ['ClockOffset', 'Milliseconds', [0.4], [1]],
      ['CriticalFindings', 'Count', [0], [1]],
      ['WarningFindings', 'Count', [0], [1]],
      ['Heartbeat', 'Count', [1], [1]],
      ['OutboxAge', 'Seconds', [0], [1]],
      ['OutboxDropped', 'Count', [0], [1]],
    ]);
  });

  it.each<[string, number | null, number | undefined]>([
    ['grown', 17, 17],
    ['not grown', 0, 0],
    ['looked at for the first time', null, undefined],
  ])('dropped packets: %s', (_, growth, expected) => {
    const drops = seen({ total: 100, growth, interfaces: [], detail: null });
    const metrics = from({ 'link-local': drops });
    expect(value(metrics, 'LinkLocalDropped')).toBe(expected);
    expect(value(from({ 'link-local': lost('crashed') }), 'LinkLocalDropped')).toBeUndefined();
  });

  it.each([
    ['no role', { 'instance-role': aRole({ marginSeconds: null, ageSeconds: null }) }],
    ['no answer', { 'instance-role': lost('refused') }],
    ['a nonsense time', { 'instance-role': aRole({ marginSeconds: Number.NaN, ageSeconds: Infinity }) }],
  ])('leaves margin and age out with %s', (_name, snapshot) => {
    const metrics = from(snapshot);
    expect(named(metrics, 'CredentialExpiryMargin')).toBeUndefined();
    expect(named(metrics, 'CredentialAge')).toBeUndefined();
  });

  it('floors a margin that is past and an age from the future at 0', () => {
    const metrics = from({ 'instance-role': aRole({ marginSeconds: -3600, ageSeconds: -5 }) });
    expect(value(metrics, 'CredentialExpiryMargin')).toBe(0);
    expect(value(metrics, 'CredentialAge')).toBe(0);
  });

  it('counts requests, throttled answers and all other failures, but no answer that is one', () => {
    const metrics = from({
      'imds-traffic': aTraffic([
        aRequest('token', 429),
        aRequest('token', 503),
        aRequest('token', 500),
        aRequest('token', 200),
        aRequest('role', null, 1000, 'response-timeout'),
        aRequest('credentials', 401),
        aRequest('credentials', 200, 5, 'malformed'),
        aRequest('role', 404),
        aRequest('instance-profile', 404),
        aRequest('identity', 404),
        aRequest('tokenless', 401),
        aRequest('tokenless', 403),
        aRequest('proxied', 502),
      ]),
    });
    expect(value(metrics, 'ImdsRequests')).toBe(12);
    expect(value(metrics, 'ImdsThrottled')).toBe(2);
    expect(value(metrics, 'ImdsErrors')).toBe(6);
  });

  it('tells latency as values and counts, three digits of each', () => {
    const times = [1.2341, 1.2311, 1.239, 250.6, 1000.4, 0.1239];
    const latency = named(
      from({ 'imds-traffic': aTraffic(times.map((time) => aRequest('role', 200, time))) }),
      'ImdsLatency',
    );
    expect(latency?.values).toEqual([0.124, 1.23, 1.24, 251, 1000]);
    expect(latency?.counts).toEqual([1, 2, 1, 1, 1]);
  });

  it.each([
    ['by fewer digits', 1, 60_000, 401],
    ['by one digit at the worst', 0.01, 60_000, 600],
  ])(
    'keeps the different values of latency within what CloudWatch takes: %s',
    (_name, least, most, count) => {
      const step = (most / least) ** (1 / (count - 1));
      const requests = Array.from({ length: count }, (_, index) =>
        aRequest('role', 200, least * step ** index),
      );
      const latency = named(from({ 'imds-traffic': aTraffic(requests) }), 'ImdsLatency');
      expect(latency?.values.length).toBeLessThanOrEqual(150);
      expect(new Set(latency?.values).size).toBe(latency?.values.length);
      expect(latency?.counts.reduce((sum, times) => sum + times, 0)).toBe(count);
    },
  );

  it('says nothing of requests where nothing was seen of them, and nothing of latency where none was sent', () => {
    const { 'imds-traffic': _traffic, ...rest } = healthySnapshot();
    expect(metricsOf(input({ snapshot: rest })).some(({ name }) => name.startsWith('Imds'))).toBe(false);
    const none = from({ 'imds-traffic': aTraffic([]) });
    expect(value(none, 'ImdsRequests')).toBe(0);
    expect(named(none, 'ImdsLatency')).toBeUndefined();
  });

  const NO_SERVER = lost('response-timeout');
  const SLOW_CLOCK = seen({ offsetMs: -1500.1234, errorBoundMs: 1, server: 'x', stratum: 1, leap: 0 });
  it.each([
    ['by a time server, its size', SLOW_CLOCK, LOCAL, 1500.123],
    ['by Date headers', NO_SERVER, { source: 'http-date', correctionMs: -400_000 } as const, 400_000],
    ['by nobody', NO_SERVER, LOCAL, undefined],
  ])('tells the clock offset %s', (_name, offset, trueTime, expected) => {
    expect(value(from({ 'clock-offset': offset }, { trueTime }), 'ClockOffset')).toBe(expected);
  });

  it('counts findings by severity', () => {
    const findings = (['critical', 'warning', 'warning', 'info'] as const).map(finding);
    const metrics = metricsOf(input({ findings }));
    expect(value(metrics, 'CriticalFindings')).toBe(1);
    expect(value(metrics, 'WarningFindings')).toBe(2);
  });

  it('tells the age of the oldest datum by true time, and the loss', () => {
    const metrics = metricsOf(
      input({
        trueTime: { source: 'time-server', correctionMs: 400_000 },
        outbox: { pending: 3, oldestTimestamp: START, dropped: 7 },
      }),
    );
    expect(value(metrics, 'OutboxAge')).toBe(400);
    expect(value(metrics, 'OutboxDropped')).toBe(7);
  });

  it('sends four metrics a second time by instance, and only with an instance to name', () => {
    const metrics = metricsOf(input({ instanceSeries: true })).filter(
      (metric) => 'InstanceId' in metric.dimensions,
    );
    expect(metrics.map(({ name }) => name)).toEqual([
      'CredentialExpiryMargin',
      'CriticalFindings',
      'WarningFindings',
      'Heartbeat',
    ]);
    expect(metrics[0]?.dimensions).toEqual({ Fleet: 'web', InstanceId: 'i-0123456789abcdef0' });
    expect(metricsOf(input({ instanceSeries: true, instanceId: null }))).toHaveLength(12);
  });
});

describe('sendsInstanceSeries', () => {
  it.each([
    ['always', false, true],
    ['when-unhealthy', false, false],
    ['when-unhealthy', true, true],
    ['never', true, false],
  ] as const)('%s, attention %s: %s', (mode, attention, expected) => {
    expect(sendsInstanceSeries(mode, attention)).toBe(expected);
  });
});

describe('metricTimestamp', () => {
  it('is the start by true time in whole seconds', () => {
    expect(metricTimestamp(START_MS, LOCAL)).toBe(START);
    expect(metricTimestamp(START_MS, { source: 'time-server', correctionMs: 100 })).toBe(START + 1);
    expect(metricTimestamp(START_MS, { source: 'time-server', correctionMs: -901 })).toBe(START - 1);
  });
});

describe('dimensionValue', () => {
  it.each([
    ['web', 'web'],
    [' my fleet ', 'my fleet'],
    ['café\n☃', 'caf___'],
    ['', 'unknown'],
    ['   ', 'unknown'],
    ['x'.repeat(2000), 'x'.repeat(1024)],
  ])('%j becomes %j', (text, expected) => {
    expect(dimensionValue(text)).toBe(expected);
  });

  it('is always what CloudWatch takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1500 }), (text) => {
        expect(dimensionValue(text)).toMatch(/^[\x20-\x7e]{1,1024}$/);
        expect(dimensionValue(text).trim()).not.toBe('');
      }),
    );
  });
});
