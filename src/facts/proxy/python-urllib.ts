// How Python's urllib.request.urlopen reads the proxy variables: measured on 3.11. It knows no all_proxy.
import {
  type Decide,
  type Decision,
  DIRECT,
  type Dialect,
  gaveUp,
  percentDecoded,
  viaProxy,
} from './dialect.ts';
import { getProxies, isBypassed, type Proxies, pythonInt } from './python-environment.ts';
import { target } from './target.ts';

interface ProxyText {
  readonly scheme: string | undefined;
  readonly hostAndPort: string;
}

/** urllib.request._parse_proxy; undefined where it raises. */
function parseProxy(text: string): ProxyText | undefined {
  const typed = /^([^/:]+):(.*)$/s.exec(text);
  const rest = typed?.[2] ?? text;
  if (!rest.startsWith('/')) return { scheme: undefined, hostAndPort: withoutUser(text) };
  if (!rest.startsWith('//')) return undefined;
  const at = rest.indexOf('@');
  const end = rest.indexOf('/', at < 0 ? 2 : at);
  const authority = rest.slice(2, end < 0 ? undefined : end);
  return { scheme: typed?.[1]?.toLowerCase(), hostAndPort: withoutUser(authority) };
}

const withoutUser = (authority: string): string => authority.slice(authority.lastIndexOf('@') + 1);

/** Where a proxy's host and port point (http.client.HTTPConnection); without a port, that of the scheme spoken. */
function connect(scheme: string, hostAndPort: string): Decision {
  const standard = { http: 80, https: 443, ftp: 21 }[scheme];
  if (standard === undefined) return gaveUp('urllib does not know this kind of proxy');
  const colon = hostAndPort.lastIndexOf(':');
  const hasPort = colon > hostAndPort.lastIndexOf(']');
  const portText = hasPort ? hostAndPort.slice(colon + 1) : '';
  const port = portText === '' ? standard : pythonInt(portText);
  const host = hasPort ? hostAndPort.slice(0, colon) : hostAndPort;
  if (port === undefined) return gaveUp('urllib cannot read the port of the proxy variable');
  return viaProxy(scheme, /^\[.*\]$/.test(host) ? host.slice(1, -1) : host, port);
}

/** A proxy reached by another scheme than the target's starts the search over, with the proxy as the target. */
function follow(proxies: Proxies, askedScheme: string, askedHost: string): Decision {
  let scheme = askedScheme;
  let host = askedHost;
  let tunnelled = false;
  for (let round = 0; ; round += 1) {
    const text = proxies.get(scheme);
    const proxy = text === undefined ? undefined : parseProxy(text);
    if (text !== undefined && proxy === undefined) return gaveUp('urllib cannot read the proxy variable');
    if (proxy === undefined || isBypassed(host, proxies)) return round === 0 ? DIRECT : connect(scheme, host);
    const through = proxy.scheme ?? scheme;
    const done = scheme === through || scheme === 'https';
    host = percentDecoded(proxy.hostAndPort);
    if (scheme === 'https' && !tunnelled) tunnelled = true;
    else scheme = through;
    if (done) return connect(scheme, host);
  }
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  return follow(getProxies(variables), asked.scheme, asked.netloc);
};

export const pythonUrllib: Dialect = { id: 'python-urllib', measuredOn: 'Python 3.11.7 urllib', decide };
