// The embedded metric format is held to its specification (CloudWatch User Guide), as far as it can be checked here.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Metric } from '../../src/core/metric.ts';
import { renderEmf } from '../../src/report/emf.ts';
import { aMetric } from '../support/datum.ts';
import { aReport, SCENARIO_NAMES, STARTED_AT, scenarioReport } from '../support/report-builder.ts';
import { seen } from '../support/snapshot.ts';

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

interface Document {
  readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] };
  readonly [target: string]: unknown;
}

function parsed(text: string): Document {
  expect(text.endsWith('\n') && !text.slice(0, -1).includes('\n')).toBe(true);
  return JSON.parse(text) as Document;
}

/** What the specification asks of every document. */
function holdsToSpecification(document: Document): void {
  expect(Number.isSafeInteger(document._aws.Timestamp)).toBe(true);
  for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    expect(Namespace).toBe('ImdsProbe');
    expect(Metrics.length).toBeLessThanOrEqual(100);
    for (const set of Dimensions) {
      expect(set.length).toBeLessThanOrEqual(30);
      for (const name of set) expect(String(document[name]).length).toBeLessThanOrEqual(1024);
    }
    for (const { Name } of Metrics) {
      const value = document[Name];
      const values = Array.isArray(value) ? value : [value];
      expect(values.every((one) => typeof one === 'number')).toBe(true);
      expect(values.length).toBeLessThanOrEqual(100);
    }
  }
}

describe('embedded metric format', () => {
  it.each(SCENARIO_NAMES)('holds to its specification: %s', (name) => {
    holdsToSpecification(parsed(renderEmf(scenarioReport(name), 'ImdsProbe')));
  });

  it('names what is sent for the instance as well in a directive of its own', () => {
    const { _aws, ...targets } = parsed(renderEmf(scenarioReport('expired'), 'ImdsProbe'));
    expect(_aws.CloudWatchMetrics.map(({ Dimensions }) => Dimensions)).toEqual([
      [['Fleet']],
      [['Fleet', 'InstanceId']],
    ]);
    expect(_aws.CloudWatchMetrics[1]?.Metrics.map(({ Name }) => Name).sort()).toEqual([
      'CredentialExpiryMargin',
      'CriticalFindings',
      'Heartbeat',
      'WarningFindings',
    ]);
    expect(targets).toMatchObject({ Fleet: 'default', CredentialExpiryMargin: 0, CriticalFindings: 1 });
  });

  it('has the timestamp of the metrics: true time, in whole seconds', () => {
    const offset = { offsetMs: 7_400.5, errorBoundMs: 1, server: 'x', stratum: 1, leap: 0 };
    const report = aReport({ metrics: [aMetric()], observations: { 'clock-offset': seen(offset) } });
    expect(parsed(renderEmf(report, 'ImdsProbe'))._aws.Timestamp).toBe(Date.parse(STARTED_AT) + 7_000);
  });

  it('is nothing where nothing was measured', () => {
    expect(renderEmf(aReport(), 'ImdsProbe')).toBe('');
  });

  it('repeats values as often as they occurred, and keeps the extremes of too many', () => {
    const counted = fc
      .uniqueArray(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 150 })
      .chain((values) =>
        fc.record({
          values: fc.constant(values.sort((a, b) => a - b)),
          counts: fc.array(fc.integer({ min: 1, max: 300 }), {
            minLength: values.length,
            maxLength: values.length,
          }),
        }),
      );
    fc.assert(
      fc.property(counted, (distribution) => {
        const metric: Metric = aMetric({ name: 'ImdsLatency', unit: 'Milliseconds', ...distribution });
        const document = parsed(renderEmf(aReport({ metrics: [metric] }), 'ImdsProbe'));
        holdsToSpecification(document);
        const shown = [document['ImdsLatency']].flat() as number[];
        const total = distribution.counts.reduce((sum, count) => sum + count, 0);
        expect(shown.length).toBe(Math.min(total, 100));
        expect(shown[0]).toBe(distribution.values[0]);
        if (total > 1) expect(shown.at(-1)).toBe(distribution.values.at(-1));
        if (total > 100) return;
        const every = distribution.values.flatMap((value, index) =>
          Array.from({ length: distribution.counts[index] ?? 0 }, () => value),
        );
        expect(shown).toEqual(every);
      }),
    );
  });
});
