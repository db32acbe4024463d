// What following the chain needs of a world, made once: its profiles by name, and who names which.
import type {
  ChainRole,
  ChainSourceName,
  ChainWorld,
  ProfileFacts,
  ProfileProvider,
  SelectedProfile,
} from '../core/chain.ts';
import type { ChainOrder } from '../facts/credential-chain.ts';
import { readMetadataDisabled, type SettingsSdk } from '../facts/sdk-settings.ts';
import type { Surroundings } from './resolve.ts';

/** Under which name the report knows what a profile gives. */
export const SOURCE_OF: Readonly<Record<ProfileProvider, ChainSourceName | null>> = {
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
export interface Standing {
  readonly world: ChainWorld;
  readonly role: ChainRole;
  readonly profiles: ReadonlyMap<string, ProfileFacts>;
  readonly around: Surroundings;
}

export function standingOf(world: ChainWorld, role: ChainRole): Standing {
  return {
    world,
    role,
    profiles: new Map(world.profiles.map((profile) => [profile.name, profile])),
    around: {
      environmentKeys: world.environment.key !== null && world.environment.secretKey,
      containerVariable: world.environment.container !== null,
    },
  };
}

/** The profile this SDK would take: each reads its own variables. */
export function profileFor(world: ChainWorld, order: ChainOrder): SelectedProfile {
  if (world.profile.from === 'flag') return world.profile;
  for (const from of order.profileVariables) {
    const name =
      from === 'AWS_PROFILE' ? world.environment.profileVariable : world.environment.defaultProfileVariable;
    if (name !== null && name !== '') return { name, from };
  }
  return { name: 'default', from: 'default' };
}

/** Whether AWS_EC2_METADATA_DISABLED keeps this SDK from the instance role. */
export function isDisabled(world: ChainWorld, order: ChainOrder): boolean {
  const text = world.environment.metadataDisabled;
  return text !== null && readMetadataDisabled(SETTINGS_SDK[order.sdk], text) !== 'enabled';
}
