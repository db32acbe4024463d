// One keep-alive connection to IMDS that no proxy setting can divert: requests one after the other.
import net from 'node:net';
import { type buildConnector, Client } from 'undici';
import { lookupWith } from '../names.ts';
import { type Ended, type Exchange, type Line, late, PendingExchange } from './exchange.ts';

/** IMDS sends some 300 bytes of headers. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long an idle connection is kept: longer than any sensible interval. IMDS closes when it wants to. */
const KEEP_ALIVE_MS = 3_600_000;
/** Only after this long can a cut be the end of an idle connection: longer than any wait between two tries. */
const IDLE_MS = 3000;
/** How much sooner than the server's own keep-alive hint we let go. */
const KEEP_ALIVE_SLACK_MS = 500;

export interface WireRequest {
  readonly method: 'PUT' | 'GET';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SendOptions {
  /** Milliseconds from sending, connecting included, to the end of the answer. */
  readonly timeoutMs: number;
  /** The cycle's deadline. */
  readonly signal: AbortSignal;
  /** One request has been over the wire; `startedMs` is when it began, by the monotonic clock. */
  readonly onExchange: (exchange: Exchange, startedMs: number) => void;
  /** The connection stands and the request is on its way. */
  readonly onSent?: () => void;
}

export interface ConnectionOptions {
  /** `http://host[:port]`. */
  readonly endpoint: string;
  readonly monotonicMs: () => number;
  /** A TCP connection was opened. */
  readonly onOpened: () => void;
  /** False under `--offline`: a name is then looked for in hosts(5) only. Default true. */
  readonly dns?: boolean;
  /** Milliseconds for the name of the endpoint, where it is one; left out, those of any connection. */
  readonly nameMs?: number;
}

/**
 * Speaks straight to the endpoint: undici's Client over a socket of `node:net` knows of no proxy variable, of no
 * global dispatcher and of no global agent.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #line: Line;
  /** Node's own lookup of a name can't be given up, and keeps the program from ending. */
  readonly #lookup: net.LookupFunction;
  #client: Client | null = null;
  #socket: net.Socket | null = null;
  /** When the last exchange on the present socket ended, by the monotonic clock; null before the first. */
  #endedMs: number | null = null;
  #peerClosed = false;

  constructor(options: ConnectionOptions) {
    const url = new URL(options.endpoint);
    if (url.protocol !== 'http:') throw new Error('IMDS is asked by plain HTTP only');
    this.#options = options;
    const { dns = true, nameMs } = options;
    this.#lookup = lookupWith({ dns, ...(nameMs === undefined ? {} : { withinMs: nameMs }) });
    this.#line = {
      where: url.port === '' ? `${url.host}:80` : url.host,
      idle: () => this.#endedMs !== null && options.monotonicMs() - this.#endedMs >= IDLE_MS,
      peerClosed: () => this.#peerClosed,
      drop: () => {
        // Its end is of no interest: the next request opens a client of its own.
        this.close().catch(() => undefined);
      },
    };
  }

  /** Sends one request; the caller waits for its end before the next. Never rejects for what the world does. */
  async send(request: WireRequest, options: SendOptions): Promise<Exchange> {
    // Some servers close after every answer without having said so: that arrives a moment after the answer.
    if (this.#endedMs !== null) await new Promise((resolve) => setImmediate(resolve));
    if (options.signal.aborted) return late(`${request.method} ${request.path}`, false);
    const started = this.#options.monotonicMs();
    const first = await this.#exchange(request, options, options.timeoutMs);
    options.onExchange(first.exchange, started);
    if (!first.stale) return first.exchange;
    // An idle connection may be closed at any time, just as we write on it too: RFC 9112, section 9.3.1, lets a
    // client send such a request again by itself. Once, on a new connection, and within the same time-out. Between
    // the requests of one cycle a connection is never idle: there every cut is one of the attempts.
    const again = this.#options.monotonicMs();
    const second = await this.#exchange(request, options, options.timeoutMs - (again - started));
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

  #exchange(request: WireRequest, options: SendOptions, leftMs: number): Promise<Ended> {
    const { method, path, headers } = request;
    const { timeoutMs, signal, onSent } = options;
    const what = `${method} ${path}`;
    const pending = new PendingExchange(this.#line, { what, timeoutMs, leftMs, signal, onSent });
    this.#open().dispatch({ method, path, headers: { ...headers } }, pending);
    return pending.ended.then((ended) => {
      this.#endedMs = this.#options.monotonicMs();
      return ended;
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
    const socket = net.connect({
      host: hostname,
      port: port === '' ? 80 : Number(port),
      noDelay: true,
      lookup: this.#lookup,
    });
    this.#socket = socket;
    this.#endedMs = null;
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
