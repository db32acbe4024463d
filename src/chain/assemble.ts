// Puts the credential chain together: every source that is in the running, who wins in which SDK, and the profiles.
import type {
  ChainRole,
  ChainSource,
  ChainSourceName,
  ChainWorld,
  CredentialChain,
  ProfileFacts,
  ProfileProvider,
  ProfileRow,
  SdkWinner,
  SelectedProfile,
} from '../core/chain.ts';
import { CHAIN_ORDERS, type ChainOrder, type ChainStep, SDK_NAMES } from '../facts/credential-chain.ts';
import { readMetadataDisabled, type SettingsSdk } from '../facts/sdk-settings.ts';
import { providersOf, type ResolvedProfile, resolveProfile, type Surroundings } from './resolve.ts';

/** `stopped`: the SDK fails here and looks no further. */
type StepAnswer = ChainSourceName | 'java-properties' | 'stopped' | null;

const SOURCE_OF: Readonly<Record<ProfileProvider, ChainSourceName | null>> = {
  'assume-role': 'assume-role-profile',
  'web-identity': 'web-identity',
  sso: 'sso',
  static: 'profile',
  login: 'profile',
  process: 'process',
  none: null,
};

const SETTINGS_SDK: Readonly<Record<ChainOrder['sdk'], SettingsSdk>> = {
  'aws-cli': 'botocore',
  'java-v2': 'java-v2',
  'js-v3': 'js-v3',
  'go-v2': 'go-v2',
};

/** A world with what following its profiles needs, made once. */
interface Standing {
  readonly world: ChainWorld;
  readonly role: ChainRole;
  readonly profiles: ReadonlyMap<string, ProfileFacts>;
  readonly around: Surroundings;
}

/**
 * The chain of the subject. `role` is what IMDS says where the subject stands. `winner` is by the AWS CLI's rules;
 * it is null as well where the CLI stops with an error before it finds anything.
 */
export function assembleChain(world: ChainWorld, role: ChainRole): CredentialChain {
  const cli = CHAIN_ORDERS.find((order) => order.sdk === 'aws-cli');
  if (cli === undefined) throw new Error('the chain of the AWS CLI is missing from the facts');
  const standing: Standing = {
    world,
    role,
    profiles: new Map(world.profiles.map((profile) => [profile.name, profile])),
    around: {
      environmentKeys: world.environment.key !== null && world.environment.secretKey,
      containerVariable: world.environment.container !== null,
    },
  };
  const winner = winnerOf(standing, cli);
  return {
    winner: winner === 'java-properties' ? null : winner,
    sources: sourcesOf(standing, cli),
    winners: CHAIN_ORDERS.map((order) => sdkWinner(standing, order, winner)),
    subject: world.subject,
    profile: { ...world.profile, found: standing.profiles.has(world.profile.name) },
    role,
    environment: world.environment,
    java: world.java,
    files: world.files,
    profiles: world.profiles.map((profile) => rowOf(standing, profile, cli)),
    cliCacheFolder: world.cliCacheFolder,
    cliCache: world.cliCache,
  };
}

/** The profile this SDK would take: each reads its own variables. */
function profileFor(world: ChainWorld, order: ChainOrder): SelectedProfile {
  if (world.profile.from === 'flag') return world.profile;
  for (const from of order.profileVariables) {
    const name =
      from === 'AWS_PROFILE' ? world.environment.profileVariable : world.environment.defaultProfileVariable;
    if (name !== null && name !== '') return { name, from };
  }
  return { name: 'default', from: 'default' };
}

function winnerOf(standing: Standing, order: ChainOrder): ChainSourceName | 'java-properties' | null {
  for (const step of order.steps) {
    const answer = stepAnswer(standing, order, step);
    if (answer === 'stopped') return null;
    if (answer !== null) return answer;
  }
  return null;
}

function stepAnswer(standing: Standing, order: ChainOrder, step: ChainStep): StepAnswer {
  const { world, role } = standing;
  switch (step) {
    case 'java-properties':
      return world.java !== null && world.java.key !== null && world.java.secretKey
        ? 'java-properties'
        : null;
    case 'environment':
      return environmentAnswer(standing, order);
    case 'web-identity-variables':
      return world.environment.webIdentity !== null && world.profile.from !== 'flag' ? 'web-identity' : null;
    case 'profile-role':
    case 'profile':
      return profileAnswer(standing, order, step);
    case 'container':
      if (world.environment.container === null) return null;
      return world.environment.container.state === 'failed' || !world.environment.container.allowed
        ? 'stopped'
        : 'container';
    case 'instance-role':
      return role.state === 'present' && !isDisabled(world, order) ? 'instance-role' : null;
  }
}

function isDisabled(world: ChainWorld, order: ChainOrder): boolean {
  const text = world.environment.metadataDisabled;
  return text !== null && readMetadataDisabled(SETTINGS_SDK[order.sdk], text) !== 'enabled';
}

function environmentAnswer({ world }: Standing, order: ChainOrder): StepAnswer {
  const { key, secretKey } = world.environment;
  const selected = profileFor(world, order);
  if (selected.from === 'flag') return null;
  if (order.profileVariableHidesEnvironment && selected.from !== 'default') return null;
  if (key === null) return null;
  if (secretKey) return 'environment';
  // botocore fails on half a pair; the others go on to the next source.
  return order.sdk === 'aws-cli' ? 'stopped' : null;
}

