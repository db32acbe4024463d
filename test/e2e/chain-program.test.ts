// The chain of the whole program beside real peers: the AWS CLI, other users, other networks, other roots, hostile homes.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialChain } from '../../src/core/chain.ts';
import type { Report } from '../../src/core/report.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { homes } from '../support/home.ts';
import { type Ended, type Env, run } from '../support/program.ts';
import { pythonWithBotocore } from '../support/python-peer.ts';
import { HopLimitLab, missingForLab } from './hop-limit/lab.ts';

/** Every secret that is planted anywhere holds this, and every key id its middle. */
const SECRET = 'pLaNtEdSeCrEt';
const MIDDLE = 'MIDDLEOFKEYID';
const LEAK = new RegExp(`${SECRET}|${MIDDLE}`, 'i');
const TEMPORARY = `ASIA${MIDDLE}TMP`;
const LONG_LIVED = `AKIA${MIDDLE}USR`;
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const PROGRAM = process.env['IMDS_PROBE_PROGRAM'] ?? path.resolve(import.meta.dirname, '../../src/main.ts');

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
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await box.close();
});

interface Seen {
  readonly code: number | null;
  readonly report: Report;
  readonly chain: CredentialChain;
}

function seenIn(ended: Pick<Ended, 'code' | 'stdout' | 'stderr'>): Seen {
  expect(ended.stdout + ended.stderr).not.toMatch(LEAK);
  const report = JSON.parse(ended.stdout) as Report;
  const observed = report.observations['credential-chain'];
  return {
    code: ended.code,
    report,
    chain: (observed?.ok === true ? observed.value : null) as CredentialChain,
  };
}

const seen = async (env: Env = {}, args: readonly string[] = []): Promise<Seen> =>
  seenIn(await run(['check', '--json', ...args], { HOME: NOTHING, ...box.environment, ...env }));

const ids = ({ report }: Seen): readonly string[] => report.findings.map(({ id }) => id);

/** Resolves once the process has said that it runs. */
async function ready(child: ChildProcess): Promise<number> {
  children.push(child);
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)));
  });
  return child.pid ?? 0;
}

const WAIT = ['-c', 'echo ready; read -r line'];

const waiting = (env: Env, more: { argv0?: string; uid?: number } = {}): Promise<number> =>
  ready(
    spawn('/bin/sh', WAIT, {
      argv0: more.argv0 ?? 'sh',
      env,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      ...(more.uid === undefined ? {} : { uid: more.uid, gid: more.uid }),
    }),
  );

// --- the AWS CLI ---------------------------------------------------------------------------------------------------

const TYPES: Readonly<Record<string, string>> = {
  env: 'environment',
  'shared-credentials-file': 'profile',
  'config-file': 'profile',
  'custom-process': 'process',
  'container-role': 'container',
  'iam-role': 'instance-role',
};

interface CliWorld {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Env;
  readonly profile?: string;
}

const CONFIG = '.aws/config';
const CREDENTIALS = '.aws/credentials';
const PROCESS = `credential_process = cat ${path.join(NOTHING, 'process.json')}\n`;

