// Asks one time server at one address: a few exchanges on a connected UDP socket, the one with the least delay wins.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { TimeServerAnswer, TimeServerState } from '../../core/clock.ts';
import type { FailureKind } from '../../core/outcome.ts';
import type { ClockPort } from '../../core/ports.ts';
import { shownText } from '../../core/text.ts';
import { type Reading, readAnswer, type Sample, sampleFrom } from './answer.ts';
import { encodeRequest, type NtpPacket, type NtpTimestamp } from './packet.ts';
import { tieClocks } from './tie.ts';

/** Questions sent into silence before a server counts as unreachable: one lost packet must not decide. */
const TRIES = 2;
/** A server that has answered once is waited for this many of its own delays, and at least this long. */
const PATIENCE_DELAYS = 4;
const PATIENCE_MIN_MS = 100;
/** Packets that are no answer to us, after which a server has had its chance. */
const MAX_FOREIGN = 64;
const NONCE_BYTES = 8;

export interface AskOptions {
  readonly exchanges: number;
  readonly timeoutMs: number;
  readonly clock: ClockPort;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Where to ask: `server` is how the answer calls it, `address` an IP address. */
export interface Target {
  readonly server: string;
  readonly address: string;
  readonly port: number;
}

// What the system says when a datagram can't go out or comes back as an ICMP error.
const FAILURE_OF_ERRNO: Readonly<Record<string, readonly [FailureKind, string]>> = {
  ECONNREFUSED: ['refused', 'nobody listens there, or a firewall rejects it'],
  EPERM: ['refused', 'a firewall or sandbox of this host forbids sending to it'],
  EACCES: ['refused', 'a firewall or sandbox of this host forbids sending to it'],
  ENETUNREACH: ['unroutable', 'this host has no route to it'],
  EHOSTUNREACH: ['unroutable', 'this host has no way to it'],
  EADDRNOTAVAIL: ['unroutable', 'this host has no address of that kind'],
  EAFNOSUPPORT: ['unroutable', 'this host does not speak that kind of address'],
};

/** An answer without a measurement. `detail` goes on where "the server" left off. */
export function noTime(
  server: string,
  state: Exclude<TimeServerState, 'valid'>,
  detail: string,
  more: {
    packet?: NtpPacket | null;
    kissCode?: string | null;
    exchanges?: number;
    failure?: FailureKind;
  } = {},
): TimeServerAnswer {
  return {
    server,
    state,
    detail: shownText(detail),
    offsetMs: null,
    errorBoundMs: null,
    delayMs: null,
    stratum: more.packet?.stratum ?? null,
    leap: more.packet?.leap ?? null,
    kissCode: more.kissCode ?? null,
    exchanges: more.exchanges ?? 0,
    failure: more.failure ?? null,
  };
}

/**
 * Asks the server until it has answered `exchanges` times, or has had its chance. Never rejects; ends at the latest
 * after one time-out, or at once when `signal` fires, with what was measured until then.
 * `onHeard` is called as soon as the server has answered anything.
 */
export function askServer(
  target: Target,
  options: AskOptions,
  signal: AbortSignal,
  onHeard: () => void,
): Promise<TimeServerAnswer> {
  return new Promise((resolve) => {
    const conversation = new Conversation(target, options, signal, onHeard, resolve);
    conversation.begin();
  });
}

const micro = (ms: number): number => Math.round(ms * 1000) / 1000;

/** The state between the first question and the answer's resolution; used once. */
class Conversation {
  private readonly target: Target;
  private readonly options: AskOptions;
  private readonly signal: AbortSignal;
  private readonly onHeard: () => void;
  private readonly resolve: (answer: TimeServerAnswer) => void;
  private readonly socket: Socket;
  /** Nonces not yet answered, with when they left: a late answer to the first try still counts. */
  private readonly open = new Map<NtpTimestamp, number>();
  private readonly beganMs: number;
  private best: Sample | null = null;
  private answered = 0;
  private sent = 0;
  private foreign = 0;
  private foreignWhy = '';
  private kissCode: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(
    target: Target,
    options: AskOptions,
    signal: AbortSignal,
    onHeard: () => void,
    resolve: (answer: TimeServerAnswer) => void,
  ) {
    this.target = target;
    this.options = options;
    this.signal = signal;
    this.onHeard = onHeard;
    this.resolve = resolve;
    this.beganMs = options.clock.monotonicMs();
    // Node's pattern of an IPv6 address takes milliseconds to compile.
    this.socket = createSocket(isIPv4(target.address) ? 'udp4' : 'udp6');
  }

  begin(): void {
    this.socket.on('message', (bytes) => this.hear(bytes, this.options.clock.monotonicMs()));
    this.socket.on('error', (error) => this.fail(error));
    if (this.signal.aborted) {
      this.interrupt();
      return;
    }
    this.signal.addEventListener('abort', this.interrupt, { once: true });
    // Connected, the kernel drops what comes from elsewhere and hands us ICMP errors.
    this.socket.connect(this.target.port, this.target.address, (error?: Error) => {
      if (error) this.fail(error);
      else this.ask();
    });
  }

  private ask(): void {
    if (this.ended) return;
    const nonce = this.freshNonce();
    const waitMs =
      this.best === null
        ? // One time-out for all tries: a lost packet is asked for again before the patience for it has run out.
          this.options.timeoutMs / TRIES
        : Math.min(this.options.timeoutMs, Math.max(PATIENCE_MIN_MS, PATIENCE_DELAYS * this.best.delayMs));
    const request = encodeRequest(nonce);
    this.sent += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.silence(), waitMs);
    this.open.set(nonce, this.options.clock.monotonicMs());
    this.socket.send(request, (error) => {
      if (error) this.fail(error);
    });
  }