function profileAnswer(standing: Standing, order: ChainOrder, step: 'profile-role' | 'profile'): StepAnswer {
  const { world, profiles, around } = standing;
  const selected = profileFor(world, order);
  const stops = order.stopsAtFaults;
  if (fatalFile(world) && order.sdk === 'aws-cli') return 'stopped';
  if (!profiles.has(selected.name))
    return selected.from !== 'default' && stops === 'always' ? 'stopped' : null;
  const resolved = resolveProfile(profiles, selected.name, order, around);
  if (step === 'profile-role' && resolved.provider !== 'assume-role') return null;
  if (resolved.broken) return stops === 'always' || stops === resolved.provider ? 'stopped' : null;
  return SOURCE_OF[resolved.provider];
}

const fatalFile = (world: ChainWorld): boolean =>
  world.files.some((file) => file.state === 'binary' || file.problems.some((problem) => problem.fatal));

function sdkWinner(
  standing: Standing,
  order: ChainOrder,
  cliWinner: ChainSourceName | 'java-properties' | null,
): SdkWinner {
  const source = winnerOf(standing, order);
  const differs =
    source === cliWinner
      ? null
      : `${SDK_NAMES[order.sdk]} uses ${source ?? 'nothing'} where the AWS CLI uses ${cliWinner ?? 'nothing'}`;
  return { sdk: order.sdk, source, differs };
}

function sourcesOf(standing: Standing, cli: ChainOrder): readonly ChainSource[] {
  const { world } = standing;
  const selected = profileFor(world, cli);
  const profile = standing.profiles.get(selected.name);
  const offered = profile === undefined ? [] : providersOf(profile, cli);
  const row = profile === undefined ? null : rowOf(standing, profile, cli);
  const fromProfile = (provider: ProfileProvider): ChainSource =>
    profileSource(provider, offered, profile, row, selected);
  return [
    environmentSource(world),
    webIdentitySource(world, fromProfile('web-identity')),
    fromProfile('sso'),
    offered.includes('login') && !offered.includes('static')
      ? { ...fromProfile('login'), source: 'profile' }
      : fromProfile('static'),
    fromProfile('assume-role'),
    fromProfile('process'),
    containerSource(world),
    roleSource(standing, cli),
  ];
}

function environmentSource({ environment, profile }: ChainWorld): ChainSource {
  if (environment.key === null) return { source: 'environment', present: false };
  const notes = [
    environment.secretKey ? null : 'AWS_SECRET_ACCESS_KEY is not set, so the AWS CLI stops here',
    profile.from === 'flag' ? 'left out, because a profile was asked for' : null,
    environment.expired === true ? 'expired' : null,
  ].filter((note) => note !== null);
  return {
    source: 'environment',
    present: true,
    ...environment.key,
    ...(environment.expiration === null ? {} : { expiration: environment.expiration }),
    ...(notes.length === 0 ? {} : { detail: notes.join('; ') }),
  };
}

function webIdentitySource({ environment }: ChainWorld, fromProfile: ChainSource): ChainSource {
  const token = environment.webIdentity;
  if (token === null) return fromProfile;
  return {
    source: 'web-identity',
    present: true,
    detail: `AWS_WEB_IDENTITY_TOKEN_FILE is set; the token file is ${token.state}${token.expired === true ? ' and expired' : ''}`,
  };
}

function profileSource(
  provider: ProfileProvider,
  offered: readonly ProfileProvider[],
  profile: ProfileFacts | undefined,
  row: ProfileRow | null,
  selected: SelectedProfile,
): ChainSource {
  const source = SOURCE_OF[provider] ?? 'profile';
  if (profile === undefined || row === null || !offered.includes(provider)) return { source, present: false };
  const used = row.provider === provider;
  const key = provider === 'static' ? (profile.statics.find((keys) => keys.key !== null)?.key ?? null) : null;
  const accessKeyId = key?.accessKeyId ?? (used ? row.accessKeyId : null);
  const kind = key?.kind ?? (used ? row.kind : null);
  const problems = used ? row.problems : [];
  return {
    source,
    present: true,
    ...(accessKeyId === null ? {} : { accessKeyId }),
    ...(kind === null ? {} : { kind }),
    ...(used && row.expiration !== null ? { expiration: row.expiration } : {}),
    detail: [`profile ${selected.name}`, used ? row.origin : null, ...problems]
      .filter((part) => part !== null)
      .join('; '),
  };
}

function containerSource({ environment: { container } }: ChainWorld): ChainSource {
  if (container === null) return { source: 'container', present: false };
  return {
    source: 'container',
    present: true,
    ...(container.key ?? {}),
    ...(container.expiration === null ? {} : { expiration: container.expiration }),
    detail: `${container.endpoint}: ${container.detail}`,
  };
}

function roleSource({ world, role }: Standing, cli: ChainOrder): ChainSource {
  const disabled = isDisabled(world, cli);
  return {
    source: 'instance-role',
    present: role.state === 'present' && !disabled,
    ...(role.accessKeyId === null ? {} : { accessKeyId: role.accessKeyId, kind: 'temporary' as const }),
    ...(role.expiration === null ? {} : { expiration: role.expiration }),
    detail: disabled ? 'AWS_EC2_METADATA_DISABLED keeps the AWS CLI from asking' : role.detail,
  };
}

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

function rowOf({ world, profiles, around }: Standing, profile: ProfileFacts, cli: ChainOrder): ProfileRow {
  const resolved = resolveProfile(profiles, profile.name, cli, around);
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
    inUse: profileFor(world, cli).name === profile.name,
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
    problems: resolved.problems,
    conflicts: profile.conflicts,
    ssoToken: profile.sso?.token ?? null,
    webIdentity: profile.webIdentity,
  };
}