const WORLDS: readonly CliWorld[] = [
  { name: 'nothing but the role' },
  { name: 'the environment', env: variables(TEMPORARY) },
  {
    name: 'the environment before files',
    env: variables(TEMPORARY),
    files: { [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}` },
  },
  { name: 'half a pair in the environment', env: { AWS_ACCESS_KEY_ID: TEMPORARY } },
  { name: 'only a secret in the environment', env: { AWS_SECRET_ACCESS_KEY: SECRET } },
  { name: 'empty variables', env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } },
  { name: 'the credentials file', files: { [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}` } },
  { name: 'the config file', files: { [CONFIG]: `[default]\n${keys(LONG_LIVED)}` } },
  {
    name: 'both files',
    files: { [CONFIG]: `[default]\n${keys(TEMPORARY)}`, [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}` },
  },
  {
    name: 'half a pair in the file',
    files: { [CREDENTIALS]: `[default]\naws_access_key_id = ${TEMPORARY}\n` },
  },
  { name: 'a process', files: { [CONFIG]: `[default]\n${PROCESS}` } },
  {
    name: 'a process beside keys in the credentials file',
    files: { [CONFIG]: `[default]\n${PROCESS}`, [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}` },
  },
  {
    name: 'a process beside keys in the config file',
    files: { [CONFIG]: `[default]\n${PROCESS}${keys(LONG_LIVED)}` },
  },
  {
    name: 'AWS_PROFILE',
    files: { [CREDENTIALS]: `[dev]\n${keys(LONG_LIVED)}` },
    env: { AWS_PROFILE: 'dev' },
  },
  {
    name: 'AWS_PROFILE beside the environment',
    files: { [CREDENTIALS]: `[dev]\n${keys(LONG_LIVED)}` },
    env: { AWS_PROFILE: 'dev', ...variables(TEMPORARY) },
  },
  {
    name: '--profile beside the environment',
    files: { [CREDENTIALS]: `[dev]\n${keys(LONG_LIVED)}` },
    env: variables(TEMPORARY),
    profile: 'dev',
  },
  {
    name: '--profile with settings only',
    files: { [CONFIG]: '[profile dev]\nregion = x\n' },
    profile: 'dev',
  },
  { name: '--profile that is not there', profile: 'gone' },
  { name: 'AWS_PROFILE that is not there', env: { AWS_PROFILE: 'gone' } },
  {
    name: 'AWS_DEFAULT_PROFILE before AWS_PROFILE',
    files: { [CREDENTIALS]: `[a]\n${keys(LONG_LIVED)}`, [CONFIG]: `[profile b]\n${PROCESS}` },
    env: { AWS_DEFAULT_PROFILE: 'a', AWS_PROFILE: 'b' },
  },
  { name: 'a section twice', files: { [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}[default]\n` } },
  { name: 'a line that is none', files: { [CREDENTIALS]: `[default]\n${keys(LONG_LIVED)}nonsense\n` } },
  {
    name: 'a file elsewhere',
    files: { 'mine/creds': `[default]\n${keys(LONG_LIVED)}` },
    env: { AWS_SHARED_CREDENTIALS_FILE: '~/mine/creds' },
  },
  { name: 'a container', env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'CONTAINER/good' } },
  { name: 'a container that gives none', env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'CONTAINER/bad' } },
  {
    name: 'a container at a host nobody asks',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://192.0.2.1/' },
  },
  { name: 'the metadata service disabled', env: { AWS_EC2_METADATA_DISABLED: 'TRUE' } },
  { name: 'the metadata service not disabled', env: { AWS_EC2_METADATA_DISABLED: 'false' } },
];

const python = pythonWithBotocore();
const beside = python === null ? '' : path.join(path.dirname(python), 'aws');
const AWS = existsSync(beside) ? beside : 'aws';

describe.runIf(python !== null)('aws configure list', () => {
  let container: Server;
  beforeAll(async () => {
    const given = JSON.stringify({
      Version: 1,
      AccessKeyId: TEMPORARY,
      SecretAccessKey: SECRET,
      SessionToken: SECRET,
      Token: SECRET,
      Expiration: '2099-01-01T00:00:00Z',
    });
    writeFileSync(path.join(NOTHING, 'process.json'), given);
    container = createServer(({ url }, response) =>
      url === '/good' ? response.end(given) : response.writeHead(404).end(),
    );
    await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void container.close().closeAllConnections());

  const asked = async (env: Env, profile: readonly string[]): Promise<string | null> =>
    new Promise((resolve) => {
      execFile(AWS, ['configure', 'list', ...profile], { env: { ...env } }, (_error, stdout) => {
        const type = /^access_key\s*:?\s+\S+\s*:?\s+(\S+)/m.exec(stdout)?.[1] ?? '';
        resolve(TYPES[type] ?? null);
      });
    });

  it.concurrent.each(WORLDS)('agrees on who wins: $name', async ({ files = {}, env = {}, profile }) => {
    const { folder } = home(files);
    const { port } = container.address() as AddressInfo;
    const filled = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [
        name,
        value.replace('CONTAINER', `http://127.0.0.1:${port}`),
      ]),
    );
    const world = { HOME: folder, ...box.environment, ...filled };
    const flag = profile === undefined ? [] : ['--profile', profile];
    const [theirs, ours] = await Promise.all([
      asked({ PATH: process.env['PATH'] ?? '', ...world }, flag),
      run(['check', '--json', ...flag], world).then(seenIn),
    ]);
    expect(ours.chain.winner).toBe(theirs);
  });
});

