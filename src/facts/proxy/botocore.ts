// How botocore (the AWS CLI, boto3) sends a metadata request under the proxy variables: measured on 1.43.
// It asks urllib which proxy and whether to bypass it, so unlike requests it knows no CIDR and no all_proxy.
import { type Decide, DIRECT, type Dialect, gaveUp, viaProxy } from './dialect.ts';
import { getProxies, isBypassed } from './python-environment.ts';
import { target } from './target.ts';
import { portOrDefault, urllib3Url } from './urllib3-url.ts';

/** botocore.httpsession.ProxyConfiguration: whatever is not http: or https: gets http:// put before it. */
function withScheme(text: string): string | undefined {
  if (text.startsWith('http:') || text.startsWith('https:')) return text;
  if (text.startsWith('//')) return `http:${text}`;
  // Here the scheme would become the host's name.
  return /^[^/@]*:\/\//.test(text) ? undefined : `http://${text}`;
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const proxies = getProxies(variables);
  const text = proxies.get(asked.scheme);
  if (text === undefined || isBypassed(asked.netloc, proxies)) return DIRECT;
  const proxy = urllib3Url(withScheme(text) ?? '');
  if (proxy?.scheme === undefined) return gaveUp('botocore cannot read the proxy variable');
  if (proxy.host === undefined) {
    // urllib3 forgets a proxy without a host where it would have to tunnel.
    return asked.scheme === 'https' ? DIRECT : gaveUp('the proxy variable names no host');
  }
  return viaProxy(proxy.scheme, proxy.host, portOrDefault(proxy.scheme, proxy.port));
};

export const botocore: Dialect = { id: 'botocore', measuredOn: 'botocore 1.43.11', decide };
