// Says what went wrong on the wire: from socket and parser errors to a typed Failure with one clean sentence.
import type { Failure, FailureKind } from '../../core/outcome.ts';
import { NOT_ASKED } from '../names.ts';

/** Local resolver and routing say no (connect(2), getaddrinfo(3), ip-route(8)): this host has no way there. */
const REFUSED = new Set(['ECONNREFUSED']);
const TIMED_OUT = new Set(['ETIMEDOUT']);
const CUT = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ENOTCONN']);

/** An error's code where it is one of the system's or undici's own words; never its message. */
export function errorCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : null;
}

const named = (code: string | null): string => (code === null ? '' : ` (${code})`);

/**
 * Why no connection came about. What is neither refused nor timed out is `unroutable`, because the local system
 * itself said no: ENETUNREACH, EHOSTUNREACH (also a firewall that rejects with "prohibited"), EADDRNOTAVAIL,
 * EACCES and EPERM (a route of type prohibit, a cgroup or SELinux rule), EINVAL (a black-hole route), ENOTFOUND.
 */
export function connectFailure(error: unknown, where: string): Failure {
  const code = errorCode(error);
  if (code !== null && REFUSED.has(code))
    return { kind: 'refused', detail: `${where} refused the connection` };
  if (code !== null && TIMED_OUT.has(code)) {
    return { kind: 'connect-timeout', detail: `no connection to ${where}: the system gave up (${code})` };
  }
  if (code !== null && CUT.has(code)) {
    return { kind: 'reset', detail: `the connection to ${where} was cut as soon as it was made (${code})` };
  }
  if (code === NOT_ASKED)
    return { kind: 'permission', detail: `${where} is given by name, and --offline asks no DNS` };
  const nameless = code === null ? undefined : NAMELESS[code];
  if (nameless !== undefined) return { kind: 'unroutable', detail: `${where} ${nameless}` };
  return { kind: 'unroutable', detail: `no way from here to ${where}${named(code)}` };
}

/** An endpoint given by a name that leads nowhere: as `lookupWith` says it. */
const NAMELESS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has a name without an address (ENOTFOUND)',
  EAI_AGAIN: 'has a name that no name server tells the address of (EAI_AGAIN)',
};

/** A breach of the protocol found by undici's parser (which gives it no code), not an answer that just ends too soon. */
export const breaksHttp = (error: unknown): boolean =>
  error instanceof Error && error.name === 'HTTPParserError';

/** How far an answer had come when the connection failed. */
export interface Progress {
  /** The status line and every header were there. */
  readonly headers: boolean;
  /** The other side ended the connection, rather than our parser. */
  readonly peerClosed: boolean;
}

/** Why there is no complete answer on a connection that stood. `what` names the request: `PUT /latest/api/token`. */
export function exchangeFailure(error: unknown, what: string, progress: Progress): Failure {
  const code = errorCode(error);
  if (progress.headers) {
    const how = breaksHttp(error) ? 'breaks HTTP/1.1' : 'was cut off';
    return { kind: 'malformed', detail: `the body of the answer to ${what} ${how}${named(code)}` };
  }
  if (code !== null && TIMED_OUT.has(code)) {
    return { kind: 'response-timeout', detail: `${what} got no answer: the system gave up (${code})` };
  }
  // UND_ERR_SOCKET stands for both the peer's end of the connection and a breach of HTTP that undici answers so.
  if (progress.peerClosed || (code !== null && !code.startsWith('UND_ERR_'))) {
    return {
      kind: 'reset',
      detail: `the connection was cut before ${what} was answered${code?.startsWith('E') ? named(code) : ''}`,
    };
  }
  return { kind: 'malformed', detail: `the answer to ${what} is not HTTP/1.1${named(code)}` };
}

/** A complete answer with a status other than the one hoped for. */
export function statusFailure(what: string, status: number): Failure {
  return { kind: 'http-status', detail: `${what} was answered with ${status}`, status };
}

/** A Failure of this kind as an event tells it: the status where there is one. */
export function told(failure: Failure): number | FailureKind {
  return failure.kind === 'http-status' ? (failure.status ?? failure.kind) : failure.kind;
}
