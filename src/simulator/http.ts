// What the HTTP servers of the box share: bounded requests, faults, and an answer that is always well formed.
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Answer, AwsError, Fault } from './behaviour.ts';

// An ESM import of node:http reads every export of it, and two of those load Node's web socket client: 18 ms.
const http = process.getBuiltinModule('node:http');

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** One server's side of the talk. */
export interface Service {
  readonly maxBodyBytes: number;
  readonly keepAlive: () => boolean;
  readonly faults: () => readonly Fault[];
  readonly answer: (request: HttpRequest) => Answer | Promise<Answer>;
  /** The error as this server words it, in the protocol of the request. */
  readonly refusal: (request: HttpRequest, error: AwsError) => Answer | Promise<Answer>;
  readonly bodyTooLarge: (request: HttpRequest, bytes: number) => Answer | Promise<Answer>;
  /** Headers of every answer, with the time of the box. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Called once a request has its answer, or with null where it gets none. */
  readonly seen: (request: HttpRequest, connection: number, status: number | null) => void;
}

/** An HTTP server that can be closed at once, whatever its clients do. */
export interface HttpServer {
  readonly server: Server;
  /** Cuts every connection and forgets every answer still owed. */
  dropAll(): void;
}

/** How many times the allowed length of a body is read before the connection is cut. */
const PATIENCE = 8;

/** Far more than any client opens, far fewer than file descriptors there are. */
const MAX_CONNECTIONS = 512;

const bytesOf = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? Buffer.from(body, 'utf8') : body;

/** Splits a request target, also one in the absolute form that proxies use (RFC 9112, section 3.2.2). */
function targetOf(url: string): { path: string; query: string } {
  const target = url.replace(/^[a-z]+:\/\/[^/?]*/i, '') || '/';
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

const matches = (fault: Fault, request: HttpRequest): boolean => {
  if (fault.method !== undefined && fault.method !== request.method) return false;
  if (fault.path === undefined) return true;
  return fault.path.endsWith('*')
    ? request.path.startsWith(fault.path.slice(0, -1))
    : request.path === fault.path;
};

/**
 * Reads the body. One that is longer than `maxBytes` is read on and thrown away, so that the client gets to hear why
 * it was refused, but only so far; its length is returned in place of it.
 */
function readBody(message: IncomingMessage, maxBytes: number): Promise<Uint8Array | number> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    message.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > maxBytes * PATIENCE) resolve(bytes);
    });
    message.on('end', () => resolve(bytes > maxBytes ? bytes : Buffer.concat(chunks, bytes)));
    message.on('error', reject);
    message.on('close', () => reject(new Error('the client went away')));
  });
}

/** Serves one service. It does not listen yet. */
export function httpServer(service: Service): HttpServer {
  const connections = new WeakMap<object, number>();
  let connectionCount = 0;
  const used = new Map<Fault, number>();
  const owed = new Set<NodeJS.Timeout>();

  function takeFault(request: HttpRequest): Fault | undefined {
    for (const fault of service.faults()) {
      const before = used.get(fault) ?? 0;
      if (before >= (fault.times ?? Number.POSITIVE_INFINITY) || !matches(fault, request)) continue;
      if (request.method === 'HEAD' && fault.times !== undefined) continue;
      used.set(fault, before + 1);
      return fault;
    }
    return undefined;
  }

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        owed.delete(timer);
        resolve();
      }, ms);
      owed.add(timer);
    });

  async function answerTo(request: HttpRequest, fault: Fault | undefined): Promise<Answer> {
    if (fault?.error !== undefined) return service.refusal(request, fault.error);
    if (fault?.answer === undefined) return service.answer(request);
    if (fault.answer.body !== undefined || fault.answer.status < 400) return fault.answer;
    const page = await service.refusal(request, {
      status: fault.answer.status,
      code: 'ServiceUnavailable',
      type: 'com.amazon.coral.service#ServiceUnavailableException',
      message: http.STATUS_CODES[fault.answer.status] ?? 'Error',
    });
    return { ...page, headers: { ...page.headers, ...fault.answer.headers } };
  }

  function send(response: ServerResponse, answer: Answer, close: boolean, cut: boolean): void {
    const body = bytesOf(answer.body ?? '');
    const keep = service.keepAlive() && !close;
    response.sendDate = false;
    response.writeHead(answer.status, {
      ...answer.headers,
      'Content-Length': String(body.length),
      ...service.headers(),
      ...(keep ? {} : { Connection: 'close' }),
    });
    if (!cut) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.end());
  }

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = connections.get(message.socket) ?? 0;
    const body = await readBody(message, service.maxBodyBytes);
    const request: HttpRequest = {
      method: message.method ?? 'GET',
      ...targetOf(message.url ?? '/'),
      headers: message.headers,
      body: typeof body === 'number' ? new Uint8Array() : body,
    };
    if (typeof body === 'number') {
      const answer = await service.bodyTooLarge(request, body);
      service.seen(request, connection, answer.status);
      send(response, answer, true, false);
      return;
    }
    const fault = takeFault(request);
    if (fault?.delayMs !== undefined) await wait(fault.delayMs);
    if (fault?.wire === 'hang' || fault?.wire === 'reset') {
      service.seen(request, connection, null);
      if (fault.wire === 'reset') message.socket.resetAndDestroy();
      return;
    }
    const answer = await answerTo(request, fault);
    const swallowed = fault?.wire === 'swallow';
    service.seen(request, connection, swallowed ? null : answer.status);
    if (!swallowed && !response.destroyed) send(response, answer, false, fault?.wire === 'cut');
  }

  const server = http.createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      // The client went away in the middle of its request, or this is a defect of ours: either way the box stays up.
      if (response.headersSent || response.destroyed) return;
      const body = error instanceof Error ? `defect of the simulator: ${error.message}` : 'defect';
      send(response, { status: 500, headers: { 'Content-Type': 'text/plain' }, body }, true, false);
    });
  });
  // Idle connections live as long as their clients like; a probe that keeps one for an hour is right to.
  server.keepAliveTimeout = 0;
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket) => {
    connectionCount += 1;
    connections.set(socket, connectionCount);
  });

  return {
    server,
    dropAll() {
      for (const timer of owed) clearTimeout(timer);
      owed.clear();
      server.closeAllConnections();
    },
  };
}
