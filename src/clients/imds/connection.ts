// One keep-alive connection to IMDS: requests one after the other, each with its exact time-out, every failure typed.
import net from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { Failure } from '../../core/outcome.ts';
import { breaksHttp, connectFailure, exchangeFailure } from './failures.ts';

/** The contract's bound on what the world sends: a body beyond it costs the connection. */
export const MAX_BODY_BYTES = 64 * 1024;
/** IMDS sends some 300 bytes of headers. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long an idle connection is kept: longer than any sensible interval. IMDS closes when it wants to. */
const KEEP_ALIVE_MS = 3_600_000;
/** How much sooner than the server's own keep-alive hint we let go. */
const KEEP_ALIVE_SLACK_MS = 500;

export interface WireRequest {
  readonly method: 'PUT' | 'GET';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

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

/** One request as it went over the wire, told when it has ended. */
export type OnExchange = (exchange: Exchange, startedMs: number) => void;

export interface SendOptions {
  /** Milliseconds from sending, connecting included, to the end of the answer. */
  readonly timeoutMs: number;
  /** The cycle's deadline. */
  readonly signal: AbortSignal;
  readonly onExchange: OnExchange;
  /** The connection stands and the request is on its way. */
  readonly onSent?: () => void;
}

export interface ConnectionOptions {
  /** `http://host[:port]`. */
  readonly endpoint: string;
  readonly monotonicMs: () => number;
  /** A TCP connection was opened. */
  readonly onOpened: () => void;
}

/**
 * Speaks straight to the endpoint: undici's Client over a socket of `node:net` knows of no proxy variable, of no
 * global dispatcher and of no global agent.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #where: string;
  #client: Client | null = null;
  #socket: net.Socket | null = null;
  /** Requests written to the present connection. */
  #uses = 0;
  #peerClosed = false;

  constructor(options: ConnectionOptions) {
    const url = new URL(options.endpoint);
    if (url.protocol !== 'http:') throw new Error('IMDS is asked by plain HTTP only');
    this.#options = options;
    this.#where = url.port === '' ? `${url.host}:80` : url.host;
  }

  /** Sends one request; the caller waits for its end before the next. Never rejects for what the world does. */
  async send(request: WireRequest, options: SendOptions): Promise<Exchange> {
    const what = `${request.method} ${request.path}`;
    if (options.signal.aborted) return late(`${what} was not sent: the deadline of this cycle had passed`);
    const started = this.#options.monotonicMs();
    const first = await this.#exchange(request, what, options, options.timeoutMs);
    options.onExchange(first.exchange, started);
    if (!first.stale) return first.exchange;
    // An idle connection may be closed at any time, just as we write on it too: RFC 9112, section 9.3.1, lets a
    // client send such a request again by itself. Once, on a new connection, and within the same time-out.
    const again = this.#options.monotonicMs();
    const second = await this.#exchange(request, what, options, options.timeoutMs - (again - started));
    options.onExchange(second.exchange, again);
    return second.exchange;
  }

