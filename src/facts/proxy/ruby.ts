// How Ruby's Net::HTTP reads the proxy variables (URI::Generic#find_proxy): measured on 3.1.
//
// Net::HTTP asks for an http proxy even where it goes to https; open-uri, on the same function, reads https_proxy.
// A name is resolved first: one that leads to loopback is never proxied, and no_proxy networks hold its address.
// no_proxy is cut at colons, so no spelling of an IPv6 address can be exempted.
import { ipv4, ipv6, samePrefix } from './address.ts';
import {
  type Decide,
  type Decision,
  DIRECT,
  type Dialect,
  gaveUp,
  type Resolve,
  type Variables,
  viaProxy,
} from './dialect.ts';
import { type Target, target } from './target.ts';

/** Under CGI, HTTP_PROXY may be a request header: lower case counts only where no other spelling is set. */
function proxyText(variables: Variables): string | undefined {
  if (variables['REQUEST_METHOD'] === undefined) return variables['http_proxy'] ?? variables['HTTP_PROXY'];
  return variables['http_proxy'] ?? variables['CGI_HTTP_PROXY'];
}

function addressOf(asked: Target, resolve: Resolve): string | undefined {
  return ipv4(asked.host) === undefined && ipv6(asked.host) === undefined ? resolve(asked.host) : asked.host;
}

function isExempt(noProxy: string, asked: Target, address: string | undefined): boolean {
  const host = asked.host.toLowerCase();
  return [...noProxy.matchAll(/([^:,\s]+)(?::(\d+))?/g)].some(([, entry = '', port]) => {
    if (port !== undefined && Number(port) !== asked.effectivePort) return false;
    const wanted = entry.toLowerCase();
    const named = wanted.startsWith('.') ? host.endsWith(wanted) : `.${host}`.endsWith(`.${wanted}`);
    return named || (address !== undefined && networkHolds(entry, address));
  });
}

/** IPAddr#include? for what can stand between colons: IPv4, with a prefix length or a netmask. */
function networkHolds(entry: string, address: string): boolean {
  const [networkText = '', mask, ...more] = entry.split('/');
  const network = ipv4(networkText);
  const bytes = ipv4(address);
  const bits = mask === undefined ? 32 : prefixLength(mask);
  if (network === undefined || bytes === undefined || bits === undefined || more.length > 0) return false;
  return samePrefix(network, bytes, bits);
}

function prefixLength(mask: string): number | undefined {
  if (/^(?:0|[1-9]\d*)$/.test(mask)) return Number(mask) <= 32 ? Number(mask) : undefined;
  const bits = (ipv4(mask) ?? []).map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0+$|^1{32}$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ftp: 21, ws: 80, wss: 443 };

// RFC 3986, as Ruby's parser spells it out.
const USER = '(?:%[0-9a-f]{2}|[!$&-.0-;=A-Z_a-z~])*@';
const HOST = '\\[[^\\]]*\\]|(?:%[0-9a-f]{2}|[!$&-.0-9;=A-Z_a-z~])*';
const REST =
  '(?:%[0-9a-f]{2}|[!$&-.0-;=@-Z_a-z~/])*(?:\\?[^#]*)?(?:#(?:%[0-9a-f]{2}|[!$&-.0-;=@-Z_a-z~/?])*)?';
const WITH_HOST = new RegExp(
  `^(?:([a-z][+\\-.0-9a-z]*):)?//(?:${USER})?(${HOST})(?::(\\d*))?(?![^/?#])${REST}$`,
  'i',
);
const WITHOUT_HOST = new RegExp(`^([a-z][+\\-.0-9a-z]*):(?!//)${REST}$`, 'i');

/** URI.parse, then host and port of what came out, whatever its scheme: Net::HTTP speaks plain HTTP to it. */
function parseProxy(text: string): Decision {
  const parts = WITH_HOST.exec(text) ?? WITHOUT_HOST.exec(text);
  const [, scheme = '', host = '', port = ''] = parts ?? [];
  const bare = host.replace(/^\[|\]$/g, '');
  if (parts === null || (host !== bare && ipv6(bare) === undefined)) {
    return gaveUp('Ruby cannot read the proxy variable');
  }
  const number = port === '' ? (DEFAULT_PORTS[scheme.toLowerCase()] ?? 0) : Number(port);
  // A socket without a host ends on this machine.
  return viaProxy(scheme === '' ? 'http' : scheme.toLowerCase(), bare === '' ? 'localhost' : bare, number);
}

const NO_NAMES: Resolve = (name) => (name.toLowerCase() === 'localhost' ? '127.0.0.1' : undefined);

const decide: Decide = (variables, url, resolve = NO_NAMES) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const text = proxyText(variables);
  if (text === undefined || text === '') return DIRECT;
  const address = addressOf(asked, resolve);
  if (address !== undefined && /^(?:127\.|::1$)/.test(address)) return DIRECT;
  const noProxy = variables['no_proxy'] ?? variables['NO_PROXY'];
  return noProxy !== undefined && isExempt(noProxy, asked, address) ? DIRECT : parseProxy(text);
};

export const ruby: Dialect = { id: 'ruby', measuredOn: 'Ruby 3.1.7 net/http', decide };
