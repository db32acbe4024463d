// Runs `check` against homes, variables and processes of its own: every finding of the chain, the table, and no secret.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainSource, CredentialChain } from '../../src/core/chain.ts';
import type { Finding, Report } from '../../src/core/report.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { credentialsOf } from '../simulator/ask.ts';
import { homes } from '../support/home.ts';
import { type Env, run } from '../support/program.ts';

/** Every secret that is planted anywhere holds this, and every key id its middle. */
const SECRET = 'pLaNtEdSeCrEt';
const MIDDLE = 'MIDDLEOFKEYID';
const LEAK = new RegExp(`${SECRET}|${MIDDLE}`, 'i');
const TEMPORARY = `ASIA${MIDDLE}TMP`;
const LONG_LIVED = `AKIA${MIDDLE}USR`;
const PAST = '2020-01-01T00:00:00Z';

const keys = (accessKeyId: string, token = false): string =>
  `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${SECRET}\n${token ? `aws_session_token = ${SECRET}\n` : ''}`;
const variables = (accessKeyId: string): Env => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_SESSION_TOKEN: SECRET,
});
const role = (name: string, more: string): string =>
  `[profile ${name}]\nrole_arn = arn:aws:iam::123456789012:role/${name}\n${more}\n`;

const home = homes();
/** One without ~/.aws. */
const NOTHING = home().folder;

let box: Instance;
beforeAll(async () => {
  box = await startInstance();
});
/** What tests side by side have started: ended when all are over. */
const ending: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ending) await end();
  await box.close();
});

interface Seen {
  readonly code: number | null;
  readonly report: Report;
  readonly chain: CredentialChain;
  finding(id: string): Finding;
  verdict(id: string): string | undefined;
}

async function seen(env: Env = {}, args: readonly string[] = [], from: Instance = box): Promise<Seen> {
  const ended = await run(['check', '--json', ...args], { HOME: NOTHING, ...from.environment, ...env });
  expect(ended.stdout + ended.stderr).not.toMatch(LEAK);
  const report = JSON.parse(ended.stdout) as Report;
  const observed = report.observations['credential-chain'];
  return {
    code: ended.code,
    report,
    chain: (observed?.ok === true ? observed.value : null) as CredentialChain,
    finding(id) {
      const found = report.findings.find((finding) => finding.id === id);
      if (found === undefined) throw new Error(`${id} is not among ${report.findings.map((one) => one.id)}`);
      return found;
    },
    verdict: (id) => report.verdicts.find((verdict) => verdict.id === id)?.status,
  };
}

async function text(env: Env = {}, args: readonly string[] = []): Promise<string> {
  const ended = await run(['check', ...args], {
    HOME: NOTHING,
    LANG: 'C.UTF-8',
    ...box.environment,
    ...env,
  });
  expect(ended.stdout + ended.stderr).not.toMatch(LEAK);
  for (const line of ended.stdout.split('\n')) {
    // Commands and URLs are never broken.
    if (!/^ {6}\S|https?:/.test(line)) expect(line.length, line).toBeLessThanOrEqual(80);
  }
  return ended.stdout;
}

