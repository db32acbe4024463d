// How Node's own http agent (the JavaScript SDK asks IMDS through it) reads the proxy variables: measured on 24.
// It does so only where NODE_USE_ENV_PROXY=1 or --use-env-proxy asks for it (Node 22.21 and 24.5 on).
import { ipv4 } from './address.ts';
import { type Decide, DIRECT, type Dialect, firstNonEmpty, gaveUp, type Variables } from './dialect.ts';
import { isDecodable, nodeTarget, viaUrl } from './node-url.ts';

/** Entries end at commas. Ranges `first-last` of IPv4 addresses count, CIDR does not. */
function isExempt(noProxy: string, host: string, port: number): boolean {
  return noProxy.split(',').some((part) => {
    const entry = part.trim().toLowerCase();
    if (entry === '*' || entry === host || entry === `${host}:${port}`) return true;
    if (entry.startsWith('.')) return host === entry.slice(1) || host.endsWith(entry);
    if (entry.startsWith('*.')) return host.endsWith(entry.slice(1));
    return isInRange(entry, host);
  });
}

function isInRange(entry: string, host: string): boolean {
  const [first, last, address] = [...entry.split('-').slice(0, 2), host].map((text) => number(text.trim()));
  return (
    first !== undefined && last !== undefined && address !== undefined && first <= address && address <= last
  );
}

const number = (text: string): number | undefined =>
  ipv4(text)?.reduce((value, byte) => value * 256 + byte, 0);

/** As if NODE_USE_ENV_PROXY=1 were set. */
const decideInUse: Decide = (variables, url) => {
  const asked = nodeTarget(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const text = firstNonEmpty(variables, `${asked.scheme}_proxy`, `${asked.scheme.toUpperCase()}_PROXY`);
  // Other kinds of proxy are left to the program, so Node goes direct.
  if (text === undefined || !/^https?:\/\//.test(text)) return DIRECT;
  const proxy = URL.parse(text);
  if (proxy === null) return gaveUp('the proxy variable is not a URL');
  if (!isDecodable(proxy)) return gaveUp('the proxy variable is badly escaped');
  const noProxy = firstNonEmpty(variables, 'no_proxy', 'NO_PROXY');
  if (noProxy !== undefined && isExempt(noProxy, asked.host, asked.port)) return DIRECT;
  return viaUrl(proxy, { http: 80, https: 443 });
};

const isInUse = (variables: Variables): boolean =>
  variables['NODE_USE_ENV_PROXY'] === '1' ||
  /(?:^|\s)--use-env-proxy(?:\s|$)/.test(variables['NODE_OPTIONS'] ?? '');

const decide: Decide = (variables, url) => (isInUse(variables) ? decideInUse(variables, url) : DIRECT);

export const nodeHttp: Dialect = { id: 'node-http', measuredOn: 'Node 24.21.0', decide };
