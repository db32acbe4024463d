// Reads what the AWS CLI and SSO keep below ~/.aws: expiry and key id only, and which profile each entry belongs to.
import { createHash } from 'node:crypto';
import { type RawProfile, type RawSections, shownKey, ssoValues } from '../../../chain/profiles.ts';
import type { CliCacheEntry, SsoToken } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { namesWithin, type Reach, readWithin } from './reach.ts';
import { isoTime, jsonObject, type SigningCredentials, signingFromJson } from './secrets.ts';

/** An entry is about 2 KiB. */
const MAX_ENTRY_BYTES = 64 * 1024;
const MAX_ENTRIES = 200;
/** Names are SHA-1 in hexadecimal; older versions of the CLI named them after profile and role. */
const ENTRY_NAME = /^[\w.@=,+-]{1,200}\.json$/;

export interface CliCache {
  readonly entries: readonly CliCacheEntry[];
  /** By file name; stays in the reader. */
  readonly signing: ReadonlyMap<string, SigningCredentials>;
}

/** `~/.aws/cli/cache`: credentials of roles the CLI has assumed (botocore JSONFileCache). */
export async function readCliCache(reach: Reach, folder: string, nowMs: number): Promise<CliCache> {
  const entries: CliCacheEntry[] = [];
  const signing = new Map<string, SigningCredentials>();
  for (const name of namesWithin(reach, folder, ENTRY_NAME, MAX_ENTRIES)) {
    const file = await readWithin(reach, `${folder}/${name}`, MAX_ENTRY_BYTES);
    if (file.state !== 'read') continue;
    const credentials = jsonObject(file.bytes.toString('utf8'))?.['Credentials'];
    if (typeof credentials !== 'object' || credentials === null) continue;
    const held = { ...credentials } as Readonly<Record<string, unknown>>;
    const signer = signingFromJson(held, 'SessionToken');
    const expiration = isoTime(held['Expiration']);
    if (signer !== null) signing.set(name, signer);
    entries.push({
      file: shownText(name),
      key: shownKey(signer?.accessKeyId),
      expiration,
      expired: expiration !== null && Date.parse(expiration) <= nowMs,
    });
  }
  return { entries, signing };
}

const sha1 = (text: string): string => createHash('sha1').update(text, 'utf8').digest('hex');

/** A text as Python's json.dumps writes it: everything beyond printable ASCII escaped. */
function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The file the CLI keeps this profile's credentials in, or null where it keeps none: SHA-1 over the parameters of
 * the call (botocore BaseAssumeRoleCredentialFetcher and SSOCredentialFetcher, _create_cache_key).
 */
export function cacheFileOf(raw: RawProfile, ssoSessions: RawSections): string | null {
  const value = (key: string): string | undefined => raw.values.get(key);
  const roleArn = value('role_arn');
  if (roleArn !== undefined && value('web_identity_token_file') === undefined) {
    const duration = value('duration_seconds');
    const parameters: readonly (readonly [string, string | undefined])[] = [
      [
        'DurationSeconds',
        duration !== undefined && /^\d+$/.test(duration) ? String(Number(duration)) : undefined,
      ],
      ['ExternalId', quoted(value('external_id'))],
      ['RoleArn', quoted(roleArn)],
      ['RoleSessionName', quoted(value('role_session_name'))],
      ['SerialNumber', quoted(value('mfa_serial'))],
    ];
    const members = parameters
      .filter(([, text]) => text !== undefined)
      .map(([name, text]) => `"${name}": ${text}`);
    return `${sha1(`{${members.join(', ')}}`)}.json`;
  }
  const sso = ssoValues(raw, ssoSessions);
  if (sso === null || sso.problems.length > 0) return null;
  const session = value('sso_session');
  const where =
    session === undefined
      ? `"startUrl":${pythonString(sso.values.get('sso_start_url') ?? '')}`
      : `"sessionName":${pythonString(session)}`;
  const account = pythonString(sso.values.get('sso_account_id') ?? '');
  const role = pythonString(sso.values.get('sso_role_name') ?? '');
  return `${sha1(`{"accountId":${account},"roleName":${role},${where}}`)}.json`;
}

const quoted = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : pythonString(text);

/** The file that SSO keeps this profile's token in: SHA-1 of session or start URL; null where it uses no SSO. */
export function ssoTokenFile(raw: RawProfile, ssoSessions: RawSections): string | null {
  const sso = ssoValues(raw, ssoSessions);
  const key = raw.values.get('sso_session') ?? sso?.values.get('sso_start_url');
  return sso === null || key === undefined ? null : `${sha1(key)}.json`;
}

/** A token in `~/.aws/sso/cache`. */
export async function readSsoToken(
  reach: Reach,
  folder: string,
  name: string,
  nowMs: number,
): Promise<SsoToken> {
  const file = await readWithin(reach, `${folder}/${name}`, MAX_ENTRY_BYTES);
  const token = file.state === 'read' ? jsonObject(file.bytes.toString('utf8')) : null;
  if (token === null) return { file: null, expiration: null, expired: true, refreshable: false };
  const expiration = isoTime(token['expiresAt']);
  const registration = isoTime(token['registrationExpiresAt']);
  return {
    file: name,
    expiration,
    expired: expiration === null || Date.parse(expiration) <= nowMs,
    refreshable:
      typeof token['refreshToken'] === 'string' && registration !== null && Date.parse(registration) > nowMs,
  };
}
