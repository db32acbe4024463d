// What the Node dialects share: both the request's URL and the proxy's are read by the URL class (WHATWG).
import { type Decision, gaveUp, viaProxy } from './dialect.ts';

export interface NodeTarget {
  readonly scheme: string;
  /** Lower case, shortest spelling, IPv6 in brackets. */
  readonly hostname: string;
  /** The same without brackets. */
  readonly host: string;
  readonly port: number;
}

export function nodeTarget(url: string): NodeTarget | undefined {
  const asked = URL.parse(url);
  if (asked === null || !/^https?:$/.test(asked.protocol)) return undefined;
  const scheme = asked.protocol.slice(0, -1);
  const port = asked.port === '' ? (scheme === 'https' ? 443 : 80) : Number(asked.port);
  return { scheme, hostname: asked.hostname, host: bare(asked.hostname), port };
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** To the proxy of a URL; `standard` is the port of one that names none, by scheme. */
export function viaUrl(proxy: URL, standard: Readonly<Record<string, number>>): Decision {
  const scheme = proxy.protocol.slice(0, -1);
  const port = standard[scheme];
  if (port === undefined) return gaveUp('this client does not know this kind of proxy');
  return viaProxy(scheme, bare(proxy.hostname), proxy.port === '' ? port : Number(proxy.port));
}

/** Whether user and password of a proxy can be decoded; the clients throw where they can't. */
export function isDecodable(proxy: URL): boolean {
  try {
    decodeURIComponent(`${proxy.username}:${proxy.password}`);
    return true;
  } catch {
    return false;
  }
}
