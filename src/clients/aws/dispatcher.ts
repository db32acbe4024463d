// The one place that opens connections to AWS: straight or through the operator's proxy, bounded in time and size.
import { Agent, Client, type Dispatcher, ProxyAgent } from 'undici';
import { lookupAddress } from '../names.ts';
import { type Environment, proxyRoute } from './proxy.ts';

/** The contract's bound on what the world sends. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Long enough for a handshake across the world, short enough to leave time for another try. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Between two tries and between the requests of one backfill; AWS closes idle connections by itself later than that. */
const KEEP_ALIVE_MS = 4_000;

/** A proxy variable that nothing can be sent by. Its message names the variable, never the value. */
export class ProxySettingError extends Error {
  override readonly name = 'ProxySettingError';
}

/**
 * A dispatcher for any AWS endpoint, each by the route that the proxy variables give it. https goes through a proxy
 * by CONNECT, http in absolute form. Errors are undici's and the system's; a bad variable is a `ProxySettingError`.
 */
export function createAwsDispatcher(
  environment: Environment,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
): Dispatcher {
  // A connection that is being made outlives its request and the dispatcher, and so keeps the program from ending.
  const connection = { ...BOUNDS, connect: { timeout: connectTimeoutMs, lookup: lookupAddress } };
  return new Agent({
    factory: (origin, options) => {
      const route = proxyRoute(new URL(origin), environment);
      if (route.via === 'direct') return new Client(origin, { ...options, ...connection });
      if (route.via === 'unusable') {
        throw new ProxySettingError(`the variable ${route.variable} cannot be used: ${route.because}`);
      }
      return new ProxyAgent({
        uri: route.url,
        ...(route.authorization === null ? {} : { token: route.authorization }),
        factory: (proxied, inner) => new Client(proxied, { ...inner, ...BOUNDS }),
        connectTimeout: connectTimeoutMs,
        proxyTls: { lookup: lookupAddress },
      });
    },
  });
}

/** Bodies are bounded; one request at a time over HTTP/1.1, which every proxy understands. */
const BOUNDS = {
  maxResponseSize: MAX_BODY_BYTES,
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  // The time-out of a request is an AbortSignal: undici's own timers are coarse.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;
