// Requests within CloudWatch's limits, whatever the outbox holds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, metricData } from '../../../src/clients/aws/batch.ts';
import type { Datum } from '../../../src/core/publishing.ts';
import { aDatum } from '../../support/datum.ts';

const NOW = 1_790_000_000;
const WEEK = 7 * 86_400;
const ascending = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const datum: fc.Arbitrary<Datum> = fc.record({
  id: fc.nat(1_000_000),
  timestamp: fc.integer({ min: NOW - 2 * WEEK - 5, max: NOW + 7205 }),
  metric: fc
    .record({
      name: fc.oneof(fc.constant('ImdsLatency'), fc.string({ unit: 'binary', maxLength: 300 })),
      unit: fc.constantFrom('Count', 'Seconds', 'Milliseconds'),
      values: fc.oneof(
        fc.array(fc.double(), { maxLength: 5 }),
        fc.integer({ min: 1, max: 2_000 }).map(ascending),
      ),
      dimensions: fc.dictionary(
        fc.oneof(fc.constant('Fleet'), fc.string({ unit: 'binary', maxLength: 5 })),
        fc.oneof(fc.string({ maxLength: 1_000 }), fc.constant('"'.repeat(1_024))),
        { maxKeys: 31, size: 'small' },
      ),
    })
    .map((metric) => ({ ...metric, counts: metric.values.map(() => 1) })) as fc.Arbitrary<Datum['metric']>,
});

const unique = fc.uniqueArray(datum, { selector: ({ id }) => id, maxLength: 200, size: 'max' });

