// CBOR and form decoding: right on what clients send, bounded and quiet on everything else.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCborTexts } from '../../src/simulator/aws/cbor.ts';
import { readForm } from '../../src/simulator/aws/form.ts';
import { readMetricData } from '../../src/simulator/aws/metric-data.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('CBOR', () => {
  // RFC 8949, appendix A.
  it.each<[string, unknown]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f93c00', 1],
    ['f97bff', 65_504],
    ['f90001', 2 ** -24],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['fa47c35000', 100_000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
    ['c1fb41d452d9ec200000', new Date('2013-03-21T20:04:00.500Z')],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['7f657374726561646d696e67ff', 'streaming'],
  ])('%s', (bytes, value) => {
    const decoded = decodeCbor(hex(bytes));
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(value));
    if (typeof value === 'number') expect(decoded).toBe(value);
  });

  it.each([
    '',
    '18',
    '62c3',
    '1c',
    'ff',
    'a10102',
    '9f01',
    '5f6161ff',
    '0000',
    'f8ff',
    'c16161',
    '9bffffffffffffffff',
    '5bffffffffffffffff',
  ])('refuses %j', (bytes) => {
    expect(() => decodeCbor(hex(bytes))).toThrow();
  });

  it('refuses depth', () => {
    expect(decodeCbor(hex(`${'81'.repeat(10)}00`))).toBeDefined();
    expect(() => decodeCbor(hex(`${'81'.repeat(20)}00`))).toThrow('too deep');
    expect(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81))).toThrow('too deep');
  });

  it('keeps __proto__ a key', () => {
    const decoded = decodeCbor(hex('a1 69 5f5f70726f746f5f5f a1 61 61 01')) as object;
    expect(Object.keys(decoded)).toEqual(['__proto__']);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it('reads back the texts it writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ maxLength: 400 }), { maxKeys: 20 }), (texts) => {
        const decoded = decodeCbor(encodeCborTexts(texts)) as Record<string, string>;
        expect(Object.entries(decoded).sort()).toEqual(
          Object.entries(texts)
            .map(([key, text]) => [Buffer.from(key).toString(), Buffer.from(text).toString()])
            .sort(),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('ends on any bytes, with a value or one of two errors', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          expect(error).toSatisfy((one) => one instanceof RangeError || one instanceof TypeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('forms', () => {
  it('make lists and records', () => {
    expect(readForm('A=1&L.member.2.X=b&L.member.1.X=a&R.Y=c&L.member.10.X=z')).toEqual({
      A: '1',
      L: [{ X: 'a' }, { X: 'b' }, { X: 'z' }],
      R: { Y: 'c' },
    });
  });

  it('keep __proto__ a key, and refuse depth', () => {
    expect(Object.keys(readForm('__proto__.a=1') as object)).toEqual(['__proto__']);
    expect(() => readForm(`${'a.'.repeat(50)}b=1`)).toThrow(RangeError);
  });

  it('end on any text, and what they give is judged without a throw', () => {
    const piece = fc.constantFrom(
      'MetricData',
      'member',
      '1',
      '2',
      'Value',
      'Namespace',
      '.',
      '=',
      '&',
      '%',
      'é',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const read = readMetricData(readFormOrNull(pieces.join('')), 1_700_000_000);
        expect(typeof read.ok).toBe('boolean');
      }),
      { numRuns: 1000 },
    );
  });
});

function readFormOrNull(text: string): unknown {
  try {
    return readForm(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return null;
  }
}

it('metric data of any shape is judged without a throw', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          Namespace: fc.anything(),
          MetricData: fc.oneof(
            fc.anything(),
            fc.array(
              fc.object({
                withNullPrototype: true,
                key: fc.constantFrom(
                  'MetricName',
                  'Value',
                  'Values',
                  'Counts',
                  'Dimensions',
                  'Timestamp',
                  'Unit',
                  'StatisticValues',
                  'Name',
                ),
              }),
            ),
          ),
        },
        { requiredKeys: [] },
      ),
      (input) => {
        expect(readMetricData({ ...input, Namespace: 'N' }, 1_700_000_000)).toHaveProperty('ok');
        expect(readMetricData(input, 1_700_000_000)).toHaveProperty('ok');
      },
    ),
    { numRuns: 1000 },
  );
});
