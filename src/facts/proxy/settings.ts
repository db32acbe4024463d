// What every dialect makes of the proxy variables for one URL, ready to be shown: no value of a variable is in it.
import {
  type AnyProxyClient,
  AWS_PROXY_CLIENTS,
  HIDDEN_PLACE,
  PROXY_CLIENTS,
  type ProxyInUse,
  type ProxyRoute,
  type ProxySettings,
} from '../../core/proxy.ts';
import { shownText } from '../../core/text.ts';
import type { Decision, Variables } from './dialect.ts';
import { DIALECTS } from './index.ts';
import { bestExemption } from './no-proxy.ts';
import { proxyVariables, routesOf } from './variables.ts';

/** Judges an environment for the metadata endpoint in force. `present` are the clients found on this machine. */
export function proxySettings(
  variables: Variables,
  endpoint: string,
  present: readonly AnyProxyClient[],
): ProxySettings {
  const decisions = new Map(DIALECTS.map(({ id, decide }) => [id, decide(variables, endpoint)]));
  const route = (client: AnyProxyClient): ProxyRoute => decisions.get(client)?.route ?? 'error';
  return {
    variables: proxyVariables(variables),
    endpoint,
    routes: routesOf(PROXY_CLIENTS, route),
    awsRoutes: routesOf(AWS_PROXY_CLIENTS, route),
    present,
    proxies: proxiesInUse(variables, decisions),
    exemption: bestExemption(variables, endpoint),
  };
}

function proxiesInUse(
  variables: Variables,
  decisions: ReadonlyMap<AnyProxyClient, Decision>,
): readonly ProxyInUse[] {
  const inUse = new Map<string, ProxyInUse>();
  // Whose password it is can't be told from a place alone, so any counts.
  const authenticated = proxyTexts(variables).some((text) => text.includes('@'));
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
  const isDoubtful = proxyTexts(variables).some((text) => beforeAt(text).includes(place.toLowerCase()));
  return isDoubtful ? HIDDEN_PLACE : shownText(place);
}

const proxyTexts = (variables: Variables): readonly string[] =>
  proxyVariables(variables)
    .filter((name) => !/^no_proxy$/i.test(name))
    .map((name) => variables[name] ?? '');
