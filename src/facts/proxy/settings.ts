// What every dialect makes of the proxy variables for one URL, ready to be shown: no value of a variable is in it.
import {
  type AnyProxyClient,
  AWS_PROXY_CLIENTS,
  PROXY_CLIENTS,
  type ProxyInUse,
  type ProxyRoute,
  type ProxySettings,
} from '../../core/proxy.ts';
import { shownText } from '../../core/text.ts';
import type { Decision, Variables } from './dialect.ts';
import { DIALECTS } from './index.ts';
import { bestExemption } from './no-proxy.ts';

/** Stands for a place that can't be shown. */
export const HIDDEN_PLACE = '…';

const VARIABLE = /^(?:(?:cgi_)?https?|all|no)_proxy$|^node_use_env_proxy$/i;

/** Judges an environment for the metadata endpoint in force. `present` are the clients found on this machine. */
export function proxySettings(
  variables: Variables,
  endpoint: string,
  present: readonly AnyProxyClient[],
): ProxySettings {
  const decisions = new Map(DIALECTS.map(({ id, decide }) => [id, decide(variables, endpoint)]));
  return {
    variables: Object.keys(variables)
      .filter((name) => VARIABLE.test(name) && variables[name] !== undefined)
      .sort(),
    endpoint,
    routes: routes(PROXY_CLIENTS, decisions),
    awsRoutes: routes(AWS_PROXY_CLIENTS, decisions),
    present,
    proxies: proxiesInUse(variables, decisions),
    exemption: bestExemption(variables, endpoint),
  };
}

function routes<C extends AnyProxyClient>(
  clients: readonly C[],
  decisions: ReadonlyMap<AnyProxyClient, Decision>,
): Record<C, ProxyRoute> {
  const pairs = clients.map((id) => [id, decisions.get(id)?.route ?? 'error']);
  return Object.fromEntries(pairs) as Record<C, ProxyRoute>;
}

function proxiesInUse(
  variables: Variables,
  decisions: ReadonlyMap<AnyProxyClient, Decision>,
): readonly ProxyInUse[] {
  const inUse = new Map<string, ProxyInUse>();
  // Whose password it is can't be told from a place alone, so any counts.
  const authenticated = Object.entries(variables).some(
    ([name, text]) => VARIABLE.test(name) && !/^no_proxy$/i.test(name) && text?.includes('@') === true,
  );
  for (const [id, decision] of decisions) {
    if (decision.route !== 'proxy') continue;
    const { scheme, host, port } = decision.proxy;
    const place = shownPlace(variables, host, port);
    const key = `${scheme} ${place}`;
    const before = inUse.get(key)?.clients ?? [];
    inUse.set(key, { scheme: shownText(scheme, 20), place, clients: [...before, id], authenticated });
  }
  return [...inUse.values()].sort((a, b) => b.clients.length - a.clients.length);
}

/** host:port, unless it is what a badly written variable has before an `@`: then it may be part of a password. */
function shownPlace(variables: Variables, host: string, port: number): string {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const beforeAt = (text: string) => text.slice(0, Math.max(0, text.lastIndexOf('@'))).toLowerCase();
  const isDoubtful = Object.entries(variables).some(
    ([name, text]) =>
      VARIABLE.test(name) && text !== undefined && beforeAt(text).includes(place.toLowerCase()),
  );
  return isDoubtful ? HIDDEN_PLACE : shownText(place);
}
