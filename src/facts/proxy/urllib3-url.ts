// How urllib3 takes a proxy URL apart, for requests and botocore. Measured on urllib3 2.7.
import { ipv6 } from './address.ts';

export interface Urllib3Url {
  readonly scheme: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Undefined where urllib3 raises. A text without a scheme is taken for host[:port], unless it looks like one. */
export function urllib3Url(text: string): Urllib3Url | undefined {
  const whole = /^(?:[a-zA-Z][a-zA-Z0-9+-]*:|\/)/.test(text) ? text : `//${text}`;
  const parts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^\\/?#]*))?/.exec(whole);
  const scheme = parts?.[1]?.toLowerCase();
  const authority = parts?.[2];
  if (authority === undefined || authority === '') return { scheme, host: undefined, port: undefined };
  const place = /^(\[[^\]]*\]|(?:[^[\]%:/?#]|%[a-fA-F0-9]{2})*)(?::0*?(|0|[1-9][0-9]{0,4}))?$/s.exec(
    authority.slice(authority.lastIndexOf('@') + 1),
  );
  const written = place?.[1];
  if (written === undefined) return undefined;
  const bare = written.replace(/^\[|\]$/g, '');
  if (written.startsWith('[') && ipv6(bare.replace(/%.*$/, '')) === undefined) return undefined;
  const port = place?.[2] === undefined || place[2] === '' ? undefined : Number(place[2]);
  return port !== undefined && port > 65_535 ? undefined : { scheme, host: bare.toLowerCase(), port };
}

/** urllib3 takes port 0 for none. */
export const portOrDefault = (scheme: string, port: number | undefined): number =>
  port || (scheme === 'https' ? 443 : 80);
