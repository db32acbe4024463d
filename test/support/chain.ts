// Builders of credential chain worlds: nothing set, an instance role there; tests name what differs.
import { assembleChain } from '../../src/chain/assemble.ts';
import type {
  ChainEnvironment,
  ChainRole,
  ChainWorld,
  CredentialChain,
  ProfileFacts,
  ShownKey,
} from '../../src/core/chain.ts';

export const TEMPORARY: ShownKey = { accessKeyId: 'ASIA…MPLE', kind: 'temporary' };
export const LONG_LIVED: ShownKey = { accessKeyId: 'AKIA…MPLE', kind: 'long-lived' };

/** Half an hour after the role's credentials were made. */
export const NOW = Date.parse('2026-11-23T12:30:00Z');

export const ROLE: ChainRole = {
  state: 'present',
  roleName: 'web-server',
  accessKeyId: 'ASIA…ROLE',
  expiration: '2026-11-23T18:00:00Z',
  lastUpdated: '2026-11-23T12:00:00Z',
  detail: 'role web-server',
};

export const NO_ROLE: ChainRole = {
  state: 'absent',
  roleName: null,
  accessKeyId: null,
  expiration: null,
  lastUpdated: null,
  detail: 'no role is attached',
};

export function environment(overrides: Partial<ChainEnvironment> = {}): ChainEnvironment {
  return {
    variables: [],
    key: null,
    secretKey: false,
    sessionToken: false,
    expiration: null,
    expired: null,
    metadataDisabled: null,
    webIdentity: null,
    container: null,
    profileVariable: null,
    defaultProfileVariable: null,
    ...overrides,
  };
}

/** Variables with a whole pair of keys. */
export function environmentKeys(key: ShownKey, overrides: Partial<ChainEnvironment> = {}): ChainEnvironment {
  const sessionToken = key.kind === 'temporary';
  return environment({
    key,
    secretKey: true,
    sessionToken,
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', ...(sessionToken ? ['AWS_SESSION_TOKEN'] : [])],
    ...overrides,
  });
}

export function profile(name: string, overrides: Partial<ProfileFacts> = {}): ProfileFacts {
  return {
    name,
    files: ['config'],
    statics: [],
    roleArn: null,
    sourceProfile: null,
    credentialSource: null,
    durationSeconds: null,
    mfa: false,
    webIdentity: null,
    credentialProcess: null,
    processAnswer: null,
    sso: null,
    loginSession: false,
    cached: null,
    conflicts: [],
    ...overrides,
  };
}

/** A profile with keys in the credentials file. */
export function keyed(
  name: string,
  key: ShownKey = LONG_LIVED,
  overrides: Partial<ProfileFacts> = {},
): ProfileFacts {
  return profile(name, {
    files: ['credentials'],
    statics: [{ file: 'credentials', key, secretKey: true, sessionToken: key.kind === 'temporary' }],
    ...overrides,
  });
}

export function world(overrides: Partial<ChainWorld> = {}): ChainWorld {
  return {
    subject: { pid: null, command: null, uid: 1000, home: '/home/app', network: 'same' },
    profile: { name: 'default', from: 'default' },
    environment: environment(),
    java: null,
    files: [
      { kind: 'config', path: '/home/app/.aws/config', state: 'read', problems: [] },
      { kind: 'credentials', path: '/home/app/.aws/credentials', state: 'read', problems: [] },
    ],
    profiles: [],
    cliCacheFolder: '/home/app/.aws/cli/cache',
    cliCache: [],
    enteredRole: null,
    networkFindings: [],
    ...overrides,
  };
}

export function chain(overrides: Partial<ChainWorld> = {}, role: ChainRole = ROLE): CredentialChain {
  return assembleChain(world(overrides), role, NOW);
}
