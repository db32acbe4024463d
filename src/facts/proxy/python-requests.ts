// How Python requests reads the proxy variables: measured on 2.34 without the optional PySocks. On top of urllib's
// rules it knows all_proxy, IPv4 CIDR, and upper-case NO_PROXY behind an empty lower-case one.
import { ipv4Loose, samePrefix } from './address.ts';
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
import { getProxies, isBypassed, pythonInt } from './python-environment.ts';
import { type Target, target } from './target.ts';
import { portOrDefault, urllib3Url } from './urllib3-url.ts';

/** requests.utils.should_bypass_proxies */
function isExempt(variables: Variables, asked: Target): boolean {
  const host = asked.host.toLowerCase();
  const noProxy = firstNonEmpty(variables, 'no_proxy', 'NO_PROXY') ?? '';
  const entries = noProxy
    .replaceAll(' ', '')
    .split(',')
    .filter((entry) => entry !== '');
  const address = ipv4Loose(host);
  const matched =
    address === undefined
      ? entries.some((entry) => nameMatches(host, asked.port, entry))
      : entries.some((entry) => addressMatches(host, address, entry));
  return matched || isBypassed(host, getProxies(variables));
}

/** requests compares this part in the case it was written in. */
function nameMatches(host: string, port: number | undefined, entry: string): boolean {
  const wanted = entry.replace(/^\.+/, '');
  const names = port === undefined || port === 0 ? [host] : [host, `${host}:${port}`];
  return names.some((name) => name === wanted || name.endsWith(`.${wanted}`));
}

function addressMatches(host: string, address: readonly number[], entry: string): boolean {
  const [networkText = '', bitsText, ...more] = entry.split('/');
  const bits = bitsText === undefined ? undefined : pythonInt(bitsText);
  const network = ipv4Loose(networkText);
  const isNetwork =
    more.length === 0 && bits !== undefined && bits >= 1 && bits <= 32 && network !== undefined;
  return isNetwork ? samePrefix(address, network, bits) : host === entry;
}

function parseProxy(text: string): Decision {
  const proxy = urllib3Url(text);
  if (proxy?.host === undefined || proxy.host === '')
    return gaveUp('requests cannot read the proxy variable');
  const scheme = proxy.scheme ?? 'http';
  if (scheme.startsWith('socks')) return gaveUp('requests needs PySocks for this proxy');
  if (scheme !== 'http' && scheme !== 'https') return gaveUp('requests does not know this kind of proxy');
  return viaProxy(scheme, proxy.host, portOrDefault(scheme, proxy.port));
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  if (isExempt(variables, asked)) return DIRECT;
  const proxies = getProxies(variables);
  const host = asked.host.toLowerCase();
  // A variable can name a host too: `http://name_proxy`, as the shell would never allow.
  const keys = [`${asked.scheme}://${host}`, asked.scheme, `all://${host}`, 'all'];
  const key = keys.find((candidate) => proxies.has(candidate));
  const text = key === undefined ? undefined : proxies.get(key);
  return text === undefined ? DIRECT : parseProxy(text);
};

export const pythonRequests: Dialect = { id: 'python-requests', measuredOn: 'requests 2.34.2', decide };
