// Holds the NTP codec to round trips over every field and to arbitrary bytes, and timestamps to both eras.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePacket,
  encodePacket,
  encodeRequest,
  MAX_DATAGRAM_BYTES,
  msBetween,
  type NtpPacket,
  ntpFromUnixMs,
  PACKET_BYTES,
  unixMsFromNtp,
} from '../../../src/clients/sntp/packet.ts';

const bits = (count: number) => fc.nat(2 ** count - 1);
const short = fc.nat(2 ** 32 - 1).map((units) => (units * 1000) / 2 ** 16);
const timestamp = fc.bigInt(0n, 2n ** 64n - 1n);
const packets: fc.Arbitrary<NtpPacket> = fc.record({
  leap: bits(2),
  version: bits(3),
  mode: bits(3),
  stratum: bits(8),
  poll: fc.integer({ min: -128, max: 127 }),
  precision: fc.integer({ min: -128, max: 127 }),
  rootDelayMs: short,
  rootDispersionMs: short,
  referenceId: bits(32),
  referenceTime: timestamp,
  originTime: timestamp,
  receiveTime: timestamp,
  transmitTime: timestamp,
});

describe('packet', () => {
  it('survives encoding and decoding in every field', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodePacket(encodePacket(packet))).toEqual(packet);
      }),
    );
  });

  it('is the same bytes again, whatever they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: PACKET_BYTES, maxLength: PACKET_BYTES }), (bytes) => {
        const packet = decodePacket(bytes);
        expect(packet && encodePacket(packet)).toEqual(bytes);
      }),
    );
  });

  it('is read from arbitrary bytes without a throw, and only where the length is one of a packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500, size: 'max' }), (bytes) => {
        const fits = bytes.length >= PACKET_BYTES && bytes.length <= MAX_DATAGRAM_BYTES;
        expect(decodePacket(bytes) !== null).toBe(fits);
      }),
    );
  });

  it('is read from the middle of a larger buffer', () => {
    const whole = new Uint8Array(200);
    whole.set(encodeRequest(0x0102_0304_0506_0708n), 77);
    expect(decodePacket(whole.subarray(77, 77 + PACKET_BYTES))?.transmitTime).toBe(0x0102_0304_0506_0708n);
  });

  it('asks as a version 4 client and tells nothing but the nonce', () => {
    const bytes = encodeRequest(0xffff_ffff_ffff_ffffn);
    expect([...bytes]).toEqual([0x23, ...Array(39).fill(0), ...Array(8).fill(255)]);
  });

  it.each([
    // The bytes of a header field by field, so that an offset shared by both directions can't hide.
    ['leap, version, mode', 0, 0b11_100_100, { leap: 3, version: 4, mode: 4 }],
    ['stratum', 1, 16, { stratum: 16 }],
    ['poll', 2, 0xff, { poll: -1 }],
    ['precision', 3, 0xe6, { precision: -26 }],
    ['root delay', 5, 1, { rootDelayMs: 1000 }],
    ['root dispersion', 9, 1, { rootDispersionMs: 1000 }],
    ['reference id', 12, 0x52, { referenceId: 0x5200_0000 }],
    ['reference time', 23, 1, { referenceTime: 1n }],
    ['origin time', 31, 1, { originTime: 1n }],
    ['receive time', 39, 1, { receiveTime: 1n }],
    ['transmit time', 47, 1, { transmitTime: 1n }],
  ])('has %s at its place', (_, at, octet, fields) => {
    const bytes = new Uint8Array(PACKET_BYTES);
    bytes[at] = octet;
    expect(decodePacket(bytes)).toMatchObject(fields);
  });
});

const utc = (iso: string): number => Date.parse(iso);

describe('timestamps', () => {
  it.each([
    ['2026-11-23T15:00:00.500Z', 0xeeae_d370_8000_0000n],
    ['1970-01-01T00:00:00.000Z', 0x83aa_7e80_0000_0000n],
    ['2036-02-07T06:28:15.000Z', 0xffff_ffff_0000_0000n],
    ['2036-02-07T06:28:16.000Z', 0n],
    ['2036-02-07T06:28:17.250Z', 0x0000_0001_4000_0000n],
  ])('%s is the right number', (iso, expected) => {
    expect(ntpFromUnixMs(utc(iso))).toBe(expected);
    expect(unixMsFromNtp(expected, utc('2030-01-01T00:00:00Z'))).toBe(utc(iso));
  });

  it.each([
    ['just before the rollover, seen from after it', '2036-02-07T06:28:15Z', '2036-03-01T00:00:00Z'],
    ['just after the rollover, seen from before it', '2036-02-07T06:28:17Z', '2036-01-01T00:00:00Z'],
    ['today, seen from a clock 60 years fast', '2026-11-23T00:00:00Z', '2086-11-23T00:00:00Z'],
    ['today, seen from a clock at 1970', '2026-11-23T00:00:00Z', '1970-01-01T00:00:00Z'],
    ['in era 2', '2172-04-01T00:00:00Z', '2172-03-01T00:00:00Z'],
  ])('%s', (_, iso, pivot) => {
    expect(unixMsFromNtp(ntpFromUnixMs(utc(iso)), utc(pivot))).toBe(utc(iso));
  });

  it('come back to a microsecond within 68 years of the pivot', () => {
    const pivot = utc('2030-01-01T00:00:00Z');
    const years68 = 2 ** 31 * 1000 - 2000;
    fc.assert(
      fc.property(fc.double({ min: -years68, max: years68, noNaN: true }), (distance) => {
        const back = unixMsFromNtp(ntpFromUnixMs(pivot + distance), pivot);
        expect(Math.abs(back - (pivot + distance))).toBeLessThan(0.001);
      }),
    );
  });

  it('differ by what lies between them, across the end of an era too', () => {
    const from = utc('2036-02-07T06:28:15.750Z');
    expect(msBetween(ntpFromUnixMs(from), ntpFromUnixMs(from + 500))).toBe(500);
    expect(msBetween(ntpFromUnixMs(from + 500), ntpFromUnixMs(from))).toBe(-500);
  });
});
