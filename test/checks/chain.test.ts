// Holds each check of the group chain, and aws-cli-outdated, to a table: pass, every edge, fail, unknown.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { quoted } from '../../src/checks/chain/readings.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type {
  AwsCli,
  CallerIdentities,
  ChainRole,
  ChainWorld,
  ContainerCredentials,
  IdentityAnswer,
  ProcessCredentials,
  ProcessRow,
  SsoToken,
  WebIdentityToken,
} from '../../src/core/chain.ts';
import type { Finding } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
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
import { healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const QUIET: ProcessCredentials = { asked: false, looked: 0, hidden: 0, processes: [], more: 0 };
const CLI: AwsCli = { path: '/usr/local/bin/aws', version: '2.31.0', how: 'metadata', detail: null };

const snapshot = (changes: Snapshot): Snapshot =>
  healthySnapshot({
    'credential-chain': seen(chain()),
    processes: seen(QUIET),
    'aws-cli': seen(CLI),
    ...changes,
  });

const judged = (id: string, changes: Snapshot) =>
  assess(
    CHECKS.filter((check) => check.id === id),
    snapshot(changes),
    {},
    POLICY,
  );

const finding = (id: string, changes: Snapshot): Finding => {
  const [found] = judged(id, changes).findings;
  if (found === undefined) throw new Error(`${id} did not fail`);
  return found;
};

const world = (changes: Partial<ChainWorld>, role: ChainRole = ROLE): Snapshot => ({
  'credential-chain': seen(chain(changes, role)),
});
const UNREADABLE: Snapshot = { 'credential-chain': lost('permission', 'process 7 belongs to another user') };
const UNKNOWN_ROLE: ChainRole = { ...NO_ROLE, state: 'unknown', detail: 'refused' };
const inProfile = (name: string): Partial<ChainWorld> => ({ profile: { name, from: 'flag' } });
const byVariable = (name: string): Partial<ChainWorld> => ({
  profile: { name, from: 'AWS_PROFILE' },
  environment: environment({ profileVariable: name, variables: ['AWS_PROFILE'] }),
});

const answer = (changes: Partial<IdentityAnswer>): IdentityAnswer => ({
  state: 'accepted',
  arn: 'arn:aws:iam::123456789012:user/u',
  accountId: '123456789012',
  code: null,
  detail: '',
  accessKeyId: null,
  ...changes,
});
const ROLE_SESSION = 'arn:aws:sts::123456789012:assumed-role/web-server/i-1';
const identity = (
  winner: Partial<IdentityAnswer>,
  source: CallerIdentities['source'] = 'environment',
  role: Partial<IdentityAnswer> = {},
): Snapshot => ({
  'caller-identity': seen<CallerIdentities>({
    source,
    winner: answer(winner),
    role: answer({ arn: ROLE_SESSION, ...role }),
    endpoint: 'https://sts.eu-west-1.amazonaws.com',
  }),
});
const EXPIRED_ANSWER = { state: 'refused', arn: null, code: 'ExpiredToken' } as const;
const REFUSED = identity(EXPIRED_ANSWER);
const REFUSED_PROFILE = identity(EXPIRED_ANSWER, 'profile');

const row = (changes: Partial<ProcessRow> = {}): ProcessRow => ({
  pid: 4711,
  command: 'worker',
  uid: 1000,
  from: 'environment',
  key: TEMPORARY,
  sessionToken: true,
  expiration: null,
  expired: null,
  ...changes,
});
const processes = (rows: readonly ProcessRow[], changes: Partial<ProcessCredentials> = {}): Snapshot => ({
  processes: seen({ asked: true, looked: 40, hidden: 0, processes: rows, more: 0, ...changes }),
});

const EXPIRED_KEYS = environmentKeys(TEMPORARY, { expiration: '2026-01-01T00:00:00Z', expired: true });
const ROLE_ARN = 'arn:aws:iam::123456789012:role/deploy';
const SELF = profile('self', { roleArn: ROLE_ARN, credentialSource: 'Ec2InstanceMetadata' });
const JAVA = {
  from: 'JAVA_TOOL_OPTIONS' as const,
  properties: ['aws.accessKeyId', 'aws.secretKey'],
  key: TEMPORARY,
  secretKey: true,
  sessionToken: false,
};
const TOKEN: WebIdentityToken = {
  path: '/var/run/secrets/token',
  state: 'read',
  expiration: '2026-11-23T18:00:00Z',
  expired: false,
  issuer: 'oidc.example',
  roleArn: true,
};
const web = (changes: Partial<WebIdentityToken>): Snapshot =>
  world({ environment: environment({ webIdentity: { ...TOKEN, ...changes } }) });
const CONTAINER: ContainerCredentials = {
  variable: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  endpoint: 'http://169.254.170.23',
  allowed: true,
  state: 'failed',
  detail: 'nobody listens there (connection refused)',
  key: null,
  expiration: null,
};
const inContainer = (changes: Partial<ContainerCredentials>): Partial<ChainWorld> => ({
  environment: environment({ container: { ...CONTAINER, ...changes } }),
});
const sso = (name: string, token: SsoToken | null) =>
  profile(name, { sso: { session: 'corp', startUrl: 'https://corp.example', problems: [], token } });
const OVER: SsoToken = {
  file: 'a.json',
  expiration: '2026-01-01T00:00:00Z',
  expired: true,
  refreshable: false,
};
const fileProblem = (fatal: boolean): Partial<ChainWorld> => ({
  files: [
    {
      kind: 'config',
      path: '/home/app/.aws/config',
      state: 'read',
      problems: [{ line: 3, kind: 'error', text: 'a section stands twice', fatal }],
    },
  ],
});
const file = (state: 'unreadable' | 'binary' | 'too-large' | 'not-regular'): Partial<ChainWorld> => ({
  files: [{ kind: 'credentials', path: '/home/app/.aws/credentials', state, problems: [] }],
});
const cached = (expired: boolean) => ({
  file: 'abc.json',
  key: TEMPORARY,
  expiration: '2026-01-01T00:00:00Z',
  expired,
});
const cli = (version: string | null, path: string | null = '/usr/bin/aws'): Snapshot => ({
  'aws-cli': seen<AwsCli>({ path, version, how: 'metadata', detail: null }),
});

const TABLE: Record<string, readonly [string, Snapshot, string][]> = {
  'env-credentials-expired': [
    ['nothing set', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['expired by the variable', world({ environment: EXPIRED_KEYS }), 'critical'],
    ['expired by STS', { ...world({ environment: environmentKeys(TEMPORARY) }), ...REFUSED }, 'critical'],
    ['expired even without a role', world({ environment: EXPIRED_KEYS }, NO_ROLE), 'critical'],
    ['left out by --profile', world({ environment: EXPIRED_KEYS, ...inProfile('dev') }), 'pass'],
    [
      'still good',
      world({
        environment: environmentKeys(TEMPORARY, { expiration: '2026-12-01T00:00:00Z', expired: false }),
      }),
      'pass',
    ],
    ['STS was not asked (--offline)', world({ environment: environmentKeys(TEMPORARY) }), 'skipped'],
    [
      'STS was out of reach',
      { ...world({ environment: environmentKeys(TEMPORARY) }), ...identity({ state: 'failed' }) },
      'unknown',
    ],
    ['accepted by STS', { ...world({ environment: environmentKeys(TEMPORARY) }), ...identity({}) }, 'pass'],
    [
      'refused as something else',
      {
        ...world({ environment: environmentKeys(TEMPORARY) }),
        ...identity({ state: 'refused', code: 'InvalidClientTokenId' }),
      },
      'pass',
    ],
    ['long-lived', world({ environment: environmentKeys(LONG_LIVED) }), 'pass'],
    ['in another process', processes([row({ expired: true })]), 'critical'],
    ['in another process, not expired', processes([row({ expired: false })]), 'pass'],
  ],
  'env-credentials-shadow-role': [
    ['nothing set', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['keys and a role', world({ environment: environmentKeys(TEMPORARY) }), 'warning'],
    ['a long-lived key and a role', world({ environment: environmentKeys(LONG_LIVED) }), 'warning'],
    ['half a pair', world({ environment: environment({ key: LONG_LIVED }) }), 'warning'],
    ['no role to hide', world({ environment: environmentKeys(TEMPORARY) }, NO_ROLE), 'pass'],
    ['a role nobody knows of', world({ environment: environmentKeys(TEMPORARY) }, UNKNOWN_ROLE), 'unknown'],
    ['expired: one cause, one finding', world({ environment: EXPIRED_KEYS }), 'unknown'],
    ['expired by STS', { ...world({ environment: environmentKeys(TEMPORARY) }), ...REFUSED }, 'unknown'],
    [
      'left out by --profile',
      world({ environment: environmentKeys(TEMPORARY), ...inProfile('dev') }),
      'pass',
    ],
  ],
  'profile-shadows-role': [
    ['no profile', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['keys in [default]', world({ profiles: [keyed('default')] }), 'warning'],
    [
      'a process in [default]',
      world({ profiles: [profile('default', { credentialProcess: 'x' })] }),
      'warning',
    ],
    ['SSO in [default]', world({ profiles: [sso('default', null)] }), 'warning'],
    ['keys elsewhere', world({ profiles: [keyed('dev')] }), 'pass'],
    ['named by AWS_PROFILE', world({ ...byVariable('dev'), profiles: [keyed('dev')] }), 'warning'],
    ['asked for by --profile', world({ ...inProfile('dev'), profiles: [keyed('dev')] }), 'pass'],
    ['building on the role', world({ ...byVariable('self'), profiles: [SELF] }), 'pass'],
    [
      'keys behind a file only the CLI refuses',
      world({ ...fileProblem(true), profiles: [keyed('default')] }),
      'warning',
    ],
    [
      'settings in a file the CLI refuses',
      world({ ...fileProblem(true), profiles: [profile('default')] }),
      'pass',
    ],
    ['only settings', world({ profiles: [profile('default')] }), 'pass'],
    [
      'behind the environment',
      world({ environment: environmentKeys(TEMPORARY), profiles: [keyed('default')] }),
      'pass',
    ],
    ['no role to hide', world({ profiles: [keyed('default')] }, NO_ROLE), 'pass'],
    ['a role nobody knows of', world({ profiles: [keyed('default')] }, UNKNOWN_ROLE), 'unknown'],
  ],
  'profile-static-session-token': [
    ['no profile', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['long-lived keys', world({ profiles: [keyed('default')] }), 'pass'],
    ['a pasted token', world({ profiles: [keyed('default', TEMPORARY)] }), 'warning'],
    ['in a profile not in use', world({ profiles: [keyed('dev', TEMPORARY)] }), 'warning'],
    ['a profile that refreshes itself', world({ profiles: [SELF] }), 'pass'],
  ],
  'profile-invalid': [
    ['nothing there', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['in use', world({ profiles: [profile('default', { roleArn: ROLE_ARN })] }), 'critical'],
    ['not in use', world({ profiles: [profile('dev', { roleArn: ROLE_ARN })] }), 'warning'],
    [
      'asked for',
      world({ ...inProfile('dev'), profiles: [profile('dev', { roleArn: ROLE_ARN })] }),
      'critical',
    ],
    ['asked for and not there', world(inProfile('gone')), 'critical'],
    ['AWS_PROFILE names what is not there', world(byVariable('gone')), 'critical'],
    [
      'credentials that STS calls expired',
      { ...world({ profiles: [keyed('default', TEMPORARY)] }), ...REFUSED_PROFILE },
      'critical',
    ],
    [
      'credentials STS does not know',
      {
        ...world({ profiles: [keyed('default', TEMPORARY)] }),
        ...identity({ state: 'refused', code: 'InvalidClientTokenId' }, 'profile'),
      },
      'pass',
    ],
    ['no [default] is fine', world({ profiles: [keyed('dev')] }), 'pass'],
    ['a line the CLI refuses the file for', world(fileProblem(true)), 'critical'],
    ['a line others stumble over', world(fileProblem(false)), 'warning'],
    ['binary', world(file('binary')), 'critical'],
    ['unreadable file', world(file('unreadable')), 'warning'],
    ['huge', world(file('too-large')), 'warning'],
    ['a pipe', world(file('not-regular')), 'warning'],
  ],
  'profile-key-conflict': [
    ['nothing there', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['alike', world({ profiles: [keyed('default')] }), 'pass'],
    ['different', world({ profiles: [keyed('dev', LONG_LIVED, { conflicts: ['region'] })] }), 'warning'],
  ],
  'profile-role-chaining-limit': [
    ['nothing there', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['just an hour', world({ profiles: [{ ...SELF, durationSeconds: 3600 }] }), 'pass'],
    ['a second more', world({ profiles: [{ ...SELF, durationSeconds: 3601 }] }), 'warning'],
    [
      'from keys of a user',
      world({
        profiles: [
          keyed('k'),
          profile('r', { roleArn: ROLE_ARN, sourceProfile: 'k', durationSeconds: 7200 }),
        ],
      }),
      'pass',
    ],
    [
      'from another role',
      world({
        profiles: [SELF, profile('r', { roleArn: ROLE_ARN, sourceProfile: 'self', durationSeconds: 7200 })],
      }),
      'warning',
    ],
    ['no number', world({ profiles: [{ ...SELF, durationSeconds: Number.NaN }] }), 'pass'],
  ],
  'cli-cache-expired': [
    ['empty', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['good', world({ cliCache: [cached(false)] }), 'pass'],
    ['expired', world({ cliCache: [cached(true), cached(false)] }), 'info'],
  ],
  'sso-token-expired': [
    ['no SSO', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['in use', world({ profiles: [sso('default', OVER)] }), 'warning'],
    ['not in use', world({ profiles: [sso('dev', OVER)] }), 'info'],
    ['good', world({ profiles: [sso('default', { ...OVER, expired: false })] }), 'pass'],
    [
      'renewed without a person',
      world({ profiles: [sso('default', { ...OVER, refreshable: true })] }),
      'pass',
    ],
    ['never signed in, in use', world({ profiles: [sso('default', { ...OVER, file: null })] }), 'warning'],
    ['never signed in, not in use', world({ profiles: [sso('dev', { ...OVER, file: null })] }), 'pass'],
    [
      'behind the environment',
      world({ environment: environmentKeys(TEMPORARY), profiles: [sso('default', OVER)] }),
      'info',
    ],
  ],
  'web-identity-token-unusable': [
    ['none', {}, 'pass'],
    ['unreadable chain', UNREADABLE, 'unknown'],
    ['good', web({}), 'pass'],
    ['absent', web({ state: 'absent' }), 'critical'],
    ['unreadable', web({ state: 'unreadable' }), 'critical'],
    ['no token', web({ state: 'malformed' }), 'critical'],
    ['expired', web({ expired: true }), 'critical'],
    ['without AWS_ROLE_ARN', web({ roleArn: false }), 'critical'],
    [
      'behind the environment',
      world({ environment: environmentKeys(TEMPORARY, { webIdentity: { ...TOKEN, state: 'absent' } }) }),
      'pass',
    ],
    [
      'of the profile in use',
      world({ profiles: [profile('default', { webIdentity: { ...TOKEN, expired: true } })] }),
      'critical',
    ],
    [
      'of another profile',
      world({ profiles: [profile('x', { webIdentity: { ...TOKEN, expired: true } })] }),
      'pass',
    ],
  ],
  'container-credentials-unreachable': [
    ['none', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['refused', world(inContainer({})), 'critical'],
    ['a host that is not asked', world(inContainer({ allowed: false })), 'critical'],
    ['good', world(inContainer({ state: 'answered' })), 'pass'],
    ['not asked', world(inContainer({ state: 'not-asked' })), 'unknown'],
    ['left out by --offline', world(inContainer({ state: 'left-out' })), 'skipped'],
    [
      'behind the environment',
      world({ environment: environmentKeys(TEMPORARY, { container: CONTAINER }) }),
      'pass',
    ],
  ],
  'process-credentials-shadow-role': [
    ['not asked', {}, 'skipped'],
    ['could not be listed', { processes: lost('permission') }, 'unknown'],
    ['none', processes([]), 'pass'],
    ['none seen, some hidden', processes([], { hidden: 3 }), 'unknown'],
    ['one', processes([row()]), 'warning'],
    ['one, some hidden', processes([row()], { hidden: 3 }), 'warning'],
    ['only Java properties', processes([row({ from: 'java-properties' })]), 'pass'],
    ['expired: one cause, one finding', processes([row({ expired: true })]), 'pass'],
    ['no role to hide', { ...processes([row()]), ...world({}, NO_ROLE) }, 'pass'],
    ['a role nobody knows of', { ...processes([row()]), ...world({}, UNKNOWN_ROLE) }, 'unknown'],
    ['a chain nobody knows of', { ...processes([row()]), ...UNREADABLE }, 'unknown'],
  ],
  'java-properties-shadow-role': [
    ['none', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['in JAVA_TOOL_OPTIONS', world({ java: JAVA }), 'warning'],
    ['of another process', processes([row({ from: 'java-properties' })]), 'warning'],
    ['no role to hide', world({ java: JAVA }, NO_ROLE), 'pass'],
    ['half of a pair', world({ java: { ...JAVA, secretKey: false } }), 'pass'],
    ['a role nobody knows of', world({ java: JAVA }, UNKNOWN_ROLE), 'unknown'],
  ],
  'long-lived-key': [
    ['none', {}, 'pass'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['temporary', world({ environment: environmentKeys(TEMPORARY) }), 'pass'],
    ['in the environment', world({ environment: environmentKeys(LONG_LIVED) }), 'warning'],
    ['in a profile not in use', world({ profiles: [keyed('dev')] }), 'warning'],
    ['even without a role', world({ profiles: [keyed('dev')] }, NO_ROLE), 'warning'],
    [
      'in a profile that assumes a role with it',
      world({ profiles: [keyed('self', LONG_LIVED, { roleArn: ROLE_ARN, sourceProfile: 'self' })] }),
      'warning',
    ],
    ['in Java properties', world({ java: { ...JAVA, key: LONG_LIVED } }), 'warning'],
    ['in another process', processes([row({ key: LONG_LIVED })]), 'warning'],
  ],
  'aws-cli-outdated': [
    ['current', {}, 'pass'],
    ['none', cli(null, null), 'pass'],
    ['version 1', cli('1.45.11'), 'info'],
    ['an old version 2', cli('2.14.9'), 'info'],
    ['the oldest good one', cli('2.15.0'), 'pass'],
    ['unknown', cli(null), 'unknown'],
    ['not looked for', { 'aws-cli': lost('crashed') }, 'unknown'],
  ],
};

describe.each(Object.entries(TABLE))('%s', (id, rows) => {
  it.each(rows)('%s', (_name, changes, expected) => {
    const { verdicts, findings } = judged(id, changes);
    expect(findings[0]?.severity ?? verdicts[0]?.status).toBe(expected);
  });
});

describe('what is said', () => {
  it('a healthy instance raises nothing', () => {
    const ids = Object.keys(TABLE);
    const { findings } = assess(
      CHECKS.filter((check) => ids.includes(check.id)),
      snapshot({}),
      {},
      POLICY,
    );
    expect(findings).toEqual([]);
  });

  it('unsets exactly what is set', () => {
    const seenFinding = finding(
      'env-credentials-shadow-role',
      world({ environment: environmentKeys(TEMPORARY) }),
    );
    expect(seenFinding.fix[0]?.command).toBe(
      'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN',
    );
    expect(seenFinding.cause).toContain('ASIA…MPLE');
    expect(seenFinding.cause).toContain('web-server');
  });

  it('speaks of the process whose chain it is', () => {
    const subject = { pid: 77, command: 'java', uid: 5, home: '/srv', network: 'same' as const };
    const seenFinding = finding(
      'env-credentials-shadow-role',
      world({ subject, environment: environmentKeys(TEMPORARY) }),
    );
    expect(seenFinding.cause).toContain('process 77 (java)');
    expect(seenFinding.fix[0]?.command).toBe('systemctl status 77');
  });

  it('names that process once, beside the others with expired credentials', () => {
    const subject = { pid: 77, command: 'java', uid: 5, home: '/srv', network: 'same' as const };
    const expired = [row({ pid: 77, command: 'java', expired: true }), row({ pid: 78, expired: true })];
    const { cause } = finding('env-credentials-expired', {
      ...world({ subject, environment: EXPIRED_KEYS }),
      ...processes(expired),
    });
    expect(cause).toContain('of process 77 (java) and of process 78 worker have expired');
  });

  it.each<[string, string, Snapshot, string]>([
    [
      'frozen in the application',
      'env-credentials-expired',
      { ...world({ environment: environmentKeys(TEMPORARY) }), ...REFUSED },
      '(STS refuses them as expired and accepts those of the role: they are frozen here, not expired at the source)',
    ],
    [
      'expired, and the role no better',
      'env-credentials-expired',
      {
        ...world({ environment: environmentKeys(TEMPORARY) }),
        ...identity(EXPIRED_ANSWER, 'environment', EXPIRED_ANSWER),
      },
      '(STS refuses them as expired, and those of the role with ExpiredToken as well)',
    ],
    [
      'the wrong identity',
      'env-credentials-shadow-role',
      { ...world({ environment: environmentKeys(TEMPORARY) }), ...identity({}) },
      `They sign as arn:aws:iam::123456789012:user/u, not as ${ROLE_SESSION}.`,
    ],
    [
      'the same identity',
      'env-credentials-shadow-role',
      { ...world({ environment: environmentKeys(TEMPORARY) }), ...identity({ arn: ROLE_SESSION }) },
      `They sign as ${ROLE_SESSION}.`,
    ],
    [
      'keys that AWS does not know',
      'env-credentials-shadow-role',
      {
        ...world({ environment: environmentKeys(TEMPORARY) }),
        ...identity({ state: 'refused', code: 'InvalidClientTokenId' }),
      },
      'STS refuses them with InvalidClientTokenId, and accepts those of the role.',
    ],
    [
      'the wrong identity, by a profile',
      'profile-shadows-role',
      { ...world({ profiles: [keyed('default')] }), ...identity({}, 'profile') },
      'They sign as arn:aws:iam::123456789012:user/u, not as',
    ],
    [
      'a pasted token that is over',
      'profile-static-session-token',
      {
        ...world({ profiles: [keyed('other', TEMPORARY), keyed('default', TEMPORARY)] }),
        ...REFUSED_PROFILE,
      },
      'That of default has expired: STS says so.',
    ],
    [
      'a profile that is over',
      'profile-invalid',
      { ...world({ profiles: [keyed('default', TEMPORARY)] }), ...REFUSED_PROFILE },
      'profile default: its credentials have expired; STS refuses them and accepts those of the role',
    ],
  ])('%s is told in the cause of %s', (_what, id, changes, expected) => {
    expect(finding(id, changes).cause).toContain(expected);
  });

  it.each<[string, RegExp]>([
    ['imds-unreachable', /^sudo nsenter --target 77 --net ip route get/],
    ['imds-hop-limit', /--http-put-response-hop-limit 2/],
    ['imds-disabled', /^curl /],
  ])('%s is told where it is so in the network of the process alone', (id, command) => {
    const inNetwork = (found: string): Snapshot =>
      world({
        subject: { pid: 77, command: 'java', uid: 5, home: '/srv', network: 'entered' },
        networkFindings: [{ id: found, cause: 'No answer.' }],
      });
    const { severity, cause, fix } = finding(id, inNetwork(id));
    expect([severity, cause]).toEqual([
      'critical',
      'From the network of process 77 (java), not from this one: No answer.',
    ]);
    expect(fix[0]?.command).toMatch(command);
    expect(judged(id, inNetwork('another')).verdicts[0]?.status).toBe('pass');
  });

  it('moves a file away only where nothing else is in it', () => {
    const command = (profiles: ChainWorld['profiles']) =>
      finding('profile-shadows-role', world({ profiles })).fix[0]?.command;
    expect(command([keyed('default')])).toMatch(/^mv -i .*credentials /);
    expect(command([keyed('default'), keyed('other')])).toMatch(/^vi .*credentials$/);
  });

  it('opens the file at the line that is wrong', () => {
    expect(finding('profile-invalid', world(fileProblem(true))).fix[0]?.command).toBe(
      'vi +3 /home/app/.aws/config',
    );
  });

  it('does not send anybody to edit files that are not there', () => {
    const files = (['config', 'credentials'] as const).map((kind) => ({
      kind,
      path: `/home/app/.aws/${kind}`,
      state: 'absent' as const,
      problems: [],
    }));
    const { fix } = finding('profile-invalid', world({ ...inProfile('gone'), files }));
    expect(fix.map(({ command }) => command)).toEqual([undefined, 'aws configure list --profile gone']);
  });

  it('writes the profile that refreshes itself, quoted whatever its name', () => {
    const seenFinding = finding(
      'profile-static-session-token',
      world({ profiles: [keyed("x'; rm -rf ~ #", TEMPORARY)] }),
    );
    expect(seenFinding.fix[1]?.command).toContain(`--profile 'x'\\''; rm -rf ~ #'`);
    expect(seenFinding.fix[1]?.command).toContain('credential_source Ec2InstanceMetadata');
  });

  it('removes exactly the expired entries of the cache', () => {
    const { fix } = finding(
      'cli-cache-expired',
      world({ cliCache: [cached(true), { ...cached(false), file: 'b.json' }] }),
    );
    expect(fix[0]?.command).toBe('rm /home/app/.aws/cli/cache/abc.json');
  });

  it('names the processes, and how many could not be seen', () => {
    const { evidence } = finding(
      'process-credentials-shadow-role',
      processes([row()], { hidden: 2, more: 5 }),
    );
    expect(evidence).toMatchObject({ processes: ['4711 worker ASIA…MPLE'], hidden: 2, more: 'and 5 more' });
  });

  it.each([
    ['plain', 'plain'],
    ['/a b', "'/a b'"],
    ["it's", "'it'\\''s'"],
    ['-rf', "'-rf'"],
    ['$(id)', "'$(id)'"],
    ['', "''"],
  ])('quotes %j for a shell', (word, shown) => expect(quoted(word)).toBe(shown));
});