// --- users ---------------------------------------------------------------------------------------------------------

describe.runIf(isRoot)('other users', () => {
  it('root reads the process of a user with that user’s rights, whoever owns the files', async () => {
    const { folder, put } = home({ [CREDENTIALS]: `[default]\n${keys(TEMPORARY, true)}` });
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    const pid = await waiting({ HOME: folder }, { uid: NOBODY });
    const open = await seen({}, ['--pid', String(pid)]);
    expect([open.chain.winner, open.chain.subject.uid]).toEqual(['profile', NOBODY]);
    chmodSync(put(CREDENTIALS, `[default]\n${keys(LONG_LIVED)}`), 0o600);
    const shut = await seen({}, ['--pid', String(pid)]);
    expect(shut.chain.winner).toBe('instance-role');
    expect(shut.report.findings.find(({ id }) => id === 'profile-invalid')?.cause).toContain(
      'cannot be read',
    );
    chownSync(path.join(folder, CREDENTIALS), NOBODY, NOBODY);
    expect((await seen({}, ['--pid', String(pid)])).chain.winner).toBe('profile');
  });

  it('a user’s program that runs as root is read, and its credential_process run, as that user', async () => {
    const { folder, put } = home();
    execFileSync('chmod', ['a+rwX', folder]);
    const mark = path.join(folder, 'mark');
    put(CONFIG, `[default]\ncredential_process = sh -c 'id -u > ${mark}; id -G >> ${mark}'\n`);
    execFileSync('chmod', ['-R', 'a+rwX', folder]);
    // A copy of the shell that is set-user-id root, as sudo and su are.
    const shell = path.join(folder, 'shell');
    execFileSync('cp', [process.execPath, shell]);
    chmodSync(shell, 0o4755);
    const pid = await ready(
      spawn(shell, ['-e', 'process.stdin.resume(); console.log("ready")'], {
        uid: NOBODY,
        gid: NOBODY,
        env: { HOME: folder },
        cwd: '/',
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    );
    const { chain } = await seen({}, ['--pid', String(pid), '--run-credential-process']);
    expect(chain.subject.uid).toBe(NOBODY);
    expect(execFileSync('cat', [mark], { encoding: 'utf8' })).toBe(`${NOBODY}\n${NOBODY}\n`);
  });

  const asNobody = (args: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const drop = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
      execFile(
        'setpriv',
        [...drop, process.execPath, '--no-warnings', PROGRAM, 'check', '--json', ...args],
        { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...box.environment }, maxBuffer: 1e8 },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), signal: null, stdout, stderr }),
      );
    });
  // Where the work tree is root's alone, nobody can't start the program.
  const open = isRoot && readableByNobody();

  it.runIf(open)('a user looking at root’s process is told what could not be seen', async () => {
    const pid = await waiting({ ...variables(TEMPORARY) });
    const { code, report } = seenIn(await asNobody(['--pid', String(pid)]));
    expect(code).toBe(3);
    expect(report.observations['credential-chain']).toMatchObject({
      ok: false,
      failure: {
        kind: 'permission',
        detail: `process ${pid} belongs to another user; run as root to look at it`,
      },
    });
  });

  it.runIf(open)('a user looking at all processes sees his own, and how many were hidden', async () => {
    const [own] = await Promise.all([
      waiting(variables(TEMPORARY), { uid: NOBODY }),
      waiting(variables(LONG_LIVED)),
    ]);
    const { report } = seenIn(await asNobody(['--all-processes']));
    const found = report.findings.find(({ id }) => id === 'process-credentials-shadow-role');
    expect(String(found?.evidence['processes'])).toContain(`${own} sh`);
    expect(String(found?.evidence['processes'])).not.toContain('AKIA');
    expect(Number(found?.evidence['hidden'])).toBeGreaterThan(0);
  });
});

