// How curl reads the proxy variables: measured on 7.88.1 (Debian 12).
//
// What newer curls do otherwise, by their source (8.x): an IPv6 target is compared as a number, CIDR included, where
// 7.88.1 compares text; and a blank inside no_proxy ends the list, where 7.88.1 takes it for a comma. Before 7.86
// there is no CIDR. None of them strips brackets inside no_proxy.
import { ipv4, ipv4Loose, ipv6, ipv6Text, samePrefix } from './address.ts';
import {
  type Decide,
  type Decision,
  DIRECT,
  type Dialect,
  firstNonEmpty,
  gaveUp,
  percentDecoded,
  type Variables,
  viaProxy,
} from './dialect.ts';
import { type Target, target } from './target.ts';

/** HTTP_PROXY is never read: a CGI server sets it from a request header. Empty variables count as unset. */
function proxyText(variables: Variables, scheme: string): string | undefined {
  const own = scheme === 'https' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy'];
  return firstNonEmpty(variables, ...own, 'all_proxy', 'ALL_PROXY');
}

/** The host as curl's URL parser leaves it: IPv4 in four numbers, IPv6 in its shortest spelling. */
function hostName(asked: Target): string {
  const six = asked.bracketed ? ipv6(asked.host) : undefined;
  if (six !== undefined) return ipv6Text(six).length < asked.host.length ? ipv6Text(six) : asked.host;
  return (asked.bracketed ? undefined : ipv4Loose(asked.host)?.join('.')) ?? asked.host;
}

function isExempt(host: string, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const address = ipv4(host);
  const name = host.replace(/\.$/, '').toLowerCase();
  return noProxy
    .split(/[ \t,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => (address === undefined ? nameMatches(name, entry) : networkHolds(address, entry)));
}

function nameMatches(name: string, entry: string): boolean {
  const wanted = entry.replace(/\.$/, '').replace(/^\./, '').toLowerCase();
  return name === wanted || (wanted !== '' && name.endsWith(`.${wanted}`));
}

function networkHolds(address: readonly number[], entry: string): boolean {
  const slash = entry.indexOf('/');
  const network = ipv4(slash < 0 ? entry : entry.slice(0, slash));
  // Digits up to the first other character count; none, or 0, means the whole address.
  const bits = slash < 0 ? 0 : Number(/^[+-]?\d+/.exec(entry.slice(slash + 1))?.[0] ?? 0);
  return (
    network !== undefined && bits >= 0 && bits <= 32 && samePrefix(address, network, bits === 0 ? 32 : bits)
  );
}

/** Host prefixes that make curl guess another scheme where none is written. */
const GUESSED = /^(?:ftp|dict|ldap|imap|smtp|pop3)\./i;
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 1080,
  https: 443,
  socks: 1080,
  socks4: 1080,
  socks4a: 1080,
  socks5: 1080,
  socks5h: 1080,
};

function parseProxy(text: string): Decision {
  if (/[\u0000-\u0020\u007f]/.test(text)) return gaveUp('curl takes no blanks in a proxy variable');
  const schemed = /^([A-Za-z0-9+.-]{1,40}):(\/{1,3})(?!\/)/.exec(text);
  if (schemed === null && /^[A-Za-z0-9+.-]{1,40}:\//.test(text)) return gaveUp('too many slashes');
  const scheme = schemed?.[1]?.toLowerCase() ?? 'http';
  const authority = (text.slice(schemed?.[0].length ?? 0).split(/[/?#]/)[0] ?? '').replace(/^[^@]*@/, '');
  const place = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority);
  if (place === null) return gaveUp('curl cannot read the proxy variable');
  // A colon without a number is forgiven only after a scheme.
  if (place[2] === '' && schemed === null) return gaveUp('curl cannot read the port of the proxy variable');
  const host = proxyHost(place[1] ?? '');
  if (host === undefined || (schemed === null && GUESSED.test(host))) {
    return gaveUp('curl cannot read the host of the proxy variable');
  }
  const port = DEFAULT_PORTS[scheme];
  if (port === undefined) return gaveUp('curl does not know this kind of proxy');
  return viaProxy(scheme, host, place[2] === undefined || place[2] === '' ? port : Number(place[2]));
}

function proxyHost(text: string): string | undefined {
  if (text.startsWith('[')) {
    const bare = text.slice(1, -1).replace(/%.*$/, '');
    return ipv6(bare) === undefined ? undefined : bare;
  }
  const four = ipv4Loose(text);
  if (four !== undefined) return four.join('.');
  const name = percentDecoded(text);
  return name === '' || /[\s\u0000-\u001f/:#?!@{}[\]\\$'"^`*<>=;,+&()]/.test(name) ? undefined : name;
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const noProxy = firstNonEmpty(variables, 'no_proxy', 'NO_PROXY');
  if (noProxy !== undefined && isExempt(hostName(asked), noProxy)) return DIRECT;
  const text = proxyText(variables, asked.scheme);
  return text === undefined ? DIRECT : parseProxy(text);
};

export const curl: Dialect = { id: 'curl', measuredOn: 'curl 7.88.1', decide };
