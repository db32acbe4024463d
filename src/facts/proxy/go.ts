// How Go programs read the proxy variables (net/http.ProxyFromEnvironment): measured on Go 1.26. AWS's Go SDK asks
// IMDS this way. Loopback is never proxied, a proxy that can't be parsed is none, and there is no all_proxy.
import { ipv4, ipv4Loose, ipv6, samePrefix } from './address.ts';
import {
  type Decide,
  type Decision,
  DIRECT,
  type Dialect,
  firstNonEmpty,
  gaveUp,
  type Variables,
  viaProxy,
} from './dialect.ts';
import { type GoUrl, goUrl, hostAndPort } from './go-url.ts';
import { type Target, target } from './target.ts';

/** Both families in 16 bytes, as net.IP compares them; undefined for a name. */
function ip(text: string): readonly number[] | undefined {
  const four = ipv4(text);
  return four === undefined ? ipv6(text) : [...MAPPED, ...four];
}

const MAPPED: readonly number[] = [...Array<number>(10).fill(0), 255, 255];
const isMapped = (address: readonly number[]): boolean => samePrefix(address, [...MAPPED, 0, 0, 0, 0], 96);

function isLoopback(address: readonly number[]): boolean {
  return isMapped(address) ? address[12] === 127 : samePrefix(address, ip('::1') ?? [], 128);
}

interface Exemption {
  readonly host: string;
  readonly port: string;
}

/** net.SplitHostPort: a lone IPv6 address has no port, and keeps its brackets where it has them. */
function splitEntry(entry: string): Exemption {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(entry);
  if (parts === null) return { host: entry, port: '' };
  return { host: parts[1] ?? parts[2] ?? '', port: parts[3] ?? '' };
}

function isExempt(noProxy: string, asked: Target): boolean {
  const host = asked.host.toLowerCase().trim();
  const address = ip(host);
  const port = String(asked.port ?? asked.effectivePort);
  const entries = noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  return entries.some((entry) => {
    if (entry === '*') return true;
    const network = cidr(entry);
    if (network !== undefined) return address !== undefined && holds(network, address);
    const exempted = splitEntry(entry);
    if (exempted.host === '') return false;
    const other = ip(exempted.host);
    const same =
      other === undefined
        ? address === undefined && nameMatches(host, exempted.host)
        : address !== undefined && samePrefix(other, address, 128);
    return same && (exempted.port === '' || exempted.port === port);
  });
}

interface Network {
  readonly address: readonly number[];
  readonly bits: number;
  readonly isFour: boolean;
}

function cidr(entry: string): Network | undefined {
  const parts = /^([^/]*)\/(\d{1,3})$/.exec(entry);
  const text = parts?.[1] ?? '';
  const address = ip(text);
  if (address === undefined) return undefined;
  const isFour = ipv4(text) !== undefined;
  const bits = Number(parts?.[2]);
  return bits <= (isFour ? 32 : 128) ? { address, bits, isFour } : undefined;
}

/** A network of one family never holds an address of the other. */
const holds = (network: Network, address: readonly number[]): boolean =>
  network.isFour === isMapped(address) &&
  samePrefix(network.address, address, network.isFour ? network.bits + 96 : network.bits);

/** A name covers its subdomains; with a leading dot or `*.` only them. */
function nameMatches(host: string, exempted: string): boolean {
  const wanted = exempted.startsWith('*.') ? exempted.slice(1) : exempted;
  if (wanted.startsWith('.')) return host.endsWith(wanted);
  return host === wanted || host.endsWith(`.${wanted}`);
}

/** A text that is no URL with a host is tried again behind http://. Undefined: as if the variable were not set. */
function parseProxy(text: string): GoUrl | undefined {
  const first = goUrl(text);
  if (first !== undefined && first.scheme !== '' && first.host !== '') return first;
  return goUrl(`http://${text}`) ?? first;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };

function connect(proxy: GoUrl, text: string): Decision {
  const { host, port } = hostAndPort(proxy.host);
  if (/^[a-z0-9+.-]+:\/\//i.test(text) && text.toLowerCase().startsWith(`${host.toLowerCase()}:`)) {
    return gaveUp('Go takes the scheme of the proxy variable for a host name');
  }
  if (ipv4(host) === undefined && ipv4Loose(host) !== undefined)
    return gaveUp('Go takes no such spelling of an address');
  const number = port === '' ? (DEFAULT_PORTS[proxy.scheme] ?? 0) : Number(port);
  // An empty host is dialled as this machine.
  return viaProxy(proxy.scheme, host === '' ? 'localhost' : host, number);
}

function proxyText(variables: Variables, scheme: string): string | undefined {
  return scheme === 'https'
    ? firstNonEmpty(variables, 'HTTPS_PROXY', 'https_proxy')
    : firstNonEmpty(variables, 'HTTP_PROXY', 'http_proxy');
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const text = proxyText(variables, asked.scheme);
  const proxy = text === undefined ? undefined : parseProxy(text);
  if (text === undefined || proxy === undefined) return DIRECT;
  if (asked.scheme === 'http' && firstNonEmpty(variables, 'REQUEST_METHOD') !== undefined) {
    return gaveUp('Go refuses HTTP_PROXY where REQUEST_METHOD says that this is CGI');
  }
  const address = ip(asked.host);
  if (asked.host === 'localhost' || (address !== undefined && isLoopback(address))) return DIRECT;
  const noProxy = firstNonEmpty(variables, 'NO_PROXY', 'no_proxy');
  return noProxy !== undefined && isExempt(noProxy, asked) ? DIRECT : connect(proxy, text);
};

export const go: Dialect = { id: 'go', measuredOn: 'Go 1.26.8', decide };