  /** Drops the connection. Another request opens a new one. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#socket?.destroy();
    this.#socket = null;
    await client?.destroy();
  }

  #exchange(
    request: WireRequest,
    what: string,
    options: SendOptions,
    timeoutMs: number,
  ): Promise<{ exchange: Exchange; stale: boolean }> {
    const { signal } = options;
    return new Promise((resolve) => {
      let phase: 'connecting' | 'sent' | 'started' | 'headers' = 'connecting';
      let reused = false;
      let status = 0;
      let headers: Answer['headers'] = {};
      let size = 0;
      const chunks: Buffer[] = [];

      let open = true;
      const end = (exchange: Exchange): void => {
        if (!open) return;
        open = false;
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        const stale = !exchange.ok && exchange.failure.kind === 'reset' && phase === 'sent' && reused;
        resolve({ exchange, stale });
      };
      const fail = (failure: Failure, transient: boolean): void => end({ ok: false, failure, transient });
      // Whatever still comes on a connection that was given up must not be read as the next answer.
      const cut = (exchange: Exchange): void => {
        end(exchange);
        this.close().catch(() => undefined);
      };
      const onAbort = (): void =>
        cut(late(`the deadline of this cycle passed while ${what} was waiting`, phase === 'connecting'));
      const cancelTimer = exactTimer(timeoutMs, () =>
        cut(timedOut(phase, { what, where: this.#where, status, timeoutMs: options.timeoutMs })),
      );
      signal.addEventListener('abort', onAbort, { once: true });

      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {
          reused = this.#uses > 0;
          this.#uses += 1;
          phase = 'sent';
          if (open) options.onSent?.();
        },
        onResponseStarted: () => {
          phase = 'started';
        },
        onResponseStart: (_controller, code, fields) => {
          if (code < 200) return;
          phase = 'headers';
          status = code;
          headers = fields;
        },
        onResponseData: (_controller, chunk) => {
          size += chunk.length;
          if (size <= MAX_BODY_BYTES) chunks.push(chunk);
          else cut(malformed(`the body of the answer to ${what} is larger than ${MAX_BODY_BYTES} bytes`));
        },
        onResponseEnd: () =>
          end({ ok: true, answer: { status, headers, body: Buffer.concat(chunks).toString() } }),
        onResponseError: (_controller, error) => {
          if (phase === 'connecting') {
            const failure = connectFailure(error, this.#where);
            fail(failure, failure.kind === 'connect-timeout' || failure.kind === 'reset');
            return;
          }
          const progress = { headers: phase === 'headers', peerClosed: this.#peerClosed };
          const failure = exchangeFailure(error, what, progress);
          fail(failure, failure.kind !== 'malformed' || (progress.headers && !breaksHttp(error)));
        },
      };
      this.#open().dispatch(
        { method: request.method, path: request.path, headers: { ...request.headers } },
        handler,
      );
    });
  }

  #open(): Client {
    this.#client ??= new Client(this.#options.endpoint, {
      connect: this.#connect,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutThreshold: KEEP_ALIVE_SLACK_MS,
      allowH2: false,
      // Too coarse below a second: our own timers cut on the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return this.#client;
  }

  // Our own, rather than undici's connector, so that a connect attempt can be given up on the millisecond.
  readonly #connect: buildConnector.connector = ({ hostname, port }, callback) => {
    const socket = net.connect({ host: hostname, port: port === '' ? 80 : Number(port), noDelay: true });
    this.#socket = socket;
    this.#uses = 0;
    this.#peerClosed = false;
    let settled = false;
    socket.once('connect', () => {
      settled = true;
      this.#options.onOpened();
      callback(null, socket);
    });
    socket.on('error', (error) => {
      if (!settled) callback(error, null);
      settled = true;
    });
    socket.once('end', () => {
      if (this.#socket === socket) this.#peerClosed = true;
    });
  };
}

const malformed = (detail: string): Exchange => ({
  ok: false,
  failure: { kind: 'malformed', detail },
  transient: false,
});

/** The cycle's deadline: no other try can follow. */
const late = (detail: string, connecting = false): Exchange => ({
  ok: false,
  failure: { kind: connecting ? 'connect-timeout' : 'response-timeout', detail },
  transient: false,
});

function timedOut(
  phase: 'connecting' | 'sent' | 'started' | 'headers',
  about: { what: string; where: string; status: number; timeoutMs: number },
): Exchange {
  const within = `within ${about.timeoutMs} ms`;
  if (phase === 'connecting') {
    const detail = `no connection to ${about.where} ${within}: packets to it get no answer`;
    return { ok: false, failure: { kind: 'connect-timeout', detail }, transient: true };
  }
  const detail =
    phase === 'headers'
      ? `${about.what} was answered with ${about.status}, but the body was not complete ${within}`
      : `${about.what} was sent and not answered ${within}`;
  return { ok: false, failure: { kind: 'response-timeout', detail }, transient: true };
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
