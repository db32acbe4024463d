// A metadata service on a raw loopback socket that answers by script: any status, delay, cut, flood or nonsense.
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

/** A request as it came over the wire; header names in lower case. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
}

/** Answers one request on its socket. */
export type Reply = (socket: net.Socket, request: SeenRequest) => void;

/** Replies by what was asked, each used once in order, the last one from then on. */
export type Script = Partial<Record<Asked, Reply | readonly Reply[]>>;
export type Asked = 'token' | 'role' | 'credentials' | 'instance-profile' | 'identity' | 'tokenless';

export const TOKEN = 'AQAEAHScriptedTokenThatNobodyMayEverShow0123456789abcdQ==';
export const ROLE = 'app-role';
export const SECRET_KEY = 'wJalrXUtnFEMIscriptedsecretkeyK7MDENGbPxRfiCY';
export const SESSION_TOKEN = `IQoJb3JpZ2luX2VjScripted${'SessionToken'.repeat(20)}//`;
export const ACCESS_KEY_ID = 'ASIASCRIPTEDACCESSKEY';
/** What may never be seen in anything the client hands out. */
export const SECRETS = [TOKEN, SECRET_KEY, SESSION_TOKEN, ACCESS_KEY_ID];

const REASONS: Record<number, string> = {
  200: 'OK',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
};

export const head = (status: number, headers: Record<string, string>): string =>
  `HTTP/1.1 ${status} ${REASONS[status] ?? 'Whatever'}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

export const answer =
  (status: number, body = '', headers: Record<string, string> = {}): Reply =>
  (socket) =>
    socket.write(head(status, { 'Content-Length': String(Buffer.byteLength(body)), ...headers }) + body);

/** Exactly these bytes; `end` closes the connection after them. */
export const raw =
  (text: string, end = false): Reply =>
  (socket) => {
    socket.write(text);
    if (end) socket.end();
  };

export const hang = (): Reply => () => undefined;
export const reset = (): Reply => (socket) => socket.resetAndDestroy();
export const hangUp = (): Reply => (socket) => socket.end();
export const delayed =
  (ms: number, reply: Reply): Reply =>
  (socket, request) => {
    setTimeout(() => {
      if (!socket.destroyed) reply(socket, request);
    }, ms);
  };
/** Answers, and closes the connection right after, without having said so. */
export const thenHangUp =
  (reply: Reply): Reply =>
  (socket, request) => {
    reply(socket, request);
    socket.end();
  };

export const json = (value: unknown, status = 200): Reply => answer(status, JSON.stringify(value));

export const token = (text = TOKEN, ttl: string | null = '21600'): Reply =>
  answer(200, text, ttl === null ? {} : { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': ttl });

export const inSeconds = (seconds: number): string =>
  `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;

export const credentials = (over: Record<string, unknown> = {}): Reply =>
  json({
    Code: 'Success',
    LastUpdated: inSeconds(-3600),
    Type: 'AWS-HMAC',
    AccessKeyId: ACCESS_KEY_ID,
    SecretAccessKey: SECRET_KEY,
    Token: SESSION_TOKEN,
    Expiration: inSeconds(6 * 3600),
    ...over,
  });

export const PROFILE_ARN = 'arn:aws:iam::123456789012:instance-profile/app';
export const profile = (over: Record<string, unknown> = {}): Reply =>
  json({
    Code: 'Success',
    LastUpdated: inSeconds(-60),
    InstanceProfileArn: PROFILE_ARN,
    InstanceProfileId: 'AIPASCRIPTED',
    ...over,
  });

export const IDENTITY = {
  instanceId: 'i-0123456789abcdef0',
  region: 'eu-central-1',
  availabilityZone: 'eu-central-1a',
  accountId: '123456789012',
  instanceType: 't3.nano',
  imageId: 'ami-0123456789abcdef0',
  architecture: 'x86_64',
};

const HEALTHY: Record<Asked, Reply> = {
  token: token(),
  role: answer(200, ROLE),
  credentials: credentials(),
  'instance-profile': profile(),
  identity: json(IDENTITY),
  tokenless: answer(401),
};

function askedFor(request: SeenRequest): Asked | null {
  if (request.method === 'PUT') return request.path === '/latest/api/token' ? 'token' : null;
  if (request.headers['x-aws-ec2-metadata-token'] === undefined) return 'tokenless';
  if (request.path === '/latest/meta-data/iam/security-credentials/') return 'role';
  if (request.path.startsWith('/latest/meta-data/iam/security-credentials/')) return 'credentials';
  if (request.path === '/latest/meta-data/iam/info') return 'instance-profile';
  if (request.path === '/latest/dynamic/instance-identity/document') return 'identity';
  return null;
}

export class ScriptedImds {
  /** Replace it at any time to change what comes next. */
  script: Script;
  readonly requests: SeenRequest[] = [];
  connections = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #used = new Map<Asked, number>();
  #endpoint = '';

  constructor(script: Script) {
    this.script = script;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  static async start(script: Script = {}, host = '127.0.0.1'): Promise<ScriptedImds> {
    const imds = new ScriptedImds(script);
    imds.#server.listen(0, host);
    await once(imds.#server, 'listening');
    const { port } = imds.#server.address() as net.AddressInfo;
    imds.#endpoint = host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
    return imds;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  /** What was asked, in order: `token`, `role`, … */
  get asked(): (Asked | null)[] {
    return this.requests.map(askedFor);
  }

  /** Forgets what was seen, and starts every script list again. */
  restart(script: Script = this.script): void {
    this.script = script;
    this.requests.length = 0;
    this.#used.clear();
  }

  /** Ends every open connection as an idle time-out of the server would. */
  hangUpAll(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #accept(socket: net.Socket): void {
    this.connections += 1;
    const connection = this.connections;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const [first = '', ...lines] = text.slice(0, end).split('\r\n');
        text = text.slice(end + 4);
        const [method = '', path = ''] = first.split(' ');
        const headers = Object.fromEntries(
          lines.map((line) => [
            line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim(),
          ]),
        );
        this.#reply(socket, { method, path, headers, connection });
      }
    });
  }

  #reply(socket: net.Socket, request: SeenRequest): void {
    this.requests.push(request);
    const asked = askedFor(request);
    if (asked === null) {
      answer(404)(socket, request);
      return;
    }
    const scripted = this.script[asked] ?? HEALTHY[asked];
    const replies = typeof scripted === 'function' ? [scripted] : scripted;
    const used = this.#used.get(asked) ?? 0;
    this.#used.set(asked, used + 1);
    replies[Math.min(used, replies.length - 1)]?.(socket, request);
  }
}

/**
 * An address that swallows packets: a listener that never accepts, its queue filled, so that the kernel drops
 * every further SYN.
 */
export async function blackHole(): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fill = Array.from({ length: 4 }, () => net.connect({ port, host: '127.0.0.1' }));
  for (const socket of fill) socket.on('error', () => undefined);
  await Promise.all(fill.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of fill) socket.destroy();
      await worker.terminate();
    },
  };
}

/** A service on a thread of its own that answers everything with these bytes, also while this thread stands still. */
export async function elsewhere(
  bytes: string,
): Promise<{ endpoint: string; asked: Promise<unknown>; close: () => Promise<void> }> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer((socket) => {
       socket.on('error', () => {});
       socket.on('data', () => {
         parentPort.postMessage('asked');
         setTimeout(() => socket.write(workerData), 100);
       });
     }).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: bytes },
  );
  const [port] = (await once(worker, 'message')) as [number];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    asked: once(worker, 'message'),
    close: async () => {
      await worker.terminate();
    },
  };
}
