// How GNU wget reads the proxy variables: measured on 1.21.3. Only lower case counts, and there is no CIDR, no
// wildcard, no port and no all_proxy. Its own files (/etc/wgetrc, ~/.wgetrc) can add a proxy and are not seen here.
import { ipv6 } from './address.ts';
import {
  type Decide,
  type Decision,
  DIRECT,
  type Dialect,
  firstNonEmpty,
  gaveUp,
  percentDecoded,
  viaProxy,
} from './dialect.ts';
import { target } from './target.ts';

/** Entries end at commas; blanks are dropped only after a comma. */
const entries = (noProxy: string): readonly string[] => noProxy.split(/,[ \t-\r]*/);

/** By the end of the text: a whole label, or anything behind an entry that begins with a dot. */
function isExempt(host: string, noProxy: string): boolean {
  return entries(noProxy.toLowerCase()).some((entry) => {
    if (!host.endsWith(entry)) return false;
    const before = host.length - entry.length - 1;
    return before < 0 || host[before] === '.' || entry.startsWith('.');
  });
}

/** Puts a scheme before a bare host; a colon without a number makes it FTP. */
function withScheme(text: string): string {
  if (/^(?:https?|ftps?):\/\//i.test(text) || /^[:/]/.test(text)) return text;
  if (/^[^:/]*:\/\//.test(text)) return text;
  const colon = /^([^:/]*):/.exec(text);
  if (colon === null || /^[^:/]*:\d+(?:\/|$)/.test(text)) return `http://${text}`;
  return `ftp://${text.replace(':', '/')}`;
}

function parseProxy(text: string, askedScheme: string): Decision {
  const parts = /^(https?|ftps?):\/\/(?:([^@/?#;]*)@)?(\[[^\]]*\]|[^:/?#]*)(.*)$/is.exec(withScheme(text));
  if (parts === null) return gaveUp('wget cannot read the proxy variable');
  const [, written = '', user, host = '', rest = ''] = parts;
  const scheme = written.toLowerCase();
  const place = /^(?::(\d*))?(?:[/?#]|$)/.exec(rest);
  if (place === null || (user !== undefined && /^(?::|$)/.test(user))) {
    return gaveUp('wget cannot read the proxy variable');
  }
  if (scheme !== 'http' && scheme !== askedScheme) return gaveUp('wget takes only an http:// proxy here');
  if (host.startsWith('[') && ipv6(host.slice(1, -1)) === undefined) {
    return gaveUp('wget cannot read the host of the proxy variable');
  }
  const port = place[1] === undefined || place[1] === '' ? (scheme === 'https' ? 443 : 80) : Number(place[1]);
  return viaProxy(scheme, percentDecoded(host.replace(/^\[|\]$/g, '').toLowerCase()), port);
}

const decide: Decide = (variables, url) => {
  const asked = target(url);
  if (asked === undefined) return gaveUp('not an http or https URL');
  const noProxy = firstNonEmpty(variables, 'no_proxy');
  if (noProxy !== undefined && isExempt(asked.host.toLowerCase(), noProxy)) return DIRECT;
  const text = firstNonEmpty(variables, `${asked.scheme}_proxy`);
  return text === undefined ? DIRECT : parseProxy(text, asked.scheme);
};

export const wget: Dialect = { id: 'wget', measuredOn: 'GNU Wget 1.21.3', decide };
