// What a proxy dialect is: one client's reading of the proxy variables, as a pure function.
import type { AwsProxyClient, ProxyClient, ProxyPlace } from '../../core/proxy.ts';

/** An environment. Only variables about proxies and CGI matter here. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The address a name resolves to, for the one client that asks before it decides (Ruby); undefined: it does not. */
export type Resolve = (name: string) => string | undefined;

/** Where a request goes. `why` never repeats a variable's text: it may hold a password. */
export type Decision =
  | { readonly route: 'direct' }
  | { readonly route: 'proxy'; readonly proxy: ProxyPlace }
  | { readonly route: 'error'; readonly why: string };

/** Decides for an http or https URL. Where a proxy is named that nothing answers at, the route is still `proxy`. */
export type Decide = (variables: Variables, url: string, resolve?: Resolve) => Decision;

export interface Dialect {
  readonly id: ProxyClient | AwsProxyClient;
  /** The client and the version it was measured on. */
  readonly measuredOn: string;
  readonly decide: Decide;
}

export const DIRECT: Decision = { route: 'direct' };

export const gaveUp = (why: string): Decision => ({ route: 'error', why });

// A percent sign is part of an address (its zone), never of a name.
const UNUSABLE_HOST = /^$|[\s\u0000-\u001f\u007f]|^[^:]*%/;

/** To a proxy, or an error where no connection can be opened to such a place. */
export function viaProxy(scheme: string, host: string, port: number): Decision {
  if (UNUSABLE_HOST.test(host)) return gaveUp('the proxy variable names no host');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return gaveUp('the proxy variable names no port');
  return { route: 'proxy', proxy: { scheme, host, port } };
}

/** First of the named variables that is set to something. */
export function firstNonEmpty(variables: Variables, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** `%41` to `A`, for the ASCII that a host is made of; anything else stays. */
export const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
