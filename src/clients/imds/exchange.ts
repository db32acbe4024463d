// One request and its answer on the wire: every phase noted, cut on the millisecond, each ending typed.
import type { Dispatcher } from 'undici';
import type { Failure } from '../../core/outcome.ts';
import { breaksHttp, connectFailure, exchangeFailure } from './failures.ts';

/** The contract's bound on what the world sends: a body beyond it costs the connection. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Linux repeats an unanswered SYN after 1 s (RFC 6298, section 2.1), give or take its timer's grain. Over IPv6 it
 * forgets the rejection of the first SYN when that comes from this very machine (a host firewall), and learns of
 * it only with the second: so a time-out that would end just then, as the default one does, waits a moment longer
 * for the connection. Seen in test/e2e/hop-limit.test.ts: 1.010 to 1.024 s.
 */
const SYN_REPEATED_MS = 1000;
const SYN_GRACE_MS = 60;

/** A complete answer. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** How one request ended; `transient` marks losses that another try may mend: resets, cuts and time-outs. */
export type Exchange =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: Failure; readonly transient: boolean };

/** The connection under an exchange. */
export interface Line {
  /** `host:port`. */
  readonly where: string;
  /** Whether it has served before, and then been idle for a while. */
  idle(): boolean;
  /** Whether the other side has closed it. */
  peerClosed(): boolean;
  /** Gives it up, so that nothing that still comes on it is read as the next answer. */
  drop(): void;
}

export interface ExchangeOptions {
  /** The request as a failure names it: `PUT /latest/api/token`. */
  readonly what: string;
  /** The time-out as it was set, and what is left of it now; in milliseconds, connecting included. */
  readonly timeoutMs: number;
  readonly leftMs: number;
  /** The cycle's deadline. */
  readonly signal: AbortSignal;
  /** The connection stands and the request is on its way. */
  readonly onSent?: (() => void) | undefined;
}

/** `stale`: a connection that had been idle was cut before it answered; IMDS may never have seen the request. */
export interface Ended {
  readonly exchange: Exchange;
  readonly stale: boolean;
}

/** Hand it to undici's `dispatch`; `ended` always settles, and never rejects. */
export class PendingExchange implements Dispatcher.DispatchHandler {
  readonly ended: Promise<Ended>;
  readonly #line: Line;
  readonly #options: ExchangeOptions;
  readonly #resolve: (ended: Ended) => void;
  #cancelTimer: () => void;
  readonly #onAbort = (): void => this.#cut(late(this.#options.what, this.#phase === 'connecting'));
  #open = true;
  #phase: 'connecting' | 'sent' | 'started' | 'headers' = 'connecting';
  #idle = false;
  #status = 0;
  #headers: Answer['headers'] = {};
  #size = 0;
  readonly #chunks: Buffer[] = [];

  constructor(line: Line, options: ExchangeOptions) {
    this.#line = line;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Ended>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#cancelTimer = exactTimer(options.leftMs, () => this.#expire());
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(): void {
    this.#idle = this.#line.idle();
    this.#phase = 'sent';
    if (this.#open) this.#options.onSent?.();
  }

  onResponseStarted(): void {
    this.#phase = 'started';
  }

  onResponseStart(_controller: unknown, status: number, headers: Answer['headers']): void {
    // Informational answers (1xx) come before the real one.
    if (status < 200) return;
    this.#phase = 'headers';
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= MAX_BODY_BYTES) {
      this.#chunks.push(chunk);
      return;
    }
    const detail = `the body of the answer to ${this.#options.what} is larger than ${MAX_BODY_BYTES} bytes`;
    this.#cut({ ok: false, failure: { kind: 'malformed', detail }, transient: false });
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString();
    this.#end({ ok: true, answer: { status: this.#status, headers: this.#headers, body } });
  }

  /** Undici's error stays here: it can hold pieces of the answer, and so secrets. */
  onResponseError(_controller: unknown, error: Error): void {
    if (this.#phase === 'connecting') {
      const failure = connectFailure(error, this.#line.where);
      const transient = failure.kind === 'connect-timeout' || failure.kind === 'reset';
      this.#end({ ok: false, failure, transient });
      return;
    }
    const headers = this.#phase === 'headers';
    const progress = { headers, peerClosed: this.#line.peerClosed() };
    const failure = exchangeFailure(error, this.#options.what, progress);
    // A body cut off is malformed to its reader, but a lost connection all the same.
    const transient = failure.kind !== 'malformed' || (headers && !breaksHttp(error));
    this.#end({ ok: false, failure, transient });
  }

  #end(exchange: Exchange): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelTimer();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    const cut = !exchange.ok && exchange.failure.kind === 'reset' && this.#phase === 'sent';
    this.#resolve({ exchange, stale: cut && this.#idle });
  }

  #cut(exchange: Exchange): void {
    this.#end(exchange);
    this.#line.drop();
  }

  #expire(): void {
    const nearSyn = Math.abs(this.#options.leftMs - SYN_REPEATED_MS) < SYN_GRACE_MS;
    if (this.#phase === 'connecting' && nearSyn && this.#open) {
      const restMs = SYN_REPEATED_MS + SYN_GRACE_MS - this.#options.leftMs;
      this.#cancelTimer = exactTimer(restMs, () => this.#cut(this.#timedOut()));
    } else {
      this.#cut(this.#timedOut());
    }
  }

  #timedOut(): Exchange {
    const { what, timeoutMs } = this.#options;
    const within = `within ${timeoutMs} ms`;
    if (this.#phase === 'connecting') {
      const detail = `no connection to ${this.#line.where} ${within}: packets to it get no answer`;
      return { ok: false, failure: { kind: 'connect-timeout', detail }, transient: true };
    }
    const failure: Failure =
      this.#phase === 'headers'
        ? {
            kind: 'response-timeout',
            detail: `${what} was answered with ${this.#status}, but the body was not complete ${within}`,
            status: this.#status,
          }
        : { kind: 'response-timeout', detail: `${what} was sent and not answered ${within}` };
    return { ok: false, failure, transient: true };
  }
}

/** The cycle's deadline ended it: no other try can follow. */
export function late(what: string, connecting: boolean): Exchange {
  const detail = connecting
    ? `no connection for ${what} before the deadline of this cycle passed`
    : `the deadline of this cycle passed before ${what} was answered`;
  const kind = connecting ? 'connect-timeout' : 'response-timeout';
  return { ok: false, failure: { kind, detail }, transient: false };
}

/**
 * Calls `expire` after `ms`, but only once data that has already arrived was read: a machine that stood still
 * (stopped, or out of CPU credits) must not take its own pause for the other side's.
 */
export function exactTimer(ms: number, expire: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(
    () => {
      immediate = setImmediate(expire);
    },
    Math.max(0, ms),
  );
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
