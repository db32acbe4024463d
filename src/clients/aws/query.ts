// One signed request in AWS's query protocol (STS, EC2): a form goes there, a little XML comes back.
import type { Dispatcher } from 'undici';
import type { SigningCredentials } from './credentials.ts';
import type { Environment } from './proxy.ts';
import { signedHeaders } from './sigv4.ts';

/** What a client of such a service is made of. */
export interface QueryClientOptions {
  /** The Region to sign for, or null while it is unknown. */
  readonly region: () => string | null;
  /** Where the operator wants it asked; undefined: the Region's. */
  readonly endpoint?: string | undefined;
  /** Where the proxy variables are read. */
  readonly environment: Environment;
  /** Milliseconds the true time is ahead of the local clock, or null where it is unknown. */
  readonly clockCorrectionMs: () => number | null;
  readonly wallMs: () => number;
  /** Name and version, for the User-Agent header. */
  readonly userAgent: readonly [string, string];
  /** Milliseconds for the request, connecting included. */
  readonly timeoutMs?: number;
}

export interface SignedQuery {
  readonly dispatcher: Dispatcher;
  /** Where to; its path is left out. */
  readonly url: URL;
  /** `Action=…&Version=…`, encoded. */
  readonly form: string;
  readonly service: 'sts' | 'ec2';
  readonly region: string;
  readonly credentials: SigningCredentials;
  readonly userAgent: readonly [string, string];
  /** Epoch milliseconds, by true time. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export interface QueryAnswer {
  readonly status: number;
  readonly body: string;
}

/** Rejects with undici's or the system's error (`refusal` reads it), or with the signal's reason. */
export async function postQuery(query: SignedQuery): Promise<QueryAnswer> {
  const { dispatcher, url, form, service, region, credentials, userAgent, nowMs, signal } = query;
  const headers = signedHeaders({
    method: 'POST',
    url: new URL('/', url),
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'user-agent': userAgent.join('/'),
    },
    body: form,
    service,
    region,
    credentials,
    nowMs,
  });
  const work = dispatcher
    .request({ origin: url.origin, path: '/', method: 'POST', headers, body: form, signal })
    .then(async ({ statusCode, body }) => ({ status: statusCode, body: await body.text() }));
  return await orAborted(work, signal);
}

/** undici heeds a signal only once it has a connection; a proxy that hangs on CONNECT must not hold us. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}

/** Text of the first element of this name that holds text only; null where there is none. */
export const element = (xml: string, name: string): string | null =>
  new RegExp(`<${name}>([^<]{1,2048})</${name}>`).exec(xml)?.[1] ?? null;
