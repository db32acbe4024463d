// The short form of a cycle's metrics: nothing gets lost in it, and nothing damaged comes out of it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Metric } from '../../src/core/metric.ts';
import { pack, type Slot, unpack } from '../../src/recorder/packed.ts';
import { judged, scenarioReport } from '../support/report-builder.ts';
import { healthySnapshot } from '../support/snapshot.ts';

const metric: fc.Arbitrary<Metric> = fc
  .record({
    name: fc.string(),
    unit: fc.constantFrom('Seconds' as const, 'Milliseconds' as const, 'Count' as const),
    pairs: fc.array(fc.tuple(fc.double(), fc.nat()), { maxLength: 4 }),
    dimensions: fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      fc.string(),
      { maxKeys: 3, noNullPrototype: true },
    ),
  })
  .map(({ pairs, ...rest }) => ({
    ...rest,
    // JSON knows neither -0 nor infinities.
    values: pairs.map(([value]) => (Number.isFinite(value) ? value + 0 : Number.NaN)),
    counts: pairs.map(([, count]) => count),
  }));

describe('a packed cycle', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.option(metric)), (slots: readonly Slot[]) => {
        expect(unpack(pack(slots))).toEqual(slots);
      }),
    );
  });

  it('takes little: 13 days of cycles fit into 16 MB', () => {
    const cycles = (13 * 86_400) / 60;
    for (const report of [judged(healthySnapshot()), scenarioReport('expired')]) {
      expect(report.metrics.length).toBeGreaterThan(11);
      expect((pack(report.metrics).length + 64) * cycles).toBeLessThan(16_000_000);
    }
  });

  it.each([
    '',
    'null',
    '{}',
    '[]',
    '[[],[]',
    '[[],[1]]',
    '[[{"a":1}],[]]',
    '[["x"],[]]',
    '[[{}],[["A","Bytes",0,1]]]',
    '[[{}],[["A","Count",1,1]]]',
    '[[{}],[["A","Count",-1,1]]]',
    '[[{}],[[7,"Count",0,1]]]',
    '[[{}],[["A","Count",0,"1"]]]',
    '[[{}],[["A","Count",0,[1],"x"]]]',
    '[[{}],[["A","Count",0,[1]]]]',
  ])('is refused where it is damaged: %s', (text) => {
    expect(unpack(text)).toBeNull();
  });

  it('survives anything', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void unpack(text)));
  });
});
