// Which variables concern proxies, and what holds where none of them is set. Apart from the dialects, which need not
// be loaded then.
import {
  type AnyProxyClient,
  AWS_PROXY_CLIENTS,
  PROXY_CLIENTS,
  type ProxyRoute,
  type ProxySettings,
} from '../../core/proxy.ts';

const VARIABLE = /^(?:(?:cgi_)?https?|all|no)_proxy$|^node_use_env_proxy$/i;

/** Names of the proxy variables that are set, to nothing included, in order. */
export const proxyVariables = (
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] =>
  Object.keys(environment)
    .filter((name) => VARIABLE.test(name) && environment[name] !== undefined)
    .sort();

/** A route for each of these clients. */
export const routesOf = <C extends AnyProxyClient>(
  clients: readonly C[],
  route: (client: C) => ProxyRoute,
): Readonly<Record<C, ProxyRoute>> =>
  Object.fromEntries(clients.map((client) => [client, route(client)])) as Record<C, ProxyRoute>;

/** Without a proxy variable every client goes direct. */
export const noProxySettings = (endpoint: string): ProxySettings => ({
  variables: [],
  endpoint,
  routes: routesOf(PROXY_CLIENTS, () => 'direct'),
  awsRoutes: routesOf(AWS_PROXY_CLIENTS, () => 'direct'),
  present: [],
  proxies: [],
  exemption: null,
});
