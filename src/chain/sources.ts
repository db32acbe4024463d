// Every source of the chain: whether it is in the running, and what is known of it.
import type {
  ChainSource,
  ChainWorld,
  ProfileFacts,
  ProfileProvider,
  ProfileRow,
  SelectedProfile,
} from '../core/chain.ts';
import type { ChainOrder } from '../facts/credential-chain.ts';
import { providersOf } from './resolve.ts';
import { rowOf } from './rows.ts';
import { isDisabled, profileFor, SOURCE_OF, type Standing } from './standing.ts';

/** All eight, always in the same order. */
export function sourcesOf(standing: Standing, cli: ChainOrder): readonly ChainSource[] {
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
    accessKeyId: environment.key.accessKeyId,
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
  const problems = used ? row.problems : [];
  return {
    source,
    present: true,
    ...(accessKeyId === null ? {} : { accessKeyId }),
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
    ...(container.key === null ? {} : { accessKeyId: container.key.accessKeyId }),
    ...(container.expiration === null ? {} : { expiration: container.expiration }),
    detail: `${container.endpoint}: ${container.detail}`,
  };
}

function roleSource({ world, role }: Standing, cli: ChainOrder): ChainSource {
  const disabled = isDisabled(world, cli);
  return {
    source: 'instance-role',
    present: role.state === 'present' && !disabled,
    ...(role.accessKeyId === null ? {} : { accessKeyId: role.accessKeyId }),
    ...(role.expiration === null ? {} : { expiration: role.expiration }),
    detail: disabled ? 'AWS_EC2_METADATA_DISABLED keeps the AWS CLI from asking' : role.detail,
  };
}
