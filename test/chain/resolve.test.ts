import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeProfile, mergeProfiles, programName } from '../../src/chain/profiles.ts';
import { resolveProfile } from '../../src/chain/resolve.ts';
import type { ProfileFacts } from '../../src/core/chain.ts';
import { CHAIN_ORDERS, type ChainOrder } from '../../src/facts/credential-chain.ts';
import { keyed, LONG_LIVED, profile, TEMPORARY } from '../support/chain.ts';

const order = (sdk: ChainOrder['sdk']): ChainOrder => {
  const found = CHAIN_ORDERS.find((candidate) => candidate.sdk === sdk);
  if (found === undefined) throw new Error(sdk);
  return found;
};

const nothing = { environmentKeys: false, containerVariable: false };
const resolve = (
  profiles: readonly ProfileFacts[],
  name: string,
  sdk: ChainOrder['sdk'] = 'aws-cli',
  around = nothing,
) => resolveProfile(new Map(profiles.map((one) => [one.name, one])), name, order(sdk), around);

const ROLE_ARN = 'arn:aws:iam::123456789012:role/deploy';

describe('following a profile', () => {
  it('ends at keys of its own', () => {
    const seen = resolve([keyed('dev')], 'dev');
    expect(seen).toMatchObject({ provider: 'static', root: 'static', path: ['dev'], broken: false });
    expect(seen.keys?.key).toEqual(LONG_LIVED);
  });

  it('follows source_profile through roles to keys, and calls the second role chained', () => {
    const profiles = [
      profile('deploy', { roleArn: ROLE_ARN, sourceProfile: 'hop' }),
      profile('hop', { roleArn: ROLE_ARN, sourceProfile: 'keys' }),
      keyed('keys'),
    ];
    expect(resolve(profiles, 'deploy')).toMatchObject({
      provider: 'assume-role',
      root: 'static',
      path: ['deploy', 'hop', 'keys'],
      chained: true,
      broken: false,
    });
    expect(resolve(profiles, 'hop').chained).toBe(false);
  });

  it('takes own keys of a profile reached by source_profile before its role', () => {
    const profiles = [
      profile('top', { roleArn: ROLE_ARN, sourceProfile: 'both' }),
      keyed('both', LONG_LIVED, { roleArn: ROLE_ARN, sourceProfile: 'top' }),
    ];
    expect(resolve(profiles, 'top')).toMatchObject({ path: ['top', 'both'], chained: false, broken: false });
  });

  it('lets a profile name itself when it has keys', () => {
    expect(
      resolve([keyed('me', LONG_LIVED, { roleArn: ROLE_ARN, sourceProfile: 'me' })], 'me'),
    ).toMatchObject({ provider: 'assume-role', root: 'static', broken: false });
  });

  it.each([
    {
      name: 'a circle',
      profiles: [
        profile('a', { roleArn: ROLE_ARN, sourceProfile: 'b' }),
        profile('b', { roleArn: ROLE_ARN, sourceProfile: 'a' }),
      ],
      says: 'circle: a → b → a',
    },
    {
      name: 'itself without keys',
      profiles: [profile('a', { roleArn: ROLE_ARN, sourceProfile: 'a' })],
      says: 'circle',
    },
    {
      name: 'a source that is not there',
      profiles: [profile('a', { roleArn: ROLE_ARN, sourceProfile: 'gone' })],
      says: '"gone", which does not exist',
    },
    {
      name: 'a source without credentials',
      profiles: [profile('a', { roleArn: ROLE_ARN, sourceProfile: 'b' }), profile('b')],
      says: '"b" has no credentials',
    },
    {
      name: 'two sources',
      profiles: [profile('a', { roleArn: ROLE_ARN, sourceProfile: 'a', credentialSource: 'Environment' })],
      says: 'both source_profile and credential_source',
    },
    { name: 'no source', profiles: [profile('a', { roleArn: ROLE_ARN })], says: 'without source_profile' },
    {
      name: 'a source nobody knows',
      profiles: [profile('a', { roleArn: ROLE_ARN, credentialSource: 'Ec2' })],
      says: 'credential_source is "Ec2"',
    },
    {
      name: 'an empty environment',
      profiles: [profile('a', { roleArn: ROLE_ARN, credentialSource: 'Environment' })],
      says: 'AWS_ACCESS_KEY_ID is not set',
    },
    {
      name: 'no container',
      profiles: [profile('a', { roleArn: ROLE_ARN, credentialSource: 'EcsContainer' })],
      says: 'no AWS_CONTAINER_CREDENTIALS variable',
    },
    {
      name: 'a web identity without a role',
      profiles: [
        profile('a', {
          webIdentity: {
            path: '/t',
            state: 'read',
            expiration: null,
            expired: null,
            issuer: null,
            roleArn: false,
          },
        }),
      ],
      says: 'no role_arn',
    },
    {
      name: 'SSO with settings missing',
      profiles: [
        profile('a', { sso: { session: null, startUrl: null, problems: ['sso_region'], token: null } }),
      ],
      says: 'sso_region',
    },
  ])('refuses $name', ({ profiles, says }) => {
    const seen = resolve(profiles, 'a');
    expect(seen.broken).toBe(true);
    expect(seen.problems.join('\n')).toContain(says);
  });

  it('knows the instance role as a source, and that a role assumed with it is chained', () => {
    expect(
      resolve([profile('a', { roleArn: ROLE_ARN, credentialSource: 'ec2instancemetadata' })], 'a'),
    ).toMatchObject({ root: 'instance-role', chained: true, broken: false });
  });

  it.each([899, 43_201, Number.NaN])(
    'mentions a duration of %s without refusing the profile',
    (durationSeconds) => {
      const seen = resolve(
        [profile('a', { roleArn: ROLE_ARN, credentialSource: 'Ec2InstanceMetadata', durationSeconds })],
        'a',
      );
      expect(seen.problems.join()).toContain('duration_seconds');
      expect(seen.broken).toBe(false);
    },
  );

  it('pairs halves of two files only where the SDK does', () => {
    const halves = profile('a', {
      files: ['config', 'credentials'],
      statics: [
        { file: 'credentials', key: TEMPORARY, secretKey: false, sessionToken: false },
        { file: 'config', key: null, secretKey: true, sessionToken: true },
      ],
    });
    expect(resolve([halves], 'a')).toMatchObject({ broken: true });
    expect(resolve([halves], 'a').problems[0]).toContain('the one in the config file');
    expect(resolve([halves], 'a', 'go-v2').broken).toBe(true);
    expect(resolve([halves], 'a', 'js-v3')).toMatchObject({ broken: false, keys: { sessionToken: true } });
    expect(resolve([halves], 'a', 'java-v2').broken).toBe(false);
  });

  it('follows a long chain only so far', () => {
    const profiles = Array.from({ length: 40 }, (_, index) =>
      profile(`p${index}`, { roleArn: ROLE_ARN, sourceProfile: `p${index + 1}` }),
    );
    const seen = resolve([...profiles, keyed('p40')], 'p0');
    expect(seen.broken).toBe(true);
    expect(seen.problems[0]).toContain('more than 32 links');
  });

  it.each([
    ['SSO', { sso: { session: null, startUrl: null, problems: [], token: null } }, true],
    ['a process, which may give anything', { credentialProcess: 'x' }, false],
  ])('calls a role from %s chained or not', (_name, source, chained) => {
    const profiles = [profile('a', { roleArn: ROLE_ARN, sourceProfile: 's' }), profile('s', source)];
    expect(resolve(profiles, 'a')).toMatchObject({ chained, broken: false });
  });

  it('never throws and never goes round for ever, whatever points where', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', '__proto__');
    const facts = fc.record({
      name,
      sourceProfile: fc.option(name),
      roleArn: fc.option(fc.constant(ROLE_ARN)),
      credentialSource: fc.option(fc.constantFrom('Environment', 'x')),
      keys: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(facts), name, fc.constantFrom(...CHAIN_ORDERS), (all, start, sdk) => {
        const profiles = all.map(({ keys, ...rest }) =>
          keys ? keyed(rest.name, LONG_LIVED, rest) : profile(rest.name, rest),
        );
        const seen = resolveProfile(new Map(profiles.map((one) => [one.name, one])), start, sdk, nothing);
        expect(seen.path.length).toBeLessThan(8);
      }),
    );
  });
});

