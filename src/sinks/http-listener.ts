// Serves /metrics, /healthz and /status over HTTP, for whoever asks instead of being told. Small and bounded.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClockPort, Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';

export interface HttpListenerOptions {
  /** An address; port 0 is any that is free. */
  readonly host: string;
  readonly port: number;
  readonly clock: Pick<ClockPort, 'monotonicMs'>;
  /** Without a finished cycle for this long the loop stands still, and `/healthz` says so. */
  readonly staleMs: number;
  readonly metrics: (report: Report) => string;
  readonly metricsType: string;
  readonly status: (report: Report) => string;
}

export interface HttpListener {
  readonly sink: Sink;
  /** Where it listens, or null where it does not. */
  address(): AddressInfo | null;
  close(): Promise<void>;
}

/** Enough for a few scrapers; nobody may hold on to this process's file handles. */
const MAX_CONNECTIONS = 32;
const TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8_192;

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Listens at once; where the address is taken, tries again with each report, which then rejects. */
export function createHttpListener(options: HttpListenerOptions): HttpListener {
  const { clock, staleMs } = options;
  let latest: Report | null = null;
  let finishedMs = clock.monotonicMs();
  let closed = false;

  const routes: Readonly<Record<string, () => Reply>> = {
    '/metrics': () => ofLatest(options.metrics, options.metricsType),
    '/status': () => ofLatest(options.status, JSON_TYPE),
    '/healthz': () => {
      const agoMs = clock.monotonicMs() - finishedMs;
      return agoMs <= staleMs
        ? { status: 200, type: TEXT, body: 'ok\n' }
        : {
            status: 503,
            type: TEXT,
            body: `no cycle has finished for ${Math.floor(agoMs / 1000)} s\n`,
          };
    },
  };

  const ofLatest = (render: (report: Report) => string, type: string): Reply =>
    latest === null
      ? { status: 503, type: TEXT, body: 'the first cycle has not finished yet\n' }
      : { status: 200, type, body: render(latest) };

  const replyTo = ({ method, url }: http.IncomingMessage): Reply => {
    const route = routes[url?.split('?')[0] ?? ''];
    if (route === undefined) return { status: 404, type: TEXT, body: `${Object.keys(routes).join('\n')}\n` };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT, body: 'GET only\n' };
    return route();
  };

  const server = http.createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      keepAliveTimeout: TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      const { status, type, body } = replyTo(request);
      // What a client sends beside its headers is of no use here.
      request.resume();
      response.writeHead(status, {
        'Content-Type': type,
        'Content-Length': Buffer.byteLength(body),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(TIMEOUT_MS);
  server.on('clientError', (_, socket) => socket.destroy());

  let opening: Promise<void> | null = null;
  const listen = (): Promise<void> => {
    opening ??= new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: options.host, port: options.port }, () => {
        server.off('error', reject);
        // A connection that can't be accepted is no reason to stop.
        server.on('error', () => {});
        resolve();
      });
    }).finally(() => {
      opening = null;
    });
    return opening;
  };
  listen().catch(() => {});

  return {
    sink: {
      name: 'listener',
      deliver: async (report) => {
        latest = report;
        finishedMs = clock.monotonicMs();
        if (!server.listening && !closed) await listen();
      },
    },
    address: () => server.address() as AddressInfo | null,
    async close() {
      closed = true;
      await opening?.catch(() => undefined);
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
