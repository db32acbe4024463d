// Judges one datagram from a time server: the time, a refusal, a confession, nonsense, or not meant for us.
import {
  decodePacket,
  MODE_SERVER,
  msBetween,
  NTP_VERSION,
  type NtpPacket,
  type NtpTimestamp,
  unixMsFromNtp,
} from './packet.ts';

/** Strata 1 to 15 have time, 16 has none, the rest is reserved (RFC 5905, section 7.3). */
const STRATUM_UNSYNCHRONISED = 16;
const LEAP_UNSYNCHRONISED = 3;
/** MAXDISP: from here on a server is as good as without time (RFC 5905, section 7.2 and appendix A.5.1.1). */
const MAX_ROOT_DISTANCE_MS = 16_000;
/** The codes that ask a client to go away or to ask less; any other has no such meaning (RFC 5905, section 7.4). */
const GO_AWAY_CODES = new Set(['DENY', 'RSTR', 'RATE']);
/**
 * How far the server's own processing time may exceed our round trip. Two good clocks read at a microsecond and
 * slewed at 0.05 % never come near; more means that its clock jumped between its two readings, or that it lies.
 */
const MAX_NEGATIVE_DELAY_MS = 10;
/**
 * Eras are resolved around now, but never around a local clock that was reset to 1970 at boot: no server's time is
 * older than this program. 2026-01-01.
 */
const PIVOT_FLOOR_UNIX_MS = 1_767_225_600_000;

export type Reading =
  | { readonly is: 'time'; readonly packet: NtpPacket }
  /** `code` says why, where the server gives one (INIT, STEP, …). */
  | {
      readonly is: 'unsynchronised';
      readonly packet: NtpPacket;
      readonly why: string;
      readonly code: string | null;
    }
  | { readonly is: 'kiss'; readonly packet: NtpPacket; readonly code: string }
  | { readonly is: 'malformed'; readonly packet: NtpPacket; readonly why: string }
  /** Not an answer to a question of ours; nothing in it can be believed, not even that the server sent it. */
  | { readonly is: 'foreign'; readonly why: string };

/** The kiss code or clock name in a reference id, or null where it is no text of one to four capitals and digits. */
export function referenceText(referenceId: number): string | null {
  const octets = [
    referenceId >>> 24,
    (referenceId >>> 16) & 0xff,
    (referenceId >>> 8) & 0xff,
    referenceId & 0xff,
  ];
  const text = String.fromCharCode(...octets).replace(/[\0 ]+$/, '');
  return /^[A-Z0-9]{1,4}$/.test(text) ? text : null;
}

/**
 * Reads a datagram. `asked` tells whether a nonce belongs to a question still open; every field is checked as
 * RFC 4330, section 5 and RFC 5905, section 9.2 and appendix A.5.1.1 say. Never throws.
 */
export function readAnswer(bytes: Uint8Array, asked: (nonce: NtpTimestamp) => boolean): Reading {
  const packet = decodePacket(bytes);
  if (packet === null) return { is: 'foreign', why: `${bytes.length} bytes are no NTP packet` };
  // The nonce comes first: whoever could not see the question gets no say, a kiss of death included.
  if (!asked(packet.originTime)) return { is: 'foreign', why: 'its origin time is not the one we sent' };

  if (packet.mode !== MODE_SERVER) return malformed(packet, `mode is ${packet.mode} where a server's is 4`);
  if (packet.version !== NTP_VERSION && packet.version !== NTP_VERSION - 1) {
    return malformed(packet, `version is ${packet.version} where ${NTP_VERSION} was asked`);
  }
  return readStatus(packet) ?? readTimes(packet) ?? { is: 'time', packet };
}

const malformed = (packet: NtpPacket, why: string): Reading => ({ is: 'malformed', packet, why });

function readStatus(packet: NtpPacket): Reading | null {
  const { leap, stratum } = packet;
  const code = stratum === 0 ? referenceText(packet.referenceId) : null;
  if (code !== null && GO_AWAY_CODES.has(code)) return { is: 'kiss', packet, code };
  if (stratum > STRATUM_UNSYNCHRONISED) return malformed(packet, `stratum ${stratum} does not exist`);
  if (leap === LEAP_UNSYNCHRONISED || stratum === 0 || stratum === STRATUM_UNSYNCHRONISED) {
    return { is: 'unsynchronised', packet, why: `leap ${leap}, stratum ${stratum}`, code };
  }
  const distanceMs = rootDistanceMs(packet);
  if (distanceMs >= MAX_ROOT_DISTANCE_MS) {
    const why = `it allows for an error of ${Math.round(distanceMs / 1000)} s`;
    return { is: 'unsynchronised', packet, why, code };
  }
  return null;
}

function readTimes(packet: NtpPacket): Reading | null {
  if (packet.transmitTime === 0n) return malformed(packet, 'it gives no transmit time');
  if (packet.receiveTime === 0n) return malformed(packet, 'it gives no receive time');
  if (msBetween(packet.receiveTime, packet.transmitTime) < 0) {
    return malformed(packet, 'it answered before it was asked, by its own clock');
  }
  return null;
}

/** How far the server may be from the primary source, by its own account, in milliseconds. */
export function rootDistanceMs(packet: NtpPacket): number {
  return packet.rootDelayMs / 2 + packet.rootDispersionMs;
}

/** One measurement, against our monotonic clock: nothing that happens to the wall clock meanwhile can touch it. */
export interface Sample {
  readonly packet: NtpPacket;
  /** Server's time (Unix milliseconds) minus our monotonic clock. */
  readonly serverMinusMonotonicMs: number;
  /** Round trip without the server's own processing time. */
  readonly delayMs: number;
  readonly errorBoundMs: number;
}

/**
 * The measurement in a good answer (RFC 5905, section 8), or null when its times contradict ours.
 * `sentMs` and `receivedMs` are monotonic, `wallMs` only chooses the era.
 */
export function sampleFrom(
  packet: NtpPacket,
  sentMs: number,
  receivedMs: number,
  wallMs: number,
): Sample | null {
  const pivotMs = Math.max(wallMs, PIVOT_FLOOR_UNIX_MS);
  const processingMs = msBetween(packet.receiveTime, packet.transmitTime);
  const delayMs = receivedMs - sentMs - processingMs;
  if (delayMs < -MAX_NEGATIVE_DELAY_MS) return null;
  const serverMiddleMs = unixMsFromNtp(packet.receiveTime, pivotMs) + processingMs / 2;
  return {
    packet,
    serverMinusMonotonicMs: serverMiddleMs - (sentMs + receivedMs) / 2,
    delayMs: Math.max(delayMs, 0),
    // A slightly negative delay is an error of the readings, so it widens the bound like a positive one.
    errorBoundMs: Math.abs(delayMs) / 2 + rootDistanceMs(packet),
  };
}
