import { describe, expect, it } from 'vitest';
import type { ChainWorld, WebIdentityToken } from '../../src/core/chain.ts';
import {
  chain,
  environment,
  environmentKeys,
  keyed,
  LONG_LIVED,
  NO_ROLE,
  profile,
  ROLE,
  TEMPORARY,
} from '../support/chain.ts';

const ROLE_ARN = 'arn:aws:iam::123456789012:role/deploy';
const TOKEN: WebIdentityToken = {
  path: '/var/run/token',
  state: 'read',
  expiration: '2026-11-23T18:00:00Z',
  expired: false,
  issuer: 'oidc.example',
  roleArn: true,
};
const process = profile('default', { credentialProcess: 'get-creds' });
const sso = profile('default', {
  sso: { session: 'corp', startUrl: 'https://x', problems: [], token: null },
});
const assume = profile('default', { roleArn: ROLE_ARN, credentialSource: 'Ec2InstanceMetadata' });
const container = {
  variable: 'AWS_CONTAINER_CREDENTIALS_FULL_URI' as const,
  endpoint: 'http://127.0.0.1:80',
  allowed: true,
  state: 'answered' as const,
  detail: 'HTTP 200',
  key: TEMPORARY,
  expiration: null,
};
const java = {
  from: 'command-line' as const,
  properties: ['aws.accessKeyId', 'aws.secretKey'],
  key: LONG_LIVED,
  secretKey: true,
  sessionToken: false,
};

interface Row {
  readonly name: string;
  readonly world: Partial<ChainWorld>;
  readonly cli: string | null;
  readonly java?: string | null;
  readonly js?: string | null;
  readonly go?: string | null;
}

describe('who wins', () => {
  const rows: readonly Row[] = [
    { name: 'nothing but the role', world: {}, cli: 'instance-role' },
    {
      name: 'keys in the environment',
      world: { environment: environmentKeys(TEMPORARY) },
      cli: 'environment',
    },
    {
      name: 'keys in the environment, and a default profile',
      world: { environment: environmentKeys(TEMPORARY), profiles: [keyed('default')] },
      cli: 'environment',
    },
    {
      name: 'half a pair in the environment: only the CLI stops at it',
      world: { environment: environment({ key: LONG_LIVED, variables: ['AWS_ACCESS_KEY_ID'] }) },
      cli: null,
      java: 'instance-role',
      js: 'instance-role',
      go: 'instance-role',
    },
    {
      name: 'AWS_PROFILE beside keys: JavaScript takes the profile',
      world: {
        environment: environmentKeys(TEMPORARY, { profileVariable: 'dev' }),
        profile: { name: 'dev', from: 'AWS_PROFILE' },
        profiles: [keyed('dev')],
      },
      cli: 'environment',
      js: 'profile',
    },
    {
      name: '--profile leaves the environment out',
      world: {
        environment: environmentKeys(TEMPORARY),
        profile: { name: 'dev', from: 'flag' },
        profiles: [keyed('dev')],
      },
      cli: 'profile',
    },
    {
      name: '--profile leaves web identity variables out as well',
      world: {
        environment: environment({ webIdentity: TOKEN }),
        profile: { name: 'dev', from: 'flag' },
        profiles: [keyed('dev')],
      },
      cli: 'profile',
    },
    { name: 'keys of the default profile', world: { profiles: [keyed('default')] }, cli: 'profile' },
    {
      name: 'AWS_DEFAULT_PROFILE beside AWS_PROFILE: the CLI prefers the first, Go the second',
      world: {
        environment: environment({ profileVariable: 'p', defaultProfileVariable: 'd' }),
        profile: { name: 'd', from: 'AWS_DEFAULT_PROFILE' },
        profiles: [keyed('d'), profile('p', { credentialProcess: 'x' })],
      },
      cli: 'profile',
      java: 'process',
      js: 'process',
      go: 'process',
    },
    { name: 'a role in the default profile', world: { profiles: [assume] }, cli: 'assume-role-profile' },
    {
      name: 'web identity variables beside a role in the profile: the CLI takes the role',
      world: { environment: environment({ webIdentity: TOKEN }), profiles: [assume] },
      cli: 'assume-role-profile',
      java: 'web-identity',
      js: 'assume-role-profile',
      go: 'web-identity',
    },
    {
      name: 'web identity variables beside keys in the profile',
      world: { environment: environment({ webIdentity: TOKEN }), profiles: [keyed('default')] },
      cli: 'web-identity',
      js: 'profile',
    },
    {
      name: 'keys and a process in one profile: Java takes the process',
      world: { profiles: [keyed('default', LONG_LIVED, { credentialProcess: 'x' })] },
      cli: 'profile',
      java: 'process',
    },
    {
      name: 'keys and SSO in one profile',
      world: { profiles: [{ ...sso, statics: keyed('default').statics }] },
      cli: 'sso',
      js: 'profile',
      go: 'profile',
    },
    { name: 'a process', world: { profiles: [process] }, cli: 'process' },
    { name: 'SSO', world: { profiles: [sso] }, cli: 'sso' },
    {
      name: 'a role without a source: Java and JavaScript pass it over',
      world: { profiles: [profile('default', { roleArn: ROLE_ARN })] },
      cli: null,
      java: 'instance-role',
      js: 'instance-role',
      go: 'instance-role',
    },
    {
      name: 'a named profile that is not there',
      world: {
        environment: environment({ profileVariable: 'gone' }),
        profile: { name: 'gone', from: 'AWS_PROFILE' },
      },
      cli: null,
      java: 'instance-role',
      js: 'instance-role',
      go: null,
    },
    { name: 'a container', world: { environment: environment({ container }) }, cli: 'container' },
    {
      name: 'a container that does not answer',
      world: { environment: environment({ container: { ...container, state: 'failed' } }) },
      cli: null,
    },
    { name: 'Java properties', world: { java }, cli: 'instance-role', java: 'java-properties' },
    {
      name: 'AWS_EC2_METADATA_DISABLED=true',
      world: { environment: environment({ metadataDisabled: 'TRUE' }) },
      cli: null,
    },
    {
      name: 'AWS_EC2_METADATA_DISABLED=False, which JavaScript takes for true',
      world: { environment: environment({ metadataDisabled: 'False' }) },
      cli: 'instance-role',
      js: null,
    },
    {
      name: 'a file the CLI refuses',
      world: {
        files: [
          {
            kind: 'config',
            path: '/home/app/.aws/config',
            state: 'read',
            problems: [{ line: 3, kind: 'error', text: 'twice', fatal: true }],
          },
        ],
      },
      cli: null,
      java: 'instance-role',
      js: 'instance-role',
      go: 'instance-role',
    },
  ];

  it.each(rows)('$name', (row) => {
    const seen = chain(row.world);
    expect(seen.winner).toBe(row.cli);
    const of = (sdk: string) => seen.winners.find((winner) => winner.sdk === sdk);
    expect(of('java-v2')?.source).toBe(row.java === undefined ? row.cli : row.java);
    expect(of('js-v3')?.source).toBe(row.js === undefined ? row.cli : row.js);
    expect(of('go-v2')?.source).toBe(row.go === undefined ? row.cli : row.go);
    for (const winner of seen.winners) expect(winner.differs === null).toBe(winner.source === row.cli);
  });

  it('has no winner without a role', () => {
    expect(chain({}, NO_ROLE).winner).toBeNull();
  });
});

