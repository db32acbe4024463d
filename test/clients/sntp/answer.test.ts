// Holds the judgement of a time server's datagram to a table of every rule, and to arbitrary bytes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer, referenceText, rootDistanceMs, sampleFrom } from '../../../src/clients/sntp/answer.ts';
import { encodePacket, ntpFromUnixMs } from '../../../src/clients/sntp/packet.ts';
import { aPacket, referenceId } from './scripted-server.ts';

const NONCE = 0x1122_3344_5566_7788n;
const good = { originTime: NONCE };

describe('an answer', () => {
  it.each([
    ['good', {}, 'time', ''],
    ['version 3', { version: 3 }, 'time', ''],
    ['a leap second today', { leap: 1 }, 'time', ''],
    ['stratum 15', { stratum: 15 }, 'time', ''],
    ['a root distance just below 16 s', { rootDelayMs: 20_000, rootDispersionMs: 5999 }, 'time', ''],
    ['not our nonce', { originTime: NONCE + 1n }, 'foreign', 'origin'],
    ['no nonce', { originTime: 0n }, 'foreign', 'origin'],
    ['mode 5, broadcast', { mode: 5 }, 'malformed', 'mode is 5'],
    ['mode 3, our own question back', { mode: 3 }, 'malformed', 'mode is 3'],
    ['version 2', { version: 2 }, 'malformed', 'version is 2'],
    ['version 7', { version: 7 }, 'malformed', 'version is 7'],
    ['leap 3', { leap: 3 }, 'unsynchronised', 'leap 3, stratum 3'],
    ['stratum 0', { stratum: 0, referenceId: 0 }, 'unsynchronised', 'stratum 0'],
    ['stratum 16', { stratum: 16 }, 'unsynchronised', 'stratum 16'],
    ['stratum 17', { stratum: 17 }, 'malformed', 'stratum 17 does not exist'],
    ['stratum 255', { stratum: 255, leap: 3 }, 'malformed', 'stratum 255 does not exist'],
    ['a root distance of 16 s', { rootDelayMs: 20_000, rootDispersionMs: 6000 }, 'unsynchronised', '16 s'],
    ['a negative root delay', { rootDelayMs: 65_535_000 }, 'unsynchronised', 'error of'],
    ['DENY', { leap: 3, stratum: 0, referenceId: referenceId('DENY') }, 'kiss', 'DENY'],
    ['RSTR', { leap: 3, stratum: 0, referenceId: referenceId('RSTR') }, 'kiss', 'RSTR'],
    ['RATE with leap 0', { leap: 0, stratum: 0, referenceId: referenceId('RATE') }, 'kiss', 'RATE'],
    [
      'RATE for a foreign nonce',
      { originTime: 1n, stratum: 0, referenceId: referenceId('RATE') },
      'foreign',
      '',
    ],
    ['RATE beside a stratum', { stratum: 3, referenceId: referenceId('RATE') }, 'time', ''],
    ['INIT', { leap: 3, stratum: 0, referenceId: referenceId('INIT') }, 'unsynchronised', 'INIT'],
    ['an unknown code', { stratum: 0, referenceId: referenceId('XYZ') }, 'unsynchronised', 'XYZ'],
    ['no transmit time', { transmitTime: 0n }, 'malformed', 'transmit time'],
    ['no receive time', { receiveTime: 0n }, 'malformed', 'receive time'],
    [
      'answered before asked',
      { receiveTime: ntpFromUnixMs(2000), transmitTime: ntpFromUnixMs(1999) },
      'malformed',
      'before it was asked',
    ],
  ])('%s', (_, fields, is, words) => {
    const reading = readAnswer(encodePacket(aPacket({ ...good, ...fields })), (nonce) => nonce === NONCE);
    expect(reading.is).toBe(is);
    const { packet: _packet, ...rest } = { packet: null, ...reading };
    expect(JSON.stringify(rest)).toContain(words);
  });

  it.each([
    [0, 'foreign'],
    [47, 'foreign'],
    [48, 'time'],
    [68, 'time'],
    [1024, 'time'],
    [1025, 'foreign'],
    [65_507, 'foreign'],
  ])('of %i bytes is %s', (length, is) => {
    const bytes = new Uint8Array(length);
    bytes.set(encodePacket(aPacket(good)).subarray(0, length));
    expect(readAnswer(bytes, (nonce) => nonce === NONCE).is).toBe(is);
  });

  it('never throws, whatever the bytes, and believes none without the nonce', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), fc.boolean(), (bytes, ours) => {
        const reading = readAnswer(bytes, () => ours);
        expect(['time', 'unsynchronised', 'kiss', 'malformed', 'foreign']).toContain(reading.is);
        if (!ours) expect(reading.is).toBe('foreign');
      }),
      { numRuns: 500 },
    );
  });

  it('that counts as the time makes a finite measurement or none', () => {
    const headers = fc.uint8Array({ minLength: 48, maxLength: 48 }).map((bytes) => {
      bytes[0] = 0x24;
      bytes[1] = 2;
      bytes.fill(0, 4, 12);
      return bytes;
    });
    fc.assert(
      fc.property(headers, (bytes) => {
        const reading = readAnswer(bytes, () => true);
        if (reading.is !== 'time') return;
        const sample = sampleFrom(reading.packet, 1000, 1001, Date.parse('2026-11-23T00:00:00Z'));
        if (sample !== null) expect(Number.isFinite(sample.serverMinusMonotonicMs)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a reference id', () => {
  it.each([
    ['RATE', referenceId('RATE'), 'RATE'],
    ['GPS, padded', referenceId('GPS\0'), 'GPS'],
    ['nothing', 0, null],
    ['127.127.1.1', 0x7f7f_0101, null],
    ['control characters', 0x0a0d_1b00, null],
    ['lower case', referenceId('rate'), null],
  ])('%s', (_, id, text) => {
    expect(referenceText(id)).toBe(text);
  });
});

describe('a measurement', () => {
  const wallMs = Date.parse('2026-11-23T12:00:00Z');
  const sampleAt = (
    receiveMs: number,
    transmitMs: number,
    sentMs: number,
    receivedMs: number,
    wall = wallMs,
  ) =>
    sampleFrom(
      aPacket({
        receiveTime: ntpFromUnixMs(receiveMs),
        transmitTime: ntpFromUnixMs(transmitMs),
        rootDelayMs: 1000,
        rootDispersionMs: 250,
      }),
      sentMs,
      receivedMs,
      wall,
    );

  it.each([
    // receive and transmit relative to the wall clock, sent and received on the monotonic clock
    ['all alike', 0, 0, 0, 0, { offset: 0, delayMs: 0, errorBoundMs: 750 }],
    ['a round trip', 5, 5, 0, 10, { offset: 0, delayMs: 10, errorBoundMs: 755 }],
    ['a slow local clock', 400_005, 400_007, 0, 12, { offset: 400_000, delayMs: 10, errorBoundMs: 755 }],
    ['a fast local clock', -399_995, -399_993, 0, 12, { offset: -400_000, delayMs: 10, errorBoundMs: 755 }],
    ['one way only', 10, 10, 0, 10, { offset: 5, delayMs: 10, errorBoundMs: 755 }],
    ['readings that cross a little', 0, 4, 0, 2, { offset: 1, delayMs: 0, errorBoundMs: 751 }],
  ])('%s', (_, receive, transmit, sent, received, expected) => {
    const sample = sampleAt(wallMs + receive, wallMs + transmit, sent, received);
    expect(sample?.serverMinusMonotonicMs).toBeCloseTo(wallMs + expected.offset, 2);
    expect(sample?.delayMs).toBeCloseTo(expected.delayMs, 5);
    expect(sample?.errorBoundMs).toBeCloseTo(expected.errorBoundMs, 5);
  });

  it('is none where the server was busy longer than its answer was under way', () => {
    expect(sampleAt(wallMs, wallMs + 400_000, 0, 2)).toBeNull();
  });

  it('finds the era of the server although the local clock was reset to 1970', () => {
    const in2040 = Date.parse('2040-05-05T00:00:00Z');
    expect(sampleAt(in2040, in2040, 0, 0, 12_000)?.serverMinusMonotonicMs).toBe(in2040);
  });

  it('is bounded by the root distance the server admits', () => {
    expect(rootDistanceMs(aPacket({ rootDelayMs: 3000, rootDispersionMs: 500 }))).toBe(2000);
  });
});
