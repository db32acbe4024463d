// Profiles as both shared files make them, key by key, and reduced to what may be known of them.
import type {
  CliCacheEntry,
  ProcessAnswer,
  ProfileFacts,
  SharedFileKind,
  ShownKey,
  SsoProfile,
  SsoToken,
  StaticKeys,
  WebIdentityToken,
} from '../core/chain.ts';
import { shownAccessKeyId, shownText } from '../core/text.ts';
import { keyKind } from '../facts/credential-chain.ts';
import { SHARED_KEYS } from '../facts/shared-keys.ts';

/** Name → key → value. Values are raw here and may be secrets: none of this leaves the reader. */
export type RawSections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Both files' profiles and the config file's SSO sessions, raw. */
export interface RawFiles {
  readonly config: RawSections;
  readonly credentials: RawSections;
  readonly ssoSessions: RawSections;
}

/** One profile, raw: the merged values, and each file's own. */
export interface RawProfile {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
  readonly config: ReadonlyMap<string, string> | null;
  readonly credentials: ReadonlyMap<string, string> | null;
}

/** What the reader found out beside the files. */
export interface ProfileExtras {
  readonly webIdentity: WebIdentityToken | null;
  readonly processAnswer: ProcessAnswer | null;
  readonly ssoToken: SsoToken | null;
  readonly cached: CliCacheEntry | null;
}

/** Profiles of both files; where both set a key, the credentials file wins (SDKs and Tools Reference, "file format"). */
export function mergeProfiles(files: RawFiles): readonly RawProfile[] {
  const names = new Set([...files.config.keys(), ...files.credentials.keys()]);
  return [...names].map((name) => {
    const config = files.config.get(name) ?? null;
    const credentials = files.credentials.get(name) ?? null;
    return { name, config, credentials, values: new Map([...(config ?? []), ...(credentials ?? [])]) };
  });
}

/** An access key id reduced to what may be shown. */
export function shownKey(accessKeyId: string | undefined): ShownKey | null {
  if (accessKeyId === undefined || accessKeyId === '') return null;
  return { accessKeyId: shownAccessKeyId(accessKeyId), kind: keyKind(accessKeyId) };
}

/** Keys of one file; null where it holds none of the pair. */
function staticKeys(file: SharedFileKind, values: ReadonlyMap<string, string> | null): StaticKeys | null {
  if (values === null) return null;
  const accessKeyId = values.get('aws_access_key_id');
  const secret = values.get('aws_secret_access_key');
  if (accessKeyId === undefined && secret === undefined) return null;
  return {
    file,
    key: shownKey(accessKeyId),
    secretKey: secret !== undefined && secret !== '',
    sessionToken: hasToken(values),
  };
}

function hasToken(values: ReadonlyMap<string, string>): boolean {
  return (values.get('aws_session_token') ?? values.get('aws_security_token') ?? '') !== '';
}

/** Keys that both files set to different values: names only. */
function conflicts(raw: RawProfile): readonly string[] {
  if (raw.config === null || raw.credentials === null) return [];
  const { config } = raw;
  return [...raw.credentials]
    .filter(([key, value]) => config.has(key) && config.get(key) !== value)
    .map(([key]) => (SHARED_KEYS.has(key) ? key : 'a key'))
    .sort();
}

const SSO_REQUIRED = ['sso_start_url', 'sso_region', 'sso_role_name', 'sso_account_id'] as const;

/** The SSO settings of a profile with its session's folded in (botocore's SSOProvider); null where it has none. */
export function ssoValues(
  raw: RawProfile,
  ssoSessions: RawSections,
): { readonly values: ReadonlyMap<string, string>; readonly problems: readonly string[] } | null {
  if (!raw.values.has('sso_role_name') && !raw.values.has('sso_account_id')) return null;
  const values = new Map(raw.values);
  const problems: string[] = [];
  const sessionName = raw.values.get('sso_session');
  const session = sessionName === undefined ? undefined : ssoSessions.get(sessionName);
  if (sessionName !== undefined && session === undefined) {
    problems.push(
      `sso_session names "${shownText(sessionName, 60)}", which no [sso-session] section defines`,
    );
  }
  for (const [key, value] of session ?? []) {
    const own = values.get(key);
    if (own !== undefined && own !== value)
      problems.push(`${shownText(key, 60)} differs between profile and sso-session`);
    else values.set(key, value);
  }
  const missing = SSO_REQUIRED.filter((key) => !values.has(key));
  if (missing.length > 0) problems.push(`SSO settings are missing: ${missing.join(', ')}`);
  return { values, problems };
}

function describeSso(raw: RawProfile, sessions: RawSections, token: SsoToken | null): SsoProfile | null {
  const sso = ssoValues(raw, sessions);
  if (sso === null) return null;
  return {
    session: shownOrNull(raw.values.get('sso_session'), 60),
    startUrl: shownOrNull(sso.values.get('sso_start_url'), 120),
    problems: sso.problems,
    token,
  };
}

const shownOrNull = (value: string | undefined, limit: number): string | null =>
  value === undefined ? null : shownText(value, limit);

/** A profile's name as it may be shown; applied wherever one is named, so that names still find each other. */
export const shownName = (name: string): string => shownText(name, 120);

const shownNameOrNull = (name: string | undefined): string | null =>
  name === undefined ? null : shownName(name);

/** The program of a command line, without its path and its arguments, which can hold secrets. */
export function programName(commandLine: string): string {
  const first = /^\s*(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(commandLine);
  const word = first?.[1] ?? first?.[2] ?? first?.[3] ?? '';
  return shownText(word.slice(word.lastIndexOf('/') + 1), 60);
}

/** A profile as it may be known outside the reader: no secret, no whole key id, no argument of a program. */
export function describeProfile(raw: RawProfile, sessions: RawSections, extras: ProfileExtras): ProfileFacts {
  const value = (key: string) => raw.values.get(key);
  const duration = value('duration_seconds');
  const process = value('credential_process');
  return {
    name: shownName(raw.name),
    files: [
      ...(raw.config ? (['config'] as const) : []),
      ...(raw.credentials ? (['credentials'] as const) : []),
    ],
    statics: [staticKeys('credentials', raw.credentials), staticKeys('config', raw.config)].filter(
      (keys) => keys !== null,
    ),
    roleArn: shownOrNull(value('role_arn'), 200),
    sourceProfile: shownNameOrNull(value('source_profile')),
    credentialSource: shownOrNull(value('credential_source'), 60),
    durationSeconds:
      duration === undefined ? null : /^\s*\d+\s*$/.test(duration) ? Number(duration) : Number.NaN,
    mfa: value('mfa_serial') !== undefined,
    webIdentity: extras.webIdentity,
    credentialProcess: process === undefined ? null : programName(process),
    processAnswer: extras.processAnswer,
    sso: describeSso(raw, sessions, extras.ssoToken),
    loginSession: value('login_session') !== undefined,
    cached: extras.cached,
    conflicts: conflicts(raw),
  };
}