function readableByNobody(): boolean {
  try {
    execFileSync(
      'setpriv',
      ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, PROGRAM, '--version'],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
}

// --- roots and networks --------------------------------------------------------------------------------------------

/** No program need lie in the new root, as none is started there. */
const CHROOT = 'import os, sys; os.chroot(sys.argv[1]); print("ready", flush=True); sys.stdin.read()';

describe.runIf(isRoot)('other roots', () => {
  it.each([
    ['in a chroot', []],
    ['in a chroot with mounts of its own', ['unshare', '--mount']],
  ])('a process %s is read inside of it', async (_how, [wrapper, ...more]) => {
    const { folder, put } = home();
    put(`jail/home/app/${CREDENTIALS}`, `[default]\n${keys(TEMPORARY, true)}`);
    const jailed = ['python3', '-c', CHROOT, path.join(folder, 'jail')];
    const [command = '', ...args] = wrapper === undefined ? jailed : [wrapper, ...more, ...jailed];
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/home/app' };
    const pid = await ready(spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] }));
    const { chain } = await seen({}, ['--pid', String(pid)]);
    expect(chain.winner).toBe('profile');
    expect(chain.subject.home).toBe('/home/app');
  });
});

/** Serves one body at any path, on a loopback of its own. */
const CONTAINER = `
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()`;

const containerCredentials = (): object => ({
  AccessKeyId: TEMPORARY,
  SecretAccessKey: SECRET,
  Token: SECRET,
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
});

const missing = missingForLab();
if (missing !== null) {
  const message = `SKIPPED: processes in networks of their own need ${missing} (.ci/peers/netns.sh)`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
}

