// Says which way a request to AWS goes under the proxy variables: straight, or through which proxy. Pure.
import { BlockList, isIP } from 'node:net';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ProxyRoute =
  | { readonly via: 'direct' }
  | {
      readonly via: 'proxy';
      /** The proxy's URL without user and password: fit to be shown. */
      readonly url: string;
      /** What to send as `Proxy-Authorization`, or null. A secret. */
      readonly authorization: string | null;
      /** The variable that names it. */
      readonly variable: string;
    }
  | { readonly via: 'unusable'; readonly variable: string; readonly because: string };

/**
 * The route to `target`, by the rules of Python's urllib and requests, which the AWS CLI follows:
 * `https_proxy` for https, `http_proxy` for http, else `all_proxy`; the lower-case spelling goes before the
 * upper-case one, even when it is empty; `no_proxy` exempts hosts. undici's `EnvHttpProxyAgent` is not used, as it
 * reads no `ALL_PROXY` and no CIDR ranges, and sends https through `HTTP_PROXY`.
 */
export function proxyRoute(target: URL, environment: Environment): ProxyRoute {
  const chosen =
    setting(environment, `${target.protocol.slice(0, -1)}_proxy`) ?? setting(environment, 'all_proxy');
  if (chosen === null) return { via: 'direct' };
  if (isExempt(target, setting(environment, 'no_proxy')?.value ?? '')) return { via: 'direct' };
  return readProxy(chosen.variable, chosen.value);
}

interface Setting {
  readonly variable: string;
  readonly value: string;
}

/** The value in force of a variable that exists in two spellings, or null where it is unset or empty. */
function setting(environment: Environment, lowerCase: string): Setting | null {
  const variable = environment[lowerCase] === undefined ? lowerCase.toUpperCase() : lowerCase;
  const value = environment[variable]?.trim() ?? '';
  return value === '' ? null : { variable, value };
}

/** Never repeats the value: it may hold a password. */
function readProxy(variable: string, value: string): ProxyRoute {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '') return { via: 'unusable', variable, because: 'it is not a URL' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const scheme = url.protocol.slice(0, -1);
    return {
      via: 'unusable',
      variable,
      because: `it names a ${scheme} proxy; only http and https are supported`,
    };
  }
  const user = decoded(url.username);
  const password = decoded(url.password);
  const authorization =
    user === '' && password === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { via: 'proxy', url: url.origin, authorization, variable };
}

/** Percent signs that encode nothing stay as they are. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

function isExempt(target: URL, noProxy: string): boolean {
  const host = bareHost(target.hostname);
  const port = target.port === '' ? (DEFAULT_PORTS[target.protocol] ?? '') : target.port;
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => covers(entry, host, port));
}

/** Lower case, without brackets and the root's dot. */
function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/(?<=.)\.$/, '');
}

/** One entry of `no_proxy`: `*`, a name with all below it, an address, a range; each but the range with a port or not. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return isIP(host) !== 0 && inRange(host, entry);
  const withPort = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = bareHost(withPort?.[1] ?? entry);
  if (name === '*') return true;
  if (isIP(name) !== 0) return isIP(host) !== 0 && inRange(host, name);
  const suffix = name.replace(/^\*?\./, '');
  return suffix !== '' && isIP(host) === 0 && (host === suffix || host.endsWith(`.${suffix}`));
}

/** Whether an address lies in `address` or `address/bits`; an entry that is neither exempts nothing. */
function inRange(host: string, entry: string): boolean {
  const [address = '', bits] = entry.split('/');
  const network = bareHost(address);
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  const width = family === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? width : Number(bits);
  if (isIP(network) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > width || bits === '')
    return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