/** A process that waits until the test is over; resolves once it runs. */
async function waiting(env: Env, argv0 = 'sh'): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn('/bin/sh', ['-c', 'echo ready; read -r line'], {
    argv0,
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  ending.push(() => child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { readonly pid: number };
}

describe.concurrent('what wins', () => {
  it('the role in an empty home, with the fields the contract names', async () => {
    const { chain, code } = await seen();
    expect(code).toBe(0);
    expect(chain.winner).toBe('instance-role');
    expect(chain.sources.map(({ source }) => source)).toEqual([
      'environment',
      'web-identity',
      'sso',
      'profile',
      'assume-role-profile',
      'process',
      'container',
      'instance-role',
    ]);
    const fields = ['source', 'present', 'accessKeyId', 'expiration', 'detail'];
    for (const source of chain.sources) expect(fields).toEqual(expect.arrayContaining(Object.keys(source)));
    const held = chain.sources.at(-1) as ChainSource;
    expect(held).toMatchObject({ present: true, accessKeyId: expect.stringMatching(/^ASIA….{4}$/) });
    expect(Date.parse(held.expiration ?? '')).toBeGreaterThan(Date.now());
  });

  it('the environment before a profile that AWS_PROFILE names, and not before one that --profile names', async () => {
    const { folder } = home({ '.aws/credentials': `[dev]\n${keys(LONG_LIVED)}` });
    const env = { HOME: folder, ...variables(TEMPORARY), AWS_PROFILE: 'dev' };
    const [named, asked] = await Promise.all([seen(env), seen(env, ['--profile', 'dev'])]);
    expect([named.chain.winner, named.chain.profile.from]).toEqual(['environment', 'AWS_PROFILE']);
    expect([asked.chain.winner, asked.chain.profile.from]).toEqual(['profile', 'flag']);
    expect(named.chain.winners.find(({ sdk }) => sdk === 'js-v3')).toMatchObject({
      source: 'profile',
      differs: 'SDK for JavaScript 3 uses profile where the AWS CLI uses environment',
    });
  });

  it('a credential_process only by its word, and by what it gives where it may be run', async () => {
    const { folder, put } = home();
    const expiration = new Date(Date.now() + 1_800_000).toISOString().replace(/\.\d+/, '');
    const answer = {
      Version: 1,
      AccessKeyId: TEMPORARY,
      SecretAccessKey: SECRET,
      SessionToken: SECRET,
      Expiration: expiration,
    };
    const file = put('answer.json', JSON.stringify(answer));
    put('.aws/config', `[default]\ncredential_process = cat ${file} --secret=${SECRET}\n`);
    const [word, ran] = await Promise.all([
      seen({ HOME: folder }),
      seen(
        { HOME: folder, AWS_CONFIG_FILE: put('config', `[default]\ncredential_process = cat ${file}\n`) },
        ['--run-credential-process'],
      ),
    ]);
    const given = ({ chain }: Seen) => chain.sources.find(({ source }) => source === 'process');
    expect(word.chain.winner).toBe('process');
    expect(given(word)).not.toHaveProperty('accessKeyId');
    expect(ran.chain.winner).toBe('process');
    expect(given(ran)).toMatchObject({ accessKeyId: 'ASIA…DTMP', expiration });
  });
});

describe.concurrent('the box of --simulate', () => {
  it('leaves this home and this shell outside, but for the profile that --profile names', async () => {
    const { folder } = home({ '.aws/credentials': `[prod]\n${keys(LONG_LIVED)}` });
    const mine = { HOME: folder, AWS_PROFILE: 'prod', ...variables(TEMPORARY) };
    const without = await seen(mine, ['--simulate', 'healthy']);
    expect(without.chain.winner).toBe('instance-role');
    const named = await seen(mine, ['--simulate', 'healthy', '--profile', 'prod']);
    expect(named.chain).toMatchObject({ winner: 'profile', profile: { name: 'prod', from: 'flag' } });
  });
});

describe.concurrent('every finding of the chain fails for real', () => {
  it('env-credentials-expired, by its own word', async () => {
    const { finding, code } = await seen({ ...variables(TEMPORARY), AWS_CREDENTIAL_EXPIRATION: PAST });
    expect(finding('env-credentials-expired')).toMatchObject({
      severity: 'critical',
      cause: expect.stringContaining(`AWS_CREDENTIAL_EXPIRATION says ${PAST}`),
    });
    expect(code).toBe(2);
  });

  it('env-credentials-expired, by the word of STS: frozen here while the role is well', async () => {
    const own = await startInstance({ credentials: { updatedAgoSeconds: 25_200, rotateEverySeconds: null } });
    ending.push(() => own.close());
    const old = await credentialsOf(own.endpoints.imds);
    await own.change({ credentials: { updatedAgoSeconds: 60, rotateEverySeconds: 3600 } });
    const frozen = {
      AWS_ACCESS_KEY_ID: old.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: old.SecretAccessKey,
      AWS_SESSION_TOKEN: old.Token,
    };
    const { finding, report } = await seen(frozen, [], own);
    expect(finding('env-credentials-expired').cause).toContain('frozen here, not expired at the source');
    expect(report.findings.map(({ id }) => id)).not.toContain('role-credentials-expired');
    expect(JSON.stringify(report)).not.toContain(old.SecretAccessKey);
  });

  it('role-credentials-expired: expired at the source, whatever a restart does', async () => {
    const own = await startInstance({ credentials: { updatedAgoSeconds: 25_200, rotateEverySeconds: null } });
    ending.push(() => own.close());
    const { finding, report, chain } = await seen({}, [], own);
    expect(finding('role-credentials-expired').severity).toBe('critical');
    expect(report.findings.map(({ id }) => id)).not.toContain('env-credentials-expired');
    expect(chain.refresh.filter(({ signsExpired }) => signsExpired).length).toBeGreaterThan(2);
  });

  it('env-credentials-shadow-role: somebody else signs, and who', async () => {
    const arn = (id: string): string =>
      id === TEMPORARY
        ? 'arn:aws:iam::999999999999:user/mallory'
        : 'arn:aws:sts::123456789012:assumed-role/app-server/i-1';
    const sts = createServer((request, response) => {
      const id = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      response.end(
        `<R><Arn>${arn(id)}</Arn><Account>${arn(id).split(':')[4]}</Account><UserId>X</UserId></R>`,
      );
    });
    await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
    ending.push(() => sts.close().closeAllConnections());
    const { port } = sts.address() as AddressInfo;
    const env = { ...variables(TEMPORARY), AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}` };
    const { finding, code } = await seen(env);
    expect(finding('env-credentials-shadow-role')).toMatchObject({
      severity: 'warning',
      cause: expect.stringContaining(
        'They sign as arn:aws:iam::999999999999:user/mallory, not as arn:aws:sts::123456789012:assumed-role/app-server/i-1.',
      ),
    });
    expect(code).toBe(1);
    expect(await text(env)).toMatch(
      /signs as +user\/mallory, account 999999999999\n +the role is +assumed-role\/app-server\/i-1, account/,
    );
  });

  it('profile-shadows-role, and long-lived-key', async () => {
    const { folder } = home({ '.aws/credentials': `[default]\n${keys(LONG_LIVED)}` });
    const { finding, chain } = await seen({ HOME: folder });
    expect(chain.winner).toBe('profile');
    expect(finding('profile-shadows-role')).toMatchObject({
      severity: 'warning',
      cause: expect.stringContaining(
        'STS refuses them with InvalidClientTokenId, and accepts those of the role',
      ),
    });
    expect(finding('long-lived-key').cause).toContain('AKIA…DUSR is in profile default in ');
  });

  it('web-identity-token-unusable', async () => {
    const { finding } = await seen({
      AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/pod',
    });
    expect(finding('web-identity-token-unusable').severity).toBe('critical');
  });

  it('container-credentials-unreachable; not under --offline, where it is skipped', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ending.push(() => server.close().closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/${SECRET}` };
    const [asked, offline] = await Promise.all([seen(env), seen(env, ['--offline'])]);
    expect(asked.finding('container-credentials-unreachable').cause).toContain('HTTP 500');
    expect(asked.chain.winner).toBeNull();
    expect(offline.verdict('container-credentials-unreachable')).toBe('skipped');
    expect(offline.code).toBe(0);
  });

  it('java-properties-shadow-role, in this shell', async () => {
    const { finding } = await seen({
      JAVA_TOOL_OPTIONS: `-Daws.accessKeyId=${TEMPORARY} -Daws.secretAccessKey=${SECRET}`,
    });
    expect(finding('java-properties-shadow-role').fix[0]?.command).toBe('unset JAVA_TOOL_OPTIONS');
  });

  it('what lies in the files, all in one home', async () => {
    const { folder, put } = home({
      '.aws/config': [
        role('lost', 'source_profile = nowhere'),
        role('chained', 'credential_source = Ec2InstanceMetadata\nduration_seconds = 7200'),
        `[profile twice]\n${keys(`AKIA${MIDDLE}CFG`)}`,
        '[profile sso]\nsso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n',
      ].join('\n'),
      '.aws/credentials': `[twice]\n${keys(LONG_LIVED)}[pasted]\n${keys(TEMPORARY, true)}`,
    });
    const credentials = {
      AccessKeyId: TEMPORARY,
      SecretAccessKey: SECRET,
      SessionToken: SECRET,
      Expiration: PAST,
    };
    put('.aws/cli/cache/old.json', JSON.stringify({ Credentials: credentials }));
    const sso = createHash('sha1').update('https://x').digest('hex');
    put(`.aws/sso/cache/${sso}.json`, JSON.stringify({ accessToken: SECRET, expiresAt: PAST }));
    const { report, code } = await seen({ HOME: folder });
    const severities = Object.fromEntries(report.findings.map(({ id, severity }) => [id, severity]));
    expect(severities).toMatchObject({
      'profile-invalid': 'warning',
      'profile-role-chaining-limit': 'warning',
      'profile-key-conflict': 'warning',
      'profile-static-session-token': 'warning',
      'long-lived-key': 'warning',
      'cli-cache-expired': 'info',
      'sso-token-expired': 'info',
    });
    expect(code).toBe(1);

    const shown = await text({ HOME: folder });
    for (const row of [
      /^ {2}profile +gives +access key +expires +from$/m,
      /^ {2}lost \(!\) +assume-role +- +- +assume-role$/m,
      /^ {2}twice \(!\) +static +AKIA…DUSR +never +shared-credentials-file$/m,
      /^ {2}chained +assume-role +- +- +credential_source Ec2Inst/m,
      /^ {2}pasted +static +ASIA…DTMP +- +shared-credentials-file$/m,
      /^ {2}sso +sso +- +- +sso \(legacy form\)$/m,
    ]) {
      expect(shown).toMatch(row);
    }
  });
});

describe.concurrent('other processes', () => {
  it('--pid: whose it is, what wins there, and not the variables of this shell', async () => {
    const { folder } = home({ '.aws/credentials': `[prod]\n${keys(TEMPORARY, true)}` });
    const { pid } = await waiting({ HOME: folder, AWS_PROFILE: 'prod', http_proxy: 'http://127.0.0.1:9' });
    const mine = { AWS_PROFILE: 'mine', ...variables(LONG_LIVED) };
    const [{ chain, finding, report }, shown] = await Promise.all([
      seen(mine, ['--pid', String(pid)]),
      text(mine, ['--pid', String(pid)]),
    ]);
    expect(chain).toMatchObject({ winner: 'profile', profile: { name: 'prod', from: 'AWS_PROFILE' } });
    expect(finding('profile-shadows-role').cause).toContain(`of process ${pid} (sh)`);
    expect(finding('imds-proxied').cause).toMatch(new RegExp(`^With the environment of process ${pid} `));
    expect(report.findings.map(({ id }) => id)).not.toContain('env-credentials-shadow-role');
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(
      `Where process ${pid} (sh) with profile "prod" gets its credentials (the first one wins)`,
    );
  });

  it('--pid: tells of the role alone as well', async () => {
    const { pid } = await waiting({ HOME: '/nowhere' });
    expect(await text({}, ['--pid', String(pid)])).toContain(
      `Where process ${pid} (sh) gets its credentials`,
    );
  });

  it('--pid: a process that is not there is no "OK"', async () => {
    // The kernel's largest pid is one less (proc(5), pid_max).
    const ended = await run(['check', '--pid', '4194304'], { HOME: NOTHING, ...box.environment });
    expect(ended.code).toBe(3);
    expect(ended.stdout.split('\n')[0]).toBe(
      'UNKNOWN  The credential chain could not be judged: there is no process 4194304',
    );
  });

  it('--all-processes: names who carries credentials, in variables and Java properties', async () => {
    const [plain, over, java] = await Promise.all([
      waiting(variables(TEMPORARY)),
      waiting({ ...variables(TEMPORARY), AWS_CREDENTIAL_EXPIRATION: PAST }),
      waiting({ JAVA_TOOL_OPTIONS: `-Daws.accessKeyId=${LONG_LIVED} -Daws.secretKey=${SECRET}` }, 'java'),
    ]);
    const { finding } = await seen({}, ['--all-processes']);
    const named = (id: string) => String(finding(id).evidence['processes']);
    expect(named('process-credentials-shadow-role')).toContain(`${plain.pid} sh ASIA…DTMP`);
    expect(named('env-credentials-expired')).toContain(`${over.pid} sh`);
    expect(named('java-properties-shadow-role')).toContain(`${java.pid} java`);
    expect(String(finding('long-lived-key').evidence['keys'])).toContain(`process ${java.pid} (java)`);
  });

  it('--all-processes: what only STS knows to be expired', async () => {
    const own = await startInstance({ credentials: { updatedAgoSeconds: 25_200, rotateEverySeconds: null } });
    ending.push(() => own.close());
    const old = await credentialsOf(own.endpoints.imds);
    await own.change({ credentials: { updatedAgoSeconds: 60, rotateEverySeconds: 3600 } });
    const { pid } = await waiting({
      AWS_ACCESS_KEY_ID: old.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: old.SecretAccessKey,
      AWS_SESSION_TOKEN: old.Token,
    });
    const { finding } = await seen({}, ['--all-processes'], own);
    expect(String(finding('env-credentials-expired').evidence['processes'])).toContain(`${pid} sh`);
  });
});