describe('profiles of both files', () => {
  const sections = (text: Record<string, Record<string, string>>) =>
    new Map(Object.entries(text).map(([name, values]) => [name, new Map(Object.entries(values))] as const));
  const extras = { webIdentity: null, processAnswer: null, ssoToken: null, cached: null };

  it('lets the credentials file win, names the conflict, and keeps each file’s keys apart', () => {
    const [merged] = mergeProfiles({
      config: sections({
        dev: { region: 'eu-west-1', aws_access_key_id: 'AKIAAAAAAAAAAAAAAAAA', output: 'json' },
      }),
      credentials: sections({
        dev: {
          region: 'us-east-1',
          aws_access_key_id: 'ASIABBBBBBBBBBBBBBBB',
          aws_secret_access_key: 'SECRET',
          output: 'json',
        },
      }),
      ssoSessions: new Map(),
    });
    if (merged === undefined) throw new Error('no profile');
    expect(merged.values.get('region')).toBe('us-east-1');
    const facts = describeProfile(merged, new Map(), extras);
    expect(facts.conflicts).toEqual(['aws_access_key_id', 'region']);
    expect(facts.statics).toEqual([
      {
        file: 'credentials',
        key: { accessKeyId: 'ASIA…BBBB', kind: 'temporary' },
        secretKey: true,
        sessionToken: false,
      },
      {
        file: 'config',
        key: { accessKeyId: 'AKIA…AAAA', kind: 'long-lived' },
        secretKey: false,
        sessionToken: false,
      },
    ]);
    expect(JSON.stringify(facts)).not.toMatch(/SECRET|BBBBB|AAAAA/);
  });

  it('folds an SSO session in, and says what is missing or contradicts', () => {
    const files = {
      config: sections({
        good: { sso_session: 'corp', sso_role_name: 'r', sso_account_id: '1' },
        lost: { sso_session: 'gone', sso_role_name: 'r', sso_account_id: '1' },
        odd: { sso_session: 'corp', sso_role_name: 'r', sso_account_id: '1', sso_region: 'eu-west-1' },
      }),
      credentials: new Map(),
      ssoSessions: sections({ corp: { sso_start_url: 'https://corp.example', sso_region: 'us-east-1' } }),
    };
    const facts = mergeProfiles(files).map(
      (raw) => describeProfile(raw, files.ssoSessions, extras).sso?.problems,
    );
    expect(facts[0]).toEqual([]);
    expect(facts[1]?.join()).toMatch(/"gone".*sso_start_url/);
    expect(facts[2]?.join()).toContain('sso_region differs');
  });

  it.each([
    ['/opt/bin/get-creds --password hunter2', 'get-creds'],
    ['"/opt/my tools/get creds" --x', 'get creds'],
    ["'/a/b' c", 'b'],
    ['', ''],
  ])('shows of the command %j its program only', (line, name) => expect(programName(line)).toBe(name));
});
