// How Go's net/url takes a proxy URL apart, as far as golang.org/x/net/http/httpproxy looks at it. Measured on 1.26.
import { ipv6 } from './address.ts';

export interface GoUrl {
  readonly scheme: string;
  /** With brackets and port. */
  readonly host: string;
}

/** Undefined where url.Parse returns an error. */
export function goUrl(text: string): GoUrl | undefined {
  // Bytes below 0x20 and DEL are refused anywhere, the fragment excepted only from the rules below.
  if (/[\u0000-\u001f\u007f]/.test(text)) return undefined;
  const hash = text.indexOf('#');
  const whole = hash < 0 ? text : text.slice(0, hash);
  if (hash >= 0 && badEscape(text.slice(hash + 1))) return undefined;
  if (whole.startsWith(':')) return undefined;
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*(?=:)/.exec(whole)?.[0] ?? '';
  const rest = (scheme === '' ? whole : whole.slice(scheme.length + 1)).split('?')[0] ?? '';
  if (!rest.startsWith('/')) return rootless(scheme, rest);
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return badEscape(rest) ? undefined : { scheme: scheme.toLowerCase(), host: '' };
  }
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const host = authorityHost(scheme.toLowerCase(), authority);
  if (host === undefined || (slash >= 0 && badEscape(rest.slice(slash)))) return undefined;
  return { scheme: scheme.toLowerCase(), host };
}

function rootless(scheme: string, rest: string): GoUrl | undefined {
  if (scheme !== '') return { scheme: scheme.toLowerCase(), host: '' };
  const colonFirst = (rest.split('/')[0] ?? '').includes(':');
  return colonFirst || badEscape(rest) ? undefined : { scheme: '', host: '' };
}

const badEscape = (text: string): boolean => /%(?![0-9a-fA-F]{2})/.test(text);

function authorityHost(scheme: string, authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  if (/[^A-Za-z0-9\-._:~!$&'()*+,;=%@]/.test(user) || badEscape(user)) return undefined;
  return parseHost(scheme, authority.slice(at + 1));
}

function parseHost(scheme: string, host: string): string | undefined {
  const open = host.lastIndexOf('[');
  if (open > 0) return undefined;
  if (open === 0) {
    const [, bare = '', port = ''] = /^\[(.*)\](.*)$/.exec(host) ?? [];
    const valid = ipv6(bare.replace(/%25.*$/, '')) !== undefined && isPort(port);
    return valid ? `[${bare.replace('%25', '%')}]${port}` : undefined;
  }
  // More than one colon is refused for http and https only.
  const strict = scheme === 'http' || scheme === 'https';
  const colon = strict ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0 && !isPort(host.slice(colon))) return undefined;
  const percents = [...host.matchAll(/%([0-9a-fA-F]{2})?/g)];
  const escaped = percents.every(
    ([, hex]) => hex !== undefined && (hex === '25' || Number.parseInt(hex, 16) > 127),
  );
  return escaped && !/[ #/?@\\^`{|}]/.test(host) ? host : undefined;
}

const isPort = (text: string): boolean => /^(?::\d*)?$/.test(text);

/** url.Hostname and url.Port: both without brackets and colon. */
export function hostAndPort(host: string): { readonly host: string; readonly port: string } {
  const parts = /^(\[.*\]|.*?)(?::(\d*))?$/.exec(host);
  return { host: (parts?.[1] ?? '').replace(/^\[|\]$/g, ''), port: parts?.[2] ?? '' };
}
