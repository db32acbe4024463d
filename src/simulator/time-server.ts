// An SNTP server that tells the box's true time (RFC 5905, section 7.3), or whatever a scenario makes it tell.
import { createSocket } from 'node:dgram';
import type { TimeServerBehaviour } from './behaviour.ts';
import type { LoopbackHost } from './door.ts';

export interface TimeServer {
  readonly port: number;
  requests(): number;
  close(): Promise<void>;
}

const PACKET_BYTES = 48;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800;
const TWO_TO_32 = 2 ** 32;
const REFERENCE_AGE_MS = 16_000;
/** 2^-20 s: about a microsecond. */
const PRECISION = -20;
const UNSYNCHRONISED = 3;

const OFFSETS = { rootDelay: 4, rootDispersion: 8, referenceId: 12, reference: 16, origin: 24 };
const RECEIVE_AT = 32;
const TRANSMIT_AT = 40;

/** 64 bits: seconds since 1900 modulo 2^32 (the era is not sent), and the fraction of a second. */
function writeTimestamp(packet: DataView, at: number, epochMs: number): void {
  const seconds = Math.floor(epochMs / 1000);
  const fraction = (epochMs - seconds * 1000) / 1000;
  packet.setUint32(at, (((seconds + NTP_EPOCH_SECONDS) % TWO_TO_32) + TWO_TO_32) % TWO_TO_32);
  packet.setUint32(at + 4, Math.floor(fraction * TWO_TO_32) % TWO_TO_32);
}

/** NTP's short format: 16 bits of seconds, 16 of fraction. */
const shortFormat = (ms: number): number => Math.max(0, Math.round((ms / 1000) * 65_536)) % TWO_TO_32;

function referenceIdBytes(referenceId: string): Uint8Array {
  const octets = referenceId.split('.').map(Number);
  const isAddress = octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255);
  const bytes = new Uint8Array(4);
  bytes.set(isAddress ? octets : Buffer.from(referenceId, 'latin1').subarray(0, 4));
  return bytes;
}

/** The reply to one request. `receivedMs` and `nowMs` are what this server takes for the time. */
export function timeReply(
  request: Uint8Array,
  behaviour: TimeServerBehaviour,
  receivedMs: number,
  nowMs: () => number,
): Uint8Array {
  const reply = new Uint8Array(PACKET_BYTES);
  const view = new DataView(reply.buffer);
  const version = ((request[0] ?? 0) >> 3) & 7;
  view.setUint8(0, (behaviour.leap << 6) | (version << 3) | MODE_SERVER);
  view.setUint8(1, behaviour.stratum);
  view.setUint8(2, request[2] ?? 0);
  view.setInt8(3, PRECISION);
  view.setUint32(OFFSETS.rootDelay, shortFormat(behaviour.rootDelayMs));
  view.setUint32(OFFSETS.rootDispersion, shortFormat(behaviour.rootDispersionMs));
  reply.set(referenceIdBytes(behaviour.referenceId), OFFSETS.referenceId);
  // A clock that was never set has no reference time.
  if (behaviour.leap !== UNSYNCHRONISED) {
    writeTimestamp(view, OFFSETS.reference, receivedMs - REFERENCE_AGE_MS);
  }
  reply.set(request.subarray(TRANSMIT_AT, PACKET_BYTES), OFFSETS.origin);
  writeTimestamp(view, RECEIVE_AT, receivedMs);
  writeTimestamp(view, TRANSMIT_AT, nowMs());
  return reply;
}

/** Starts the server. `nowMs` is the box's true time. */
export function startTimeServer(
  behaviour: () => TimeServerBehaviour,
  nowMs: () => number,
  host: LoopbackHost,
  port: number,
): Promise<TimeServer> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  let requests = 0;
  socket.on('message', (request, sender) => {
    const told = (): number => nowMs() + behaviour().offsetMs;
    const receivedMs = told();
    if (request.length < PACKET_BYTES || ((request[0] ?? 0) & 7) !== MODE_CLIENT) return;
    requests += 1;
    const now = behaviour();
    if (now.silent) return;
    const reply = timeReply(request, now, receivedMs, told);
    const sent = now.rewrite === null ? reply : now.rewrite(reply, request);
    // The client may be gone by now; that is its business.
    if (sent !== null) socket.send(sent, sender.port, sender.address, () => {});
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve({
        port: socket.address().port,
        requests: () => requests,
        close: () => new Promise((done) => socket.close(() => done())),
      });
    });
  });
}
