// Follows one profile to where its credentials come from: source_profile chains, loops, what an SDK refuses.
import type { ProfileFacts, ProfileProvider, StaticKeys } from '../core/chain.ts';
import { shownText } from '../core/text.ts';
import {
  type ChainOrder,
  CREDENTIAL_SOURCES,
  DURATION_MAX_SECONDS,
  DURATION_MIN_SECONDS,
} from '../facts/credential-chain.ts';

/** What lies around the files and decides whether `credential_source` can work. */
export interface Surroundings {
  readonly environmentKeys: boolean;
  readonly containerVariable: boolean;
}

export type CredentialRoot =
  | 'static'
  | 'web-identity'
  | 'sso'
  | 'process'
  | 'login'
  | 'environment'
  | 'container'
  | 'instance-role'
  | 'none';

export interface ResolvedProfile {
  readonly provider: ProfileProvider;
  /** From the profile through source_profile; ends with the profile, or `credential_source`, the first credentials come from. */
  readonly path: readonly string[];
  readonly root: CredentialRoot;
  /** The keys the chain starts from, where it starts from keys in a file. */
  readonly keys: StaticKeys | null;
  /** Role assumed by a role: AssumeRole is then capped at one hour. */
  readonly chained: boolean;
  readonly problems: readonly string[];
  /** True where the SDK refuses the profile because of a problem. */
  readonly broken: boolean;
}

/** Longest chain of source_profile that is followed; real ones have two or three links. */
const MAX_LINKS = 32;

const isRole = (profile: ProfileFacts): boolean => profile.roleArn !== null && profile.webIdentity === null;

/** Whether the profile has what this provider needs at all. */
function offers(profile: ProfileFacts, provider: ProfileProvider, order: ChainOrder): boolean {
  switch (provider) {
    case 'assume-role':
      // JS and Java pass over a role without a source; botocore and Go stop at it.
      return (
        isRole(profile) &&
        (order.sdk === 'aws-cli' || profile.sourceProfile !== null || profile.credentialSource !== null)
      );
    case 'web-identity':
      return profile.webIdentity !== null;
    case 'sso':
      return profile.sso !== null;
    case 'static':
      return profile.statics.some((keys) => keys.key !== null);
    case 'process':
      return profile.credentialProcess !== null;
    case 'login':
      return profile.loginSession;
    default:
      return false;
  }
}

/** Every way in which the profile could give credentials, in the SDK's order. */
export function providersOf(profile: ProfileFacts, order: ChainOrder): readonly ProfileProvider[] {
  const offered = order.profileOrder.filter((provider) => offers(profile, provider, order));
  // botocore looks at the credentials file, then at a process, and at keys in the config file last of all.
  const last =
    order.configKeysLast && !profile.statics.some((keys) => keys.file === 'credentials' && keys.key);
  return last
    ? [...offered.filter((one) => one !== 'static'), ...offered.filter((one) => one === 'static')]
    : offered;
}

/** The keys an SDK takes from the profile: one file's pair, or halves of both where it mixes them. */
export function usableKeys(profile: ProfileFacts, order: ChainOrder): StaticKeys | null {
  const whole = profile.statics.find((keys) => keys.key !== null && keys.secretKey);
  // The credentials file comes first in `statics`; botocore stops at the first key id it meets.
  const first = profile.statics.find((keys) => keys.key !== null);
  if (!order.mixesFiles) return order.sdk === 'aws-cli' ? (first?.secretKey ? first : null) : (whole ?? null);
  const secret = profile.statics.some((keys) => keys.secretKey);
  return first !== undefined && secret
    ? { ...first, secretKey: true, sessionToken: profile.statics.some((keys) => keys.sessionToken) }
    : null;
}

function durationProblem(profile: ProfileFacts): string | null {
  const { durationSeconds } = profile;
  if (durationSeconds === null) return null;
  if (Number.isNaN(durationSeconds))
    return 'duration_seconds is no whole number, so it is ignored or refused';
  return durationSeconds < DURATION_MIN_SECONDS || durationSeconds > DURATION_MAX_SECONDS
    ? `duration_seconds is ${durationSeconds}; AssumeRole takes ${DURATION_MIN_SECONDS} to ${DURATION_MAX_SECONDS}`
    : null;
}

/** Follows one profile as this SDK would. Never throws, whatever the files say. */
export function resolveProfile(
  profiles: ReadonlyMap<string, ProfileFacts>,
  name: string,
  order: ChainOrder,
  around: Surroundings,
): ResolvedProfile {
  return follow(profiles, name, order, around, []);
}

function follow(
  profiles: ReadonlyMap<string, ProfileFacts>,
  name: string,
  order: ChainOrder,
  around: Surroundings,
  visited: readonly string[],
): ResolvedProfile {
  const profile = profiles.get(name);
  if (profile === undefined) return ended(name, 'none', []);
  const provider = providersOf(profile, order)[0] ?? 'none';
  // A profile reached by source_profile gives its own keys before it assumes a role again.
  const own = visited.length > 0 && usableKeys(profile, order) !== null ? 'static' : provider;
  switch (own) {
    case 'assume-role':
      return followRole(profiles, profile, order, around, [...visited, name]);
    case 'static':
      return endedWithKeys(profile, order);
    case 'sso':
      return ended(name, 'sso', profile.sso?.problems ?? []);
    case 'web-identity':
      return ended(
        name,
        'web-identity',
        profile.webIdentity?.roleArn === true ? [] : ['web_identity_token_file is set, but no role_arn'],
      );
    case 'process':
      return ended(name, 'process', []);
    case 'login':
      return ended(name, 'login', []);
    default:
      return { ...ended(name, 'none', halfKeys(profile)), broken: false };
  }
}

