// IP addresses as text and numbers, by the C library's rules.

import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4, ipv4Loose, ipv6, ipv6Text, samePrefix } from '../../../src/facts/proxy/address.ts';

describe('IPv4', () => {
  test.each([
    ['169.254.169.254', [169, 254, 169, 254]],
    ['0.0.0.0', [0, 0, 0, 0]],
  ])('%s', (text, bytes) => expect(ipv4(text)).toEqual(bytes));

  test.each(['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', '1.2.3.4 ', '0x1.2.3.4', '1..2.3'])(
    'not %j',
    (text) => expect(ipv4(text)).toBeUndefined(),
  );

  test('as node:net says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.string()), (text) => {
        expect(ipv4(text) !== undefined).toBe(isIPv4(text));
      }),
    );
  });

  test.each([
    ['169.254.169.254', [169, 254, 169, 254]],
    ['2852039166', [169, 254, 169, 254]],
    ['0xa9fea9fe', [169, 254, 169, 254]],
    ['0251.0376.0251.0376', [169, 254, 169, 254]],
    ['169.254', [169, 0, 0, 254]],
    ['169.254.43518', [169, 254, 169, 254]],
    ['1', [0, 0, 0, 1]],
  ])('loosely %s', (text, bytes) => expect(ipv4Loose(text)).toEqual(bytes));

  test.each(['', '4294967296', '256.1', '1.2.3.4.5', 'a', '08', '1.', '0x', '1.2.65536'])(
    'not even loosely %j',
    (text) => expect(ipv4Loose(text)).toBeUndefined(),
  );
});

describe('IPv6', () => {
  test.each([
    '::',
    '::1',
    'fd00:ec2::254',
    'FD00:EC2::254',
    '::ffff:169.254.169.254',
    '1:2:3:4:5:6:7:8',
    '1::8',
  ])('%s', (text) => expect(ipv6(text)).toHaveLength(16));

  test.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::1%lo',
    '1.2.3.4::',
    '[::1]',
    '1::2::3',
  ])('not %j', (text) => expect(ipv6(text)).toBeUndefined());

  test('as node:net says, and back to the shortest spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.string()), (text) => {
        const bytes = ipv6(text);
        expect(bytes !== undefined).toBe(isIPv6(text) && !text.includes('%'));
        if (bytes === undefined) return;
        expect(ipv6(ipv6Text(bytes))).toEqual(bytes);
        expect(`[${ipv6Text(bytes)}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });
});

test('prefixes, as node:net compares them', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), (a, b, bits) => {
      const list = new BlockList();
      list.addSubnet(a, bits);
      expect(samePrefix(ipv4(a) ?? [], ipv4(b) ?? [], bits)).toBe(list.check(b));
    }),
  );
  expect(samePrefix([1, 2, 3, 4], [4, 3, 2, 1], 0)).toBe(true);
  expect(samePrefix([1, 2, 3, 4], [1, 2, 3, 4], 33)).toBe(false);
  expect(samePrefix([1, 2, 3, 4], ipv6('::1') ?? [], 8)).toBe(false);
});
