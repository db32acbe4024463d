// Reads the token file of a web identity: a JSON web token, taken apart to its expiry and issuer, not verified.
import type { WebIdentityToken } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { type Reach, readWithin } from './reach.ts';
import { jsonObject } from './secrets.ts';

/** Longest token read: those of Kubernetes are about 1 KiB; STS takes 20,000 characters. */
const MAX_TOKEN_BYTES = 20_000;

export async function readWebIdentityToken(
  reach: Reach,
  path: string,
  roleArn: boolean,
  nowMs: number,
): Promise<WebIdentityToken> {
  const blank = { path: shownText(path), expiration: null, expired: null, issuer: null, roleArn };
  const file = await readWithin(reach, path, MAX_TOKEN_BYTES);
  if (file.state === 'absent') return { ...blank, state: 'absent' };
  if (file.state === 'unreadable') return { ...blank, state: 'unreadable' };
  if (file.state !== 'read') return { ...blank, state: 'malformed' };
  const claims = tokenClaims(file.bytes.toString('latin1').trim());
  if (claims === null) return { ...blank, state: 'malformed' };
  const { exp, iss } = claims;
  const expMs = typeof exp === 'number' && exp > 0 && exp < 1e11 ? Math.floor(exp) * 1000 : null;
  return {
    ...blank,
    state: 'read',
    expiration: expMs === null ? null : new Date(expMs).toISOString().replace('.000Z', 'Z'),
    expired: expMs === null ? null : expMs <= nowMs,
    issuer: typeof iss === 'string' ? issuerHost(iss) : null,
  };
}

/** The claims of a JSON web token (RFC 7519, section 3), or null where the text is none. */
function tokenClaims(token: string): Readonly<Record<string, unknown>> | null {
  const [header, payload, signature, more] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more !== undefined)
    return null;
  return /^[\w-]+$/.test(payload) ? jsonObject(Buffer.from(payload, 'base64url').toString('utf8')) : null;
}

function issuerHost(issuer: string): string {
  return shownText(URL.canParse(issuer) ? new URL(issuer).host : issuer, 80);
}