describe.skipIf(missing !== null)('a process in a network of its own', () => {
  let lab: HopLimitLab;
  beforeAll(async () => {
    lab = new HopLimitLab('chain');
    await lab.serve(1);
  });
  afterAll(() => lab?.close());

  it('behind one router more: the instance is well, and that process loses its tokens to the hop limit', async () => {
    const pid = await ready(lab.start('/bin/sh', WAIT, { HOME: '/nonexistent' }));
    const args = [
      '--no-warnings',
      PROGRAM,
      'check',
      '--json',
      '--offline',
      '--skip',
      'clock',
      '--pid',
      String(pid),
    ];
    const { chain, report, code } = seenIn(
      await lab.run(process.execPath, args, { HOME: '/nonexistent' }, 'router'),
    );
    expect(report.observations['instance-role']).toMatchObject({ ok: true, value: { roleName: 'lab-role' } });
    expect(chain.subject.network).toBe('entered');
    expect(chain.winner).toBeNull();
    expect(report.findings[0]).toMatchObject({
      id: 'imds-hop-limit',
      severity: 'critical',
      cause: expect.stringMatching(
        new RegExp(`^From the network of process ${pid} \\(sh\\), not from this one: `),
      ),
    });
    expect(code).toBe(2);
  });

  it('has its container endpoint asked there, and STS told whose credentials it gives', async () => {
    const server = lab.start('python3', ['-c', CONTAINER, JSON.stringify(containerCredentials())]);
    const port = await new Promise<string>((resolve) => {
      server.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    children.push(server);
    const uri = `http://127.0.0.1:${port}/creds`;
    const env = { HOME: '/nonexistent', AWS_CONTAINER_CREDENTIALS_FULL_URI: uri };
    const pid = await ready(lab.start('/bin/sh', WAIT, env));
    const look = async (...more: string[]): Promise<Seen> => {
      // biome-ignore format: a command line
      const args = ['--no-warnings', PROGRAM, 'check', '--json', '--skip', 'clock', '--pid', String(pid),
        '--region', 'eu-west-1', '--sts-endpoint', 'http://127.0.0.1:9', '--cloudwatch-endpoint', 'http://127.0.0.1:9'];
      return seenIn(await lab.run(process.execPath, [...args, ...more], { HOME: '/nonexistent' }, 'router'));
    };
    const { chain, report } = await look();
    expect(chain.subject.network).toBe('entered');
    expect(chain.winner).toBe('container');
    expect(chain.environment.container).toMatchObject({
      state: 'answered',
      detail: 'the endpoint gives credentials',
    });
    expect(ids({ report } as Seen)).not.toContain('container-credentials-unreachable');
    const identities = report.observations['caller-identity'];
    expect(identities?.ok === true && identities.value.winner.accessKeyId).toBe('ASIA…DTMP');

    expect((await look('--offline')).chain.environment.container).toMatchObject({ state: 'left-out' });

    server.kill('SIGKILL');
    await once(server, 'exit');
    const gone = await look();
    expect(gone.chain.environment.container).toMatchObject({ state: 'failed' });
    const finding = gone.report.findings.find(({ id }) => id === 'container-credentials-unreachable');
    expect(finding?.severity).toBe('critical');
  });

  it('which ends while it is looked at', async () => {
    const child = lab.start('/bin/sh', ['-c', 'echo ready; exit 0']);
    const pid = await ready(child);
    const { code } = await lab.run(
      process.execPath,
      ['--no-warnings', PROGRAM, 'check', '--json', '--offline', '--skip', 'clock', '--pid', String(pid)],
      { HOME: '/nonexistent' },
      'router',
    );
    expect([0, 3]).toContain(code);
  });
});

// --- hostile homes -------------------------------------------------------------------------------------------------

describe.concurrent('hostile surroundings', () => {
  it('ten thousand variables, binary values and names that are none', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`AWS_JUNK_${index}`, `${SECRET}\u0001\u{1F4A5}`]),
    );
    const world = await seen({ ...many, AWS_PROFILE: '"$(id)\'; rm -rf /' });
    expect(world.chain.environment.variables.length).toBeLessThanOrEqual(200);
    expect(ids(world)).toContain('profile-invalid');
    expect(ids(world)).not.toContain('imds-unreachable');
  });

  it('pipes where files should be keep nobody waiting', async () => {
    const { folder } = home({ '.aws/x': '' });
    execFileSync('mkfifo', [`${folder}/.aws/config`, `${folder}/.aws/credentials`]);
    const { report } = await seen({ HOME: folder });
    expect(report.findings.find(({ id }) => id === 'profile-invalid')?.cause).toContain('is no regular file');
  });

  it('a company with four thousand profiles', async () => {
    const profiles = Array.from({ length: 4000 }, (_, index) => role(`p${index}`, 'source_profile = p4000'));
    const { folder } = home({
      '.aws/config': `${profiles.join('')}[profile p4000]\n`,
      '.aws/credentials': `[p4000]\n${keys(LONG_LIVED)}`,
    });
    const { chain } = await seen({ HOME: folder }, ['--profile', 'p3999']);
    expect(chain.winner).toBe('assume-role-profile');
    expect(chain.profiles.length).toBeLessThanOrEqual(300);
    expect(chain.profiles.filter(({ inUse }) => inUse)).toMatchObject([{ name: 'p3999', problems: [] }]);
    expect(chain.moreProfiles).toBe(4001 - chain.profiles.length);
  });

  it.each(['text', 'json', 'nagios', 'prometheus'])(
    'no secret in %s, not even when asked for more',
    async (format) => {
      const { folder } = home({
        '.aws/credentials': `[default]\n${keys(LONG_LIVED)}${SECRET}\n[${SECRET}\n`,
        '.aws/config': `[default]\ncredential_process = run --token ${SECRET}\n${SECRET} = 1\n`,
      });
      const pid = await waiting(
        { ...variables(TEMPORARY), HOME: folder },
        { argv0: `app --password ${SECRET}` },
      );
      const args = ['check', '--format', format, '--verbose', '--all-processes', '--pid', String(pid)];
      const ended = await run(args, { HOME: folder, ...box.environment, ...variables(TEMPORARY) });
      expect(ended.stdout + ended.stderr).not.toMatch(LEAK);
      expect(ended.stdout.length).toBeGreaterThan(20);
    },
  );
});