function halfKeys(profile: ProfileFacts): readonly string[] {
  return profile.statics
    .filter((keys) => keys.key === null)
    .map((keys) => `aws_secret_access_key is set in the ${keys.file} file, aws_access_key_id is not`);
}

function ended(
  name: string,
  provider: Exclude<ProfileProvider, 'assume-role'>,
  problems: readonly string[],
): ResolvedProfile {
  return {
    provider,
    path: [name],
    root: provider,
    keys: null,
    chained: false,
    problems,
    broken: problems.length > 0,
  };
}

function endedWithKeys(profile: ProfileFacts, order: ChainOrder): ResolvedProfile {
  const keys = usableKeys(profile, order);
  if (keys !== null) return { ...ended(profile.name, 'static', []), keys };
  const half = profile.statics.find((candidate) => candidate.key !== null && !candidate.secretKey);
  const elsewhere = profile.statics.find((candidate) => candidate.secretKey && candidate.file !== half?.file);
  const where =
    elsewhere === undefined
      ? ''
      : `; the one in the ${elsewhere.file} file is not used by the AWS CLI and Go, but by Java and JavaScript`;
  return ended(profile.name, 'static', [
    `aws_access_key_id is set in the ${half?.file ?? 'same'} file without its aws_secret_access_key${where}`,
  ]);
}

function followRole(
  profiles: ReadonlyMap<string, ProfileFacts>,
  profile: ProfileFacts,
  order: ChainOrder,
  around: Surroundings,
  visited: readonly string[],
): ResolvedProfile {
  const duration = durationProblem(profile);
  const soft = duration === null ? [] : [duration];
  const role = { provider: 'assume-role' as const, path: [profile.name], keys: null, chained: false };
  const refuse = (problem: string): ResolvedProfile => ({
    ...role,
    root: 'none',
    problems: [problem, ...soft],
    broken: true,
  });
  const { sourceProfile, credentialSource } = profile;
  if (sourceProfile !== null && credentialSource !== null) {
    return refuse('it has both source_profile and credential_source');
  }
  if (credentialSource !== null) return sourced(profile, credentialSource, around, soft);
  if (sourceProfile === null) return refuse('role_arn is set without source_profile or credential_source');
  const shown = shownText(sourceProfile, 60);
  const source = profiles.get(sourceProfile);
  if (source === undefined) return refuse(`source_profile names "${shown}", which does not exist`);
  if (visited.includes(sourceProfile)) {
    // A profile may name itself to assume its role with its own keys; anything else goes round for ever.
    const keys = usableKeys(source, order);
    return sourceProfile === profile.name && keys !== null
      ? { ...role, root: 'static', keys, problems: soft, broken: false }
      : refuse(
          `source_profile goes round in a circle: ${[...visited, sourceProfile].map((at) => shownText(at, 60)).join(' → ')}`,
        );
  }
  if (visited.length >= MAX_LINKS) return refuse(`source_profile has more than ${MAX_LINKS} links`);
  const next = follow(profiles, sourceProfile, order, around, visited);
  const problems = next.problems.map((problem) => `source_profile "${shown}": ${problem}`);
  if (next.provider === 'none' && problems.length === 0)
    problems.push(`source_profile "${shown}" has no credentials`);
  return {
    ...role,
    path: [profile.name, ...next.path],
    root: next.root,
    keys: next.keys,
    chained: next.provider === 'assume-role' || next.provider === 'web-identity' || next.provider === 'sso',
    problems: [...problems, ...soft],
    broken: next.broken || next.provider === 'none',
  };
}

/** A role assumed with the credentials of `credential_source`. */
function sourced(
  profile: ProfileFacts,
  credentialSource: string,
  around: Surroundings,
  soft: readonly string[],
): ResolvedProfile {
  const known = CREDENTIAL_SOURCES.find((source) => source.toLowerCase() === credentialSource.toLowerCase());
  const base = {
    provider: 'assume-role' as const,
    path: [profile.name, `credential_source ${credentialSource}`],
    keys: null,
  };
  const problem = sourceProblem(known, credentialSource, around);
  const problems = problem === null ? soft : [problem, ...soft];
  const broken = problem !== null;
  if (known === 'Environment') return { ...base, root: 'environment', chained: false, problems, broken };
  if (known === 'EcsContainer') return { ...base, root: 'container', chained: true, problems, broken };
  if (known === undefined) return { ...base, root: 'none', chained: false, problems, broken };
  return { ...base, root: 'instance-role', chained: true, problems, broken };
}

function sourceProblem(
  known: (typeof CREDENTIAL_SOURCES)[number] | undefined,
  credentialSource: string,
  around: Surroundings,
): string | null {
  if (known === undefined) {
    return `credential_source is "${credentialSource}"; it takes ${CREDENTIAL_SOURCES.join(', ')}`;
  }
  if (known === 'Environment' && !around.environmentKeys) {
    return 'credential_source is Environment, but AWS_ACCESS_KEY_ID is not set';
  }
  return known === 'EcsContainer' && !around.containerVariable
    ? 'credential_source is EcsContainer, but no AWS_CONTAINER_CREDENTIALS variable is set'
    : null;
}
