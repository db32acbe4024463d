// What Python's urllib.request takes from the environment; requests and botocore build on it. Measured on 3.11.
import type { Variables } from './dialect.ts';

/** Proxies by scheme, `no` and `all` among them: urllib.request.getproxies_environment. */
export type Proxies = ReadonlyMap<string, string>;

/** Any spelling counts; a lower-case `…_proxy` wins, and one that is set to nothing takes the proxy away. */
export function getProxies(variables: Variables): Proxies {
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const proxies = new Map<string, string>();
  for (const [name, value] of set) {
    if (value !== '' && name.toLowerCase().endsWith('_proxy')) proxies.set(schemeOf(name), value);
  }
  // A CGI server sets HTTP_PROXY from a request header (CVE-2016-1000110).
  if (variables['REQUEST_METHOD'] !== undefined) proxies.delete('http');
  for (const [name, value] of set) {
    if (!name.endsWith('_proxy')) continue;
    if (value === '') proxies.delete(schemeOf(name));
    else proxies.set(schemeOf(name), value);
  }
  return proxies;
}

const schemeOf = (name: string): string => name.toLowerCase().slice(0, -'_proxy'.length);

/**
 * Whether no_proxy exempts a host, given with or without its port: urllib.request.proxy_bypass_environment.
 * Compared as text from the end, label by label: no CIDR, and `*` only alone.
 */
export function isBypassed(hostAndPort: string, proxies: Proxies): boolean {
  const noProxy = proxies.get('no');
  if (noProxy === undefined) return false;
  if (noProxy === '*') return true;
  const host = hostAndPort.toLowerCase();
  const withoutPort = splitPort(host);
  return noProxy.split(',').some((entry) => {
    const wanted = entry.trim().replace(/^\.+/, '').toLowerCase();
    if (entry.trim() === '') return false;
    return [host, withoutPort].some((name) => name === wanted || name.endsWith(`.${wanted}`));
  });
}

/** Cuts the last colon and its digits off, from an unbracketed IPv6 address too. */
const splitPort = (host: string): string => /^(.*):[0-9]*$/s.exec(host)?.[1] ?? host;

/** What Python's int() makes of a text, or undefined where it raises. */
export function pythonInt(text: string): number | undefined {
  const digits = /^\s*([+-]?\d+(?:_\d+)*)\s*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits.replaceAll('_', ''));
}
