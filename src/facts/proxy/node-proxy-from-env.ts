// How the npm package proxy-from-env (axios and many others) reads the proxy variables: measured on 2.1.0.
import { type Decide, DIRECT, type Dialect, firstNonEmpty, gaveUp, type Variables } from './dialect.ts';
import { nodeTarget, viaUrl } from './node-url.ts';

const read = (variables: Variables, name: string): string =>
  firstNonEmpty(variables, name, name.toUpperCase()) ?? '';

/** Entries end at commas and blanks; the last colon and its digits are a port, in an IPv6 address too. */
function isExempt(noProxy: string, host: string, port: number): boolean {
  if (noProxy === '*') return true;
  return noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, before, number] = /^(.+):(\d+)$/.exec(entry) ?? [];
      if (number !== undefined && Number(number) !== 0 && Number(number) !== port) return false;
      const wanted = before ?? entry;
      if (!/^[.*]/.test(wanted)) return host === wanted;
      return host.endsWith(wanted.startsWith('*') ? wanted.slice(1) : wanted);
    });
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  socks: 1080,
  socks4: 1080,
  socks4a: 1080,
  socks5: 1080,
  socks5h: 1080,
};

const decide: Decide = (variables, url) => {
  const asked = nodeTarget(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const noProxy = read(variables, 'no_proxy').toLowerCase();
  if (noProxy !== '' && isExempt(noProxy, asked.hostname, asked.port)) return DIRECT;
  const text = read(variables, `${asked.scheme}_proxy`) || read(variables, 'all_proxy');
  if (text === '') return DIRECT;
  // The library names the proxy as text; whoever uses it takes that text for a URL.
  const proxy = URL.parse(text.includes('://') ? text : `${asked.scheme}://${text}`);
  return proxy === null ? gaveUp('the proxy variable is not a URL') : viaUrl(proxy, DEFAULT_PORTS);
};

export const nodeProxyFromEnv: Dialect = {
  id: 'node-proxy-from-env',
  measuredOn: 'proxy-from-env 2.1.0',
  decide,
};
