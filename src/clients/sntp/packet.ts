// The 48-byte NTP packet: bytes to fields and back, timestamps to Unix milliseconds (RFC 5905, sections 6 and 7.3).

export const PACKET_BYTES = 48;
/** Longest datagram looked at; extension fields and a MAC (RFC 7822) may follow the header and are not read. */
export const MAX_DATAGRAM_BYTES = 1024;
export const NTP_VERSION = 4;
export const MODE_CLIENT = 3;
export const MODE_SERVER = 4;

/**
 * Seconds since 1900 in 32.32 fixed point, modulo 2^32 seconds: the era is not part of it. Zero means "not known".
 * A bigint, because a double would drop the last eleven bits.
 */
export type NtpTimestamp = bigint;

/** The header, field by field, none of it judged. */
export interface NtpPacket {
  readonly leap: number;
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  /** Log2 seconds, signed. */
  readonly poll: number;
  readonly precision: number;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  /** Four octets: an address, a clock's name or a kiss code, by stratum. */
  readonly referenceId: number;
  readonly referenceTime: NtpTimestamp;
  readonly originTime: NtpTimestamp;
  readonly receiveTime: NtpTimestamp;
  readonly transmitTime: NtpTimestamp;
}

// NTP short format: 16.16 fixed point (RFC 5905, section 6).
const SHORT_UNITS_PER_SECOND = 2 ** 16;
const TIMESTAMP_UNITS_PER_SECOND = 2 ** 32;
const SECONDS_1900_TO_1970 = 2_208_988_800;

const shortToMs = (units: number): number => (units * 1000) / SHORT_UNITS_PER_SECOND;
const msToShort = (ms: number): number => Math.round((ms * SHORT_UNITS_PER_SECOND) / 1000);

/** The header of a datagram, or null when its length cannot be that of an NTP packet. Never throws. */
export function decodePacket(bytes: Uint8Array): NtpPacket | null {
  if (bytes.length < PACKET_BYTES || bytes.length > MAX_DATAGRAM_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACKET_BYTES);
  const first = view.getUint8(0);
  return {
    leap: first >> 6,
    version: (first >> 3) & 0b111,
    mode: first & 0b111,
    stratum: view.getUint8(1),
    poll: view.getInt8(2),
    precision: view.getInt8(3),
    rootDelayMs: shortToMs(view.getUint32(4)),
    rootDispersionMs: shortToMs(view.getUint32(8)),
    referenceId: view.getUint32(12),
    referenceTime: view.getBigUint64(16),
    originTime: view.getBigUint64(24),
    receiveTime: view.getBigUint64(32),
    transmitTime: view.getBigUint64(40),
  };
}

/** The inverse of `decodePacket`. */
export function encodePacket(packet: NtpPacket): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (packet.leap << 6) | (packet.version << 3) | packet.mode);
  view.setUint8(1, packet.stratum);
  view.setInt8(2, packet.poll);
  view.setInt8(3, packet.precision);
  view.setUint32(4, msToShort(packet.rootDelayMs));
  view.setUint32(8, msToShort(packet.rootDispersionMs));
  view.setUint32(12, packet.referenceId);
  view.setBigUint64(16, packet.referenceTime);
  view.setBigUint64(24, packet.originTime);
  view.setBigUint64(32, packet.receiveTime);
  view.setBigUint64(40, packet.transmitTime);
  return bytes;
}

/**
 * A client's question. The transmit time is a random number in place of our clock: the server has to send it back as
 * origin time, so an answer made without seeing the question does not pass, and the question tells nobody our time.
 */
export function encodeRequest(nonce: NtpTimestamp): Uint8Array {
  return encodePacket({
    leap: 0,
    version: NTP_VERSION,
    mode: MODE_CLIENT,
    stratum: 0,
    poll: 0,
    precision: 0,
    rootDelayMs: 0,
    rootDispersionMs: 0,
    referenceId: 0,
    referenceTime: 0n,
    originTime: 0n,
    receiveTime: 0n,
    transmitTime: nonce,
  });
}

/**
 * Unix milliseconds of a timestamp, in the era that puts it within 68 years of `pivotUnixMs`: era 1 begins on
 * 2036-02-07 (RFC 5905, section 6). Good to a quarter of a microsecond, the resolution of a double this large.
 */
export function unixMsFromNtp(timestamp: NtpTimestamp, pivotUnixMs: number): number {
  const pivot = BigInt(Math.floor(pivotUnixMs / 1000) + SECONDS_1900_TO_1970) << 32n;
  const whole = pivot + BigInt.asIntN(64, timestamp - pivot);
  const seconds = Number(whole >> 32n) - SECONDS_1900_TO_1970;
  return seconds * 1000 + (Number(whole & 0xffff_ffffn) * 1000) / TIMESTAMP_UNITS_PER_SECOND;
}

/** The timestamp of a Unix time in milliseconds; its era is lost. */
export function ntpFromUnixMs(unixMs: number): NtpTimestamp {
  const seconds = Math.floor(unixMs / 1000);
  const units = Math.round(((unixMs - seconds * 1000) * TIMESTAMP_UNITS_PER_SECOND) / 1000);
  return BigInt.asUintN(64, (BigInt(seconds + SECONDS_1900_TO_1970) << 32n) + BigInt(units));
}

/** Milliseconds from one timestamp to another, right across the end of an era; signed. */
export function msBetween(from: NtpTimestamp, to: NtpTimestamp): number {
  return (Number(BigInt.asIntN(64, to - from)) * 1000) / TIMESTAMP_UNITS_PER_SECOND;
}
