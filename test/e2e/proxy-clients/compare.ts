// Says whether a dialect's decision and what the real client did are the same.
import { readFileSync } from 'node:fs';
import type { ProxyRoute } from '../../../src/core/proxy.ts';
import { ipv4Loose, ipv6, ipv6Text } from '../../../src/facts/proxy/address.ts';
import type { Decision } from '../../../src/facts/proxy/dialect.ts';
import { target } from '../../../src/facts/proxy/target.ts';
import type { Contact } from './recorder.ts';

/** The names of the namespace, with all their addresses. */
const NAMES = new Map<string, string[]>();
for (const line of readFileSync(new URL('./hosts', import.meta.url), 'utf8').split('\n')) {
  const [address, ...names] = line.split(/\s+/);
  if (address === undefined || address === '') continue;
  for (const name of names) NAMES.set(name, [...(NAMES.get(name) ?? []), address]);
}

/** Where a connection to a host can end; none for a name that this namespace does not know. */
function addresses(host: string): readonly string[] {
  const known = NAMES.get(host.toLowerCase());
  if (known !== undefined) return known;
  const bare = host.replace(/%.*$/, '');
  const four = ipv4Loose(bare);
  if (four !== undefined) return [four.join('.')];
  const six = ipv6(bare);
  return six === undefined ? [] : [ipv6Text(six)];
}

export const resolve = (name: string): string | undefined => NAMES.get(name.toLowerCase())?.[0];

const at = (contact: Contact, host: string, port: number): boolean =>
  contact.port === port && addresses(host).includes(contact.address);

/** Where the client's first connection went. */
export function observedRoute(url: string, contacts: readonly Contact[]): ProxyRoute {
  const asked = target(url);
  const [first] = contacts;
  if (first === undefined || asked === undefined) return 'error';
  return at(first, asked.host, asked.effectivePort) ? 'direct' : 'proxy';
}

/** The route must be the same and, where it is a proxy's, its address and port too. */
export function agrees(decision: Decision, url: string, contacts: readonly Contact[]): boolean {
  const [first] = contacts;
  if (decision.route !== 'proxy') return observedRoute(url, contacts) === decision.route;
  const { host, port } = decision.proxy;
  // A proxy whose name does not resolve here can only be seen to fail.
  if (addresses(host).length === 0) return first === undefined;
  return first !== undefined && at(first, host, port);
}
