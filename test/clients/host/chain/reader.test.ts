// Holds the reader of the credential chain to real files, hostile ones too, in folders of its own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleChain } from '../../../../src/chain/assemble.ts';
import { type ChainReaderOptions, createChainReader } from '../../../../src/clients/host/chain/reader.ts';
import type { ChainWorld } from '../../../../src/core/chain.ts';
import { ROLE } from '../../../support/chain.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const PAST = '2026-11-23T11:00:00Z';
const FUTURE = '2026-11-23T18:00:00Z';
const SECRET = 'wJalrXUtnFEMIsecretsecretsecret';
const TOKEN = 'IQoJb3JpZ2luX2VjtokenTOKENtoken';
const KEY = 'ASIAIOSFODNN7EXAMPLE';
const never = new AbortController().signal;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'imds-probe-chain-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function put(name: string, text: string | Buffer): string {
  const path = join(home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function read(changes: Partial<ChainReaderOptions> = {}): Promise<ChainWorld> {
  const reader = createChainReader({
    environment: {},
    home,
    profile: null,
    pid: null,
    allProcesses: false,
    runCredentialProcess: false,
    askContainers: true,
    networkCommand: null,
    wallMs: () => NOW,
    ...changes,
  });
  const world = await reader.world(never);
  if (!world.ok) throw new Error(world.failure.detail);
  // Whatever a test reads, no secret may ever be in it.
  expect(JSON.stringify(world)).not.toMatch(/wJalr|IQoJ|IOSFODNN7/);
  return world.value;
}

const winner = (world: ChainWorld) => assembleChain(world, ROLE, NOW).winner;
const jwt = (claims: object): string =>
  ['{"alg":"RS256"}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
const keys = `aws_access_key_id = ${KEY}\naws_secret_access_key = ${SECRET}\n`;

describe('an empty home', () => {
  it('holds nothing, and the role wins', async () => {
    const world = await read();
    expect(world.files.map((file) => file.state)).toEqual(['absent', 'absent']);
    expect(world.profiles).toEqual([]);
    expect(winner(world)).toBe('instance-role');
  });

  it('does without a home', async () => {
    const world = await read({ home: null });
    expect(world.files.map((file) => file.state)).toEqual(['absent', 'absent']);
    expect(world.cliCacheFolder).toBeNull();
  });
});

describe('the environment', () => {
  it('is reduced to names, a redacted id and an expiry', async () => {
    const { environment } = await read({
      environment: {
        AWS_ACCESS_KEY_ID: KEY,
        AWS_SECRET_ACCESS_KEY: SECRET,
        AWS_SESSION_TOKEN: TOKEN,
        AWS_CREDENTIAL_EXPIRATION: '2026-11-23T11:00:00+00:00',
        PATH: '/bin',
      },
    });
    expect(environment).toMatchObject({
      variables: [
        'AWS_ACCESS_KEY_ID',
        'AWS_CREDENTIAL_EXPIRATION',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_SESSION_TOKEN',
      ],
      key: { accessKeyId: 'ASIA…MPLE', kind: 'temporary' },
      secretKey: true,
      sessionToken: true,
      expiration: PAST,
      expired: true,
    });
  });

  it('takes empty variables for unset', async () => {
    const world = await read({ environment: { AWS_ACCESS_KEY_ID: '', AWS_PROFILE: '' } });
    expect(world.environment.key).toBeNull();
    expect(world.profile).toEqual({ name: 'default', from: 'default' });
    expect(winner(world)).toBe('instance-role');
  });

  it('says what Java would find in JAVA_TOOL_OPTIONS', async () => {
    const { java } = await read({
      environment: { JAVA_TOOL_OPTIONS: `-Xmx1g "-Daws.accessKeyId=${KEY}" -Daws.secretKey=${SECRET}` },
    });
    expect(java).toMatchObject({
      from: 'JAVA_TOOL_OPTIONS',
      secretKey: true,
      properties: ['aws.accessKeyId', 'aws.secretKey'],
    });
  });
});

describe('the files', () => {
  it('are merged, and moved by their variables', async () => {
    put('.aws/config', `[profile dev]\nregion = eu-west-1\noutput = json\n`);
    const elsewhere = put('elsewhere', `[dev]\nregion = us-east-1\n${keys}`);
    const world = await read({ environment: { AWS_SHARED_CREDENTIALS_FILE: elsewhere, AWS_PROFILE: 'dev' } });
    expect(world.profiles).toMatchObject([
      { name: 'dev', files: ['config', 'credentials'], conflicts: ['region'] },
    ]);
    expect(winner(world)).toBe('profile');
  });

  it('may be named from home', async () => {
    put('mine', `[default]\n${keys}`);
    expect(winner(await read({ environment: { AWS_SHARED_CREDENTIALS_FILE: '~/mine' } }))).toBe('profile');
  });

  it.each([
    ['binary', Buffer.from([0x5b, 0x00, 0xff]), 'binary'],
    ['no UTF-8', Buffer.from([0x5b, 0xc3, 0x28, 0x5d]), 'binary'],
    ['too large', Buffer.alloc(1024 * 1024 + 1, '#'), 'too-large'],
    ['empty', '', 'read'],
    ['a megabyte of sections', '[a]\n'.repeat(200_000), 'read'],
  ])('survive being %s', async (_name, bytes, state) => {
    put('.aws/config', bytes);
    expect((await read()).files[0]?.state).toBe(state);
  });

  it('may be a folder, a pipe, a device or a loop of links', async () => {
    mkdirSync(join(home, '.aws/config'), { recursive: true });
    const pipe = join(home, 'pipe');
    execFileSync('mkfifo', [pipe]);
    symlinkSync('loop', join(home, 'loop'));
    expect((await read()).files[0]?.state).toBe('not-regular');
    for (const [path, state] of [
      [pipe, 'not-regular'],
      ['/dev/zero', 'not-regular'],
      [join(home, 'loop'), 'unreadable'],
      ['/nowhere/at/all', 'absent'],
    ]) {
      const world = await read({ environment: { AWS_CONFIG_FILE: path } });
      expect([path, world.files[0]?.state]).toEqual([path, state]);
    }
  });

  it('tell their lines with problems, not their content', async () => {
    put('.aws/credentials', `[default]\n${SECRET}\n`);
    const world = await read();
    expect(world.files[1]?.problems).toMatchObject([{ line: 2, fatal: true }]);
    expect(winner(world)).toBeNull();
  });

  it('follows a link of the home to where this user may read', async () => {
    symlinkSync(put('real', `[default]\n${keys}`), join(home, 'link'));
    expect(winner(await read({ environment: { AWS_SHARED_CREDENTIALS_FILE: join(home, 'link') } }))).toBe(
      'profile',
    );
  });
});

describe('caches', () => {
  const entry = (expiration: string, accessKeyId = KEY) =>
    JSON.stringify({
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: SECRET,
        SessionToken: TOKEN,
        Expiration: expiration,
      },
    });

  it('finds the entry of a role as botocore names it', async () => {
    put(
      '.aws/config',
      '[profile r]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = k\nexternal_id = né\nduration_seconds = 1800\n[profile k]\n',
    );
    const name = sha1(
      '{"DurationSeconds": 1800, "ExternalId": "n\\u00e9", "RoleArn": "arn:aws:iam::123456789012:role/r"}',
    );
    put(`.aws/cli/cache/${name}.json`, entry(FUTURE));
    put('.aws/cli/cache/other.json', entry(PAST));
    const world = await read();
    expect(world.profiles.find((profile) => profile.name === 'r')?.cached).toMatchObject({
      expiration: FUTURE,
      expired: false,
      key: { accessKeyId: 'ASIA…MPLE' },
    });
    expect(world.cliCache.map((one) => one.expired).sort()).toEqual([false, true]);
  });

  it('passes over what is no entry, and reads a bounded number', async () => {
    put('.aws/cli/cache/broken.json', '{"Credentials":');
    put('.aws/cli/cache/array.json', '[]');
    put('.aws/cli/cache/large.json', 'x'.repeat(70_000));
    put('.aws/cli/cache/no name.txt', entry(PAST));
    for (let index = 0; index < 250; index += 1) put(`.aws/cli/cache/${index}.json`, entry(PAST));
    expect((await read()).cliCache.length).toBeLessThanOrEqual(200);
  });

  it.each([
    [
      'expired',
      { accessToken: 't', expiresAt: '2026-11-23T11:00:00UTC' },
      { expired: true, refreshable: false },
    ],
    ['good', { accessToken: 't', expiresAt: FUTURE }, { expired: false, refreshable: false }],
    [
      'renewable',
      { expiresAt: PAST, refreshToken: TOKEN, registrationExpiresAt: FUTURE },
      { expired: true, refreshable: true },
    ],
    [
      'renewable no more',
      { expiresAt: PAST, refreshToken: TOKEN, registrationExpiresAt: PAST },
      { expired: true, refreshable: false },
    ],
  ])('reads an SSO token that is %s', async (_name, token, expected) => {
    put(
      '.aws/config',
      '[sso-session corp]\nsso_start_url = https://corp\nsso_region = us-east-1\n[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n',
    );
    put(`.aws/sso/cache/${sha1('corp')}.json`, JSON.stringify(token));
    const world = await read();
    expect(world.profiles[0]?.sso).toMatchObject({ session: 'corp', problems: [], token: expected });
    expect(winner(world)).toBe('sso');
  });

  it('knows that nobody has signed in', async () => {
    put(
      '.aws/config',
      '[default]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n',
    );
    expect((await read()).profiles[0]?.sso?.token).toMatchObject({ file: null, expired: true });
  });
});

describe('web identity', () => {
  const withToken = async (text: string | Buffer | null) =>
    (
      await read({
        environment: {
          AWS_WEB_IDENTITY_TOKEN_FILE: text === null ? join(home, 'gone') : put('token', text),
          AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/pod',
        },
      })
    ).environment.webIdentity;

  it.each([
    [
      'good',
      jwt({ exp: NOW / 1000 + 600, iss: 'https://oidc.eks.example/id/1' }),
      { state: 'read', expired: false, issuer: 'oidc.eks.example' },
    ],
    ['expired', `${jwt({ exp: NOW / 1000 })}\n`, { state: 'read', expired: true }],
    ['without an end', jwt({}), { state: 'read', expired: null }],
    ['with a silly end', jwt({ exp: 1e300 }), { state: 'read', expired: null }],
    ['no token', 'hello', { state: 'malformed' }],
    ['two parts', 'a.b', { state: 'malformed' }],
    ['no JSON', `a.${Buffer.from('{').toString('base64url')}.c`, { state: 'malformed' }],
    ['huge', 'x'.repeat(30_000), { state: 'malformed' }],
    ['absent', null, { state: 'absent' }],
  ])('a token that is %s', async (_name, text, expected) =>
    expect(await withToken(text)).toMatchObject(expected),
  );
});

describe('credential_process', () => {
  const config = (command: string) => put('.aws/config', `[default]\ncredential_process = ${command}\n`);

  it('is not run unless asked for', async () => {
    const mark = join(home, 'ran');
    config(`touch ${mark}`);
    const world = await read();
    expect(world.profiles[0]).toMatchObject({ credentialProcess: 'touch', processAnswer: null });
    expect(() => execFileSync('ls', [mark], { stdio: 'ignore' })).toThrow();
    expect(winner(world)).toBe('process');
  });

  const good = JSON.stringify({ Version: 1, AccessKeyId: KEY, SecretAccessKey: SECRET, Expiration: FUTURE });
  it.each([
    [
      'gives credentials',
      `cat ANSWER`,
      good,
      { ok: true, expiration: FUTURE, key: { accessKeyId: 'ASIA…MPLE' } },
    ],
    ['fails', 'false', '', { ok: false, detail: 'it ended with exit code 1' }],
    ['prints no JSON', 'cat ANSWER', 'hello', { ok: false, detail: 'it printed no JSON object' }],
    ['says no version', 'cat ANSWER', good.replace('"Version":1,', ''), { ok: false }],
    ['prints without end', 'yes', '', { ok: false, detail: 'it printed more than is read' }],
    ['is not there', '/no/such/program', '', { ok: false, detail: 'it ended with exit code 127' }],
  ])('%s', async (_name, command, answer, expected) => {
    config(command.replace('ANSWER', put('answer', answer)));
    const world = await read({ runCredentialProcess: true, environment: { PATH: process.env['PATH'] } });
    expect(world.profiles[0]?.processAnswer).toMatchObject(expected);
  });
});

describe('one reading serves a cycle', () => {
  it('until the next begins', async () => {
    const reader = createChainReader({
      environment: {},
      home,
      profile: null,
      pid: null,
      allProcesses: false,
      runCredentialProcess: false,
      askContainers: false,
      networkCommand: null,
      wallMs: () => NOW,
    });
    const before = await reader.world(never);
    put('.aws/credentials', `[default]\n${keys}`);
    expect(await reader.world(never)).toEqual(before);
    reader.beginCycle();
    expect(reader.signing('profile')).toBeNull();
    const after = await reader.world(never);
    expect(after.ok && winner(after.value)).toBe('profile');
    expect(reader.signing('profile')).toEqual({
      accessKeyId: KEY,
      secretAccessKey: SECRET,
      sessionToken: undefined,
    });
    expect(await reader.processes(never)).toMatchObject({ ok: true, value: { asked: false } });
  });
});
