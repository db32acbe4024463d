// The steps below HTTP's meaning: a connection, TLS on top of it, and the head of one answer. Each can be given up.
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Failure } from '../../../core/outcome.ts';

/** A head larger than this is none that AWS or a proxy sends. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Something that is not an error of the system: it knows its kind and its words. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** A TCP connection to the first of the addresses that takes one. */
export async function openConnection(
  host: string,
  port: number,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  const socket = tcpConnect({
    host,
    port,
    autoSelectFamily: true,
    // The addresses are known already; with `autoSelectFamily` Node wants all of them.
    lookup: (_name, _options, tell) =>
      tell(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      ),
  });
  return await settled(socket, 'connect', signal);
}

/** TLS on a connection, whatever the certificate is worth. */
export async function openTls(socket: Duplex, host: string, signal: AbortSignal): Promise<TLSSocket> {
  // Hardly 1 ms, but a run that meets no https endpoint has no use for it.
  const { connect } = process.getBuiltinModule('node:tls');
  const secure = connect({
    socket,
    host,
    // RFC 6066, section 3: no address goes into the server's name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
  });
  return await settled(secure, 'secureConnect', signal);
}

/** Resolves at the event; rejects with the socket's error, or the signal's reason. The socket is then gone. */
async function settled<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const onAbort = (): void => reject(signal.reason);
  const onClose = (): void => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
  // Stays for good: a connection may break at any later time, and nobody may be listening then.
  socket.on('error', reject);
  socket.once(event, () => resolve(socket));
  socket.once('close', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.off('close', onClose);
  }
}

export interface Head {
  readonly status: number;
  /** Names in lower case; of several of one name, the first. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Sends a request without a body, and reads the head of its answer. `onFirstByte` is called once. */
export async function exchangeHead(
  socket: Socket,
  request: readonly string[],
  signal: AbortSignal,
  onFirstByte: () => void = () => undefined,
): Promise<Head> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const onData = (chunk: Buffer): void => {
    if (text === '') onFirstByte();
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end >= 0) resolve(text.slice(0, end));
    else if (text.length > MAX_HEAD_BYTES) resolve(text);
  };
  const onEnd = (): void => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
  const onAbort = (): void => reject(signal.reason);
  socket.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', reject);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    socket.write(`${request.join('\r\n')}\r\n\r\n`, 'latin1');
    return headOf(await promise);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', reject);
    socket.pause();
  }
}

function headOf(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new StepError({ kind: 'malformed', detail: 'what came back is not HTTP' });
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (name !== '' && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}