describe('the sources', () => {
  it('are always all eight, in one order', () => {
    expect(chain().sources.map((source) => source.source)).toEqual([
      'environment',
      'web-identity',
      'sso',
      'profile',
      'assume-role-profile',
      'process',
      'container',
      'instance-role',
    ]);
    expect(
      chain()
        .sources.filter((source) => source.present)
        .map((source) => source.source),
    ).toEqual(['instance-role']);
  });

  it('carry what is known of each', () => {
    const seen = chain({
      environment: environmentKeys(TEMPORARY, { expiration: '2026-01-01T00:00:00Z', expired: true }),
      profiles: [keyed('default')],
    });
    expect(seen.sources[0]).toEqual({
      source: 'environment',
      present: true,
      accessKeyId: 'ASIA…MPLE',
      expiration: '2026-01-01T00:00:00Z',
      detail: 'expired',
    });
    expect(seen.sources[3]).toMatchObject({
      present: true,
      accessKeyId: 'AKIA…MPLE',
      detail: 'profile default; shared-credentials-file',
    });
    expect(seen.sources[7]).toMatchObject({ present: true, accessKeyId: 'ASIA…ROLE' });
  });
});

describe('who refreshes the role, and when', () => {
  it('is said for each SDK', () => {
    const { refresh } = chain();
    expect(refresh.map((one) => one.sdk)).toContain('SDK for Go 2');
    const go = refresh.find((one) => one.sdk === 'SDK for Go 2');
    expect(go).toMatchObject({ nextRefresh: '2026-11-23T13:00:00.000Z', signsExpired: false });
  });

  it('is not said where there is no role, or its times are no times', () => {
    expect(chain({}, NO_ROLE).refresh).toEqual([]);
    expect(chain({}, { ...ROLE, expiration: 'soon' }).refresh).toEqual([]);
    expect(chain({}, { ...ROLE, lastUpdated: 'then' }).refresh).toHaveLength(5);
  });
});

describe('the table of profiles', () => {
  it('says of each what it gives, from where, until when', () => {
    const { profiles } = chain({
      profiles: [
        keyed('default', TEMPORARY),
        profile('deploy', {
          roleArn: ROLE_ARN,
          sourceProfile: 'default',
          cached: { file: 'x.json', key: TEMPORARY, expiration: '2026-11-23T18:00:00Z', expired: false },
        }),
        assume.name === 'default' ? { ...assume, name: 'self' } : assume,
      ],
    });
    expect(profiles[0]).toMatchObject({ inUse: true, origin: 'shared-credentials-file', sessionToken: true });
    expect(profiles[1]).toMatchObject({
      inUse: false,
      origin: 'assume-role',
      path: ['deploy', 'default'],
      expiration: '2026-11-23T18:00:00Z',
    });
    expect(profiles[2]).toMatchObject({ usesInstanceRole: true, chained: true });
  });
});