describe('batchesOf', () => {
  it('loses nothing, doubles nothing, and keeps every limit of the documentation', () => {
    fc.assert(
      fc.property(unique, (data) => {
        const { batches, unsendable } = batchesOf(data, NOW);
        const sent = batches.flat();
        const ids = [...sent, ...unsendable.map((entry) => entry.datum)].map(({ id }) => id);
        expect(ids.sort((a, b) => a - b)).toEqual(data.map(({ id }) => id).sort((a, b) => a - b));
        expect(sent.map(({ id }) => id)).toEqual(sent.map(({ id }) => id).sort((a, b) => b - a));
        for (const batch of batches) holdsLimits(batch);
      }),
      { numRuns: 60 },
    );
  });

  it('fills requests of 1000, the newest first', () => {
    const data = ascending(2_500).map((id) => aDatum(id, NOW - id));
    const { batches, unsendable } = batchesOf(data, NOW);
    expect(batches.map((batch) => batch.length)).toEqual([1_000, 1_000, 500]);
    expect(batches[0]?.[0]?.id).toBe(2_499);
    expect(unsendable).toEqual([]);
  });

  it('counts the parts of a datum with many values, and keeps them in one request', () => {
    const wide = aDatum(-1, NOW, { values: ascending(1_500), counts: ascending(1_500).map(() => 2) });
    const data = [...ascending(995).map((id) => aDatum(id, NOW)), wide];
    const { batches } = batchesOf(data, NOW);
    expect(batches.map((batch) => metricData(batch).length)).toEqual([995, 10]);
    expect(metricData([wide]).map(({ Values, Counts }) => [Values?.length, Counts?.length])).toEqual(
      ascending(10).map(() => [150, 150]),
    );
  });

  it('tells a latency as values and counts even where there was one, everything else by its value', () => {
    const [latency] = metricData([aDatum(1, NOW, { name: 'ImdsLatency', values: [2], counts: [1] })]);
    expect([latency?.Values, latency?.Counts, latency?.Value]).toEqual([[2], [1], undefined]);
    const [margin] = metricData([aDatum(1, NOW, { name: 'CredentialAge', values: [2], counts: [1] })]);
    expect([margin?.Values, margin?.Counts, margin?.Value]).toEqual([undefined, undefined, 2]);
  });

  it('keeps a request below a megabyte', () => {
    const dimensions = Object.fromEntries(ascending(30).map((n) => [`d${n}`, '"'.repeat(1_024)]));
    const data = ascending(100).map((id) => aDatum(id, NOW, { dimensions }));
    const { batches } = batchesOf(data, NOW);
    expect(batches.length).toBeGreaterThan(5);
    for (const batch of batches) holdsLimits(batch);
  });

  it.each([
    ['two weeks and a second old', aDatum(1, NOW - 2 * WEEK - 1), /two weeks/],
    ['two hours and a second ahead', aDatum(1, NOW + 7_201), /two hours ahead/],
    ['half a second', aDatum(1, NOW - 0.5), /whole number/],
    ['NaN', aDatum(1, NOW, { values: [Number.NaN] }), /not a number/],
    ['infinite', aDatum(1, NOW, { values: [Number.POSITIVE_INFINITY] }), /not a number/],
    ['beyond 2^360', aDatum(1, NOW, { values: [2 ** 361] }), /not a number/],
    ['without values', aDatum(1, NOW, { values: [], counts: [] }), /do not match/],
    ['with too few counts', aDatum(1, NOW, { values: [1, 2] }), /do not match/],
    ['with a count of 0', aDatum(1, NOW, { counts: [0] }), /count/],
    ['with a count without end', aDatum(1, NOW, { counts: [Number.POSITIVE_INFINITY] }), /count/],
    ['named in Greek', aDatum(1, NOW, { name: 'Καρδιά' }), /name/],
    ['named after a colon', aDatum(1, NOW, { name: ':x' }), /name/],
    ['with an empty dimension', aDatum(1, NOW, { dimensions: { Fleet: '' } }), /dimension/],
    ['with a control character', aDatum(1, NOW, { dimensions: { Fleet: 'a\u0000b' } }), /dimension/],
    [
      'with 31 dimensions',
      aDatum(1, NOW, { dimensions: Object.fromEntries(ascending(31).map((n) => [`d${n}`, 'x'])) }),
      /too many dimensions/,
    ],
    [
      'larger than a request',
      aDatum(1, NOW, { values: ascending(200_000), counts: ascending(200_000).map(() => 1) }),
      /too large/,
    ],
  ])('sets aside what is %s', (_name, bad, why) => {
    const good = aDatum(2, NOW);
    const { batches, unsendable } = batchesOf([bad, good], NOW);
    expect(batches).toEqual([[good]]);
    expect(unsendable).toEqual([{ datum: bad, why: expect.stringMatching(why) }]);
  });

  it.each([
    ['two weeks old', NOW - 2 * WEEK],
    ['two hours ahead', NOW + 7_200],
  ])('takes what is exactly %s', (_name, timestamp) => {
    expect(batchesOf([aDatum(1, timestamp)], NOW).unsendable).toEqual([]);
  });
});

/** The documentation's limits, written down a second time and independently. */
function holdsLimits(batch: readonly Datum[]): void {
  const data = metricData(batch);
  const body = JSON.stringify({ Namespace: 'n'.repeat(255), MetricData: data });
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_000_000);
  expect(data.length).toBeGreaterThan(0);
  expect(data.length).toBeLessThanOrEqual(1_000);
  for (const { MetricName, Dimensions, Timestamp, Value, Values, Counts } of data) {
    const values = Values ?? [Value];
    expect(values.length).toBeLessThanOrEqual(150);
    expect(Counts?.length ?? 1).toBe(values.length);
    expect(values.every((value) => Number.isFinite(value) && Math.abs(value ?? 0) <= 2 ** 360)).toBe(true);
    expect(Dimensions.length).toBeLessThanOrEqual(30);
    const names = [MetricName, ...Dimensions.flatMap(({ Name, Value: value }) => [Name, value])];
    expect(names.every((name) => /^[\x20-\x7e]+$/.test(name) && name.trim() !== '')).toBe(true);
    const seconds = Timestamp.getTime() / 1_000;
    expect(seconds >= NOW - 2 * WEEK && seconds <= NOW + 7_200).toBe(true);
  }
}
