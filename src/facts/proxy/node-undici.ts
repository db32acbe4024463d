// How undici's EnvHttpProxyAgent reads the proxy variables: measured on 8.12. A variable it cannot read breaks every
// request, exempted ones too, since the agent is not even built. It knows no all_proxy.
import { type Decide, type Decision, DIRECT, type Dialect, gaveUp, type Variables } from './dialect.ts';
import { isDecodable, nodeTarget, viaUrl } from './node-url.ts';

interface Entry {
  readonly host: string;
  readonly port: number;
  readonly wildcard: boolean;
}

/** A port is told from an IPv6 address by its brackets or by being behind the only colon. */
function parseEntry(entry: string): Entry {
  const bracketed = /^\[(.+)\]:(\d+)$/.exec(entry);
  const bare = entry.replace(/^\[(.+)\]$/, '$1');
  const [, host = bare, port = '0'] = bracketed ?? /^([^:]+):(\d+)$/.exec(bare) ?? [];
  const name = host.replace(/^\*?\./, '').replace(/^(.+)\.$/, '$1');
  return { host: name.toLowerCase(), port: Number(port), wildcard: entry.startsWith('*') };
}

/** `*.name` holds subdomains only, `name` and `.name` the name itself as well; `*` holds everything. */
function isExempt(noProxy: string, host: string, port: number): boolean {
  return noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .map(parseEntry)
    .some((entry) => {
      if (entry.port !== 0 && entry.port !== port) return false;
      if (entry.host === '*' || (!entry.wildcard && host === entry.host)) return true;
      return host.endsWith(`.${entry.host}`);
    });
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, socks5: 1080, socks: 1080 };

/** A proxy that the agent can be built with: an http(s) URL without a path, or SOCKS; else why it can't be. */
function parseProxy(text: string): URL | Decision {
  const proxy = URL.parse(text);
  if (proxy === null) return gaveUp('the proxy variable is not a URL');
  const isBare = /^\/?$/.test(proxy.pathname) && proxy.search === '' && proxy.hash === '';
  if (DEFAULT_PORTS[proxy.protocol.slice(0, -1)] === undefined)
    return gaveUp('undici does not know this kind of proxy');
  if (!proxy.protocol.startsWith('socks') && !isBare)
    return gaveUp('undici takes no path in a proxy variable');
  return isDecodable(proxy) ? proxy : gaveUp('the proxy variable is badly escaped');
}

/** Lower case wins even where it is empty. */
const read = (variables: Variables, name: string): string =>
  variables[name] ?? variables[name.toUpperCase()] ?? '';

const decide: Decide = (variables, url) => {
  const asked = nodeTarget(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const http = read(variables, 'http_proxy');
  const https = read(variables, 'https_proxy');
  const forHttp = http === '' ? DIRECT : parseProxy(http);
  const forHttps = https === '' ? forHttp : parseProxy(https);
  for (const proxy of [forHttp, forHttps])
    if (!(proxy instanceof URL) && proxy.route === 'error') return proxy;
  const host = asked.host.replace(/^(.+)\.$/, '$1');
  const proxy = asked.scheme === 'https' ? forHttps : forHttp;
  if (!(proxy instanceof URL) || isExempt(read(variables, 'no_proxy'), host, asked.port)) return DIRECT;
  return viaUrl(proxy, DEFAULT_PORTS);
};

export const nodeUndici: Dialect = { id: 'node-undici', measuredOn: 'undici 8.12.4', decide };
