// The table of profiles: what each gives, from where, until when.
import type { CredentialChain, ProfileFacts, ProfileRow } from '../core/chain.ts';
import type { ChainOrder } from '../facts/credential-chain.ts';
import { type ResolvedProfile, resolveProfile } from './resolve.ts';
import { profileFor, type Standing } from './standing.ts';

function originOf(profile: ProfileFacts, resolved: ResolvedProfile): string {
  switch (resolved.provider) {
    case 'static':
      return resolved.keys?.file === 'config' ? 'config-file' : 'shared-credentials-file';
    case 'assume-role':
      return 'assume-role';
    case 'web-identity':
      return 'assume-role-with-web-identity';
    case 'sso':
      return profile.sso?.session === null ? 'sso (legacy form)' : 'sso';
    case 'process':
      return `credential_process ${profile.credentialProcess ?? ''}`.trim();
    case 'login':
      return 'login session';
    default:
      return 'no credentials';
  }
}

/** One line of the table, as this SDK reads the profile. */
export function rowOf(
  { world, profiles, around }: Standing,
  profile: ProfileFacts,
  order: ChainOrder,
): ProfileRow {
  const resolved = resolveProfile(profiles, profile.name, order, around);
  const key =
    resolved.provider === 'static'
      ? (resolved.keys?.key ?? profile.statics.find((keys) => keys.key !== null)?.key ?? null)
      : resolved.provider === 'process'
        ? (profile.processAnswer?.key ?? null)
        : (profile.cached?.key ?? null);
  const expiration =
    resolved.provider === 'process'
      ? (profile.processAnswer?.expiration ?? null)
      : resolved.provider === 'static'
        ? null
        : (profile.cached?.expiration ?? null);
  return {
    name: profile.name,
    inUse: profileFor(world, order).name === profile.name,
    provider: resolved.provider,
    origin: originOf(profile, resolved),
    accessKeyId: key?.accessKeyId ?? null,
    kind: key?.kind ?? null,
    sessionToken: profile.statics.some((keys) => keys.sessionToken),
    expiration,
    path: resolved.path,
    chained: resolved.chained,
    usesInstanceRole: resolved.root === 'instance-role',
    durationSeconds: Number.isNaN(profile.durationSeconds) ? null : profile.durationSeconds,
    keys: profile.statics.flatMap(({ file, key }) => (key === null ? [] : [{ ...key, file }])),
    problems: resolved.problems,
    conflicts: profile.conflicts,
    ssoToken: profile.sso?.token ?? null,
    webIdentity: profile.webIdentity,
  };
}

/** Rows that are kept: a page a person may scroll, and a report that stays small in a company with thousands. */
const MAX_ROWS = 300;

/** All profiles as this SDK reads them, in the order of the files; those without anything to tell are left off first. */
export function rowsOf(
  standing: Standing,
  order: ChainOrder,
): Pick<CredentialChain, 'profiles' | 'moreProfiles'> {
  const rows = standing.world.profiles.map((profile) => rowOf(standing, profile, order));
  if (rows.length <= MAX_ROWS) return { profiles: rows, moreProfiles: 0 };
  const weight = ({ inUse, problems, conflicts, sessionToken }: ProfileRow): number =>
    inUse ? 0 : sessionToken || problems.length > 0 || conflicts.length > 0 ? 1 : 2;
  const kept = new Set([...rows].sort((a, b) => weight(a) - weight(b)).slice(0, MAX_ROWS));
  return { profiles: rows.filter((row) => kept.has(row)), moreProfiles: rows.length - kept.size };
}