  /** Never zero, which is what a server without a question would send back. */
  private freshNonce(): NtpTimestamp {
    const bytes = this.options.randomBytes(NONCE_BYTES);
    const nonce = new DataView(bytes.buffer, bytes.byteOffset, NONCE_BYTES).getBigUint64(0);
    return nonce === 0n ? 1n : nonce;
  }

  private hear(bytes: Uint8Array, receivedMs: number): void {
    if (this.ended) return;
    const reading = readAnswer(bytes, (nonce) => this.open.has(nonce));
    if (reading.is === 'foreign') {
      this.foreign += 1;
      this.foreignWhy = reading.why;
      if (this.foreign >= MAX_FOREIGN) this.giveUp('no-answer');
      return;
    }
    this.onHeard();
    if (reading.is === 'time') this.measure(reading.packet, receivedMs);
    else this.refuse(reading);
  }

  private measure(packet: NtpPacket, receivedMs: number): void {
    const sentMs = this.open.get(packet.originTime) ?? receivedMs;
    this.open.delete(packet.originTime);
    const sample = sampleFrom(packet, sentMs, receivedMs, this.options.clock.wallMs());
    if (sample === null) {
      this.refuse({ is: 'malformed', packet, why: 'it was busy longer than its answer was under way' });
      return;
    }
    if (this.best === null || sample.delayMs < this.best.delayMs) this.best = sample;
    this.answered += 1;
    // A late answer to an earlier try brings no further question, or a slow server would get one too many.
    if (this.answered >= this.options.exchanges) this.settle();
    else if (this.sent < this.options.exchanges + TRIES - 1) this.ask();
  }

  private refuse(reading: Exclude<Reading, { is: 'foreign' | 'time' }>): void {
    const { packet } = reading;
    const { server } = this.target;
    const exchanges = this.sent;
    if (reading.is === 'unsynchronised') {
      const code = reading.code === null ? '' : `, code ${reading.code}`;
      const detail = `says of itself that it is not synchronised (${reading.why}${code})`;
      this.end(noTime(server, 'unsynchronised', detail, { packet, kissCode: reading.code, exchanges }));
    } else if (this.best !== null) {
      // It has given good time before; that it then asks for peace or stumbles does not make it wrong.
      if (reading.is === 'kiss') this.kissCode = reading.code;
      this.settle();
    } else if (reading.is === 'kiss') {
      const detail = `refuses to serve this client (kiss code ${reading.code})`;
      this.end(noTime(server, 'kiss', detail, { packet, kissCode: reading.code, exchanges }));
    } else {
      this.end(noTime(server, 'malformed', `breaks the protocol: ${reading.why}`, { packet, exchanges }));
    }
  }

  private silence(): void {
    if (this.best === null && this.sent < TRIES) this.ask();
    else this.giveUp('no-answer');
  }

  private readonly interrupt = (): void => this.giveUp('interrupted');

  /** Nothing more will come: what was measured counts, else say what silence it was. */
  private giveUp(why: 'no-answer' | 'interrupted'): void {
    if (this.best !== null) {
      this.settle();
      return;
    }
    const { server } = this.target;
    const exchanges = this.sent;
    if (this.foreign > 0) {
      const detail = `breaks the protocol: it sends packets, but no answer to us (${this.foreignWhy})`;
      this.end(noTime(server, 'malformed', detail, { exchanges }));
      return;
    }
    const waitedMs = Math.round(this.options.clock.monotonicMs() - this.beganMs);
    const until =
      why === 'interrupted' && typeof this.signal.reason === 'string' ? `, ${this.signal.reason}` : '';
    const detail = `did not answer within ${waitedMs} ms${until}`;
    this.end(noTime(server, 'unreachable', detail, { exchanges, failure: 'response-timeout' }));
  }

  private fail(error: NodeJS.ErrnoException): void {
    if (this.ended) return;
    if (this.best !== null) {
      this.settle();
      return;
    }
    const code = error.code ?? error.name;
    const [failure, words] = FAILURE_OF_ERRNO[code] ?? ['unroutable', 'this host cannot send to it'];
    const detail = `cannot be reached: ${words} (${code})`;
    this.end(noTime(this.target.server, 'unreachable', detail, { exchanges: this.sent, failure }));
  }

  private settle(): void {
    const { best } = this;
    if (best === null || this.ended) return;
    // Tied only now, so that a step of the wall clock during the exchanges counts as what it is: already made.
    const tie = tieClocks(this.options.clock);
    const offsetMs = micro(best.serverMinusMonotonicMs - tie.wallMinusMonotonicMs);
    const errorBoundMs = micro(best.errorBoundMs + tie.errorMs);
    const delayMs = micro(best.delayMs);
    const of = this.answered === 1 ? 'one answer' : `the best of ${this.answered} answers`;
    const kiss = this.kissCode === null ? '' : `; then it asked for fewer questions (${this.kissCode})`;
    this.end({
      server: this.target.server,
      state: 'valid',
      detail: `${of}, round trip ${delayMs} ms, good to ${errorBoundMs} ms${kiss}`,
      offsetMs,
      errorBoundMs,
      delayMs,
      stratum: best.packet.stratum,
      leap: best.packet.leap,
      kissCode: this.kissCode,
      exchanges: this.sent,
      failure: null,
    });
  }

  private end(answer: TimeServerAnswer): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.interrupt);
    this.socket.close();
    this.resolve(answer);
  }
}
