// Holds reading other processes to real ones, with and without the right to look, and to a /proc made by hand.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { javaCredentials } from '../../../../src/clients/host/chain/java.ts';
import { nulSplit } from '../../../../src/clients/host/chain/proc.ts';
import { asUser, namesWithin, type Reach, readWithin } from '../../../../src/clients/host/chain/reach.ts';
import { createChainReader } from '../../../../src/clients/host/chain/reader.ts';
import { commandName, environmentOf, userOf } from '../../../../src/clients/host/chain/subject.ts';

const KEY = 'ASIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMIsecret';
const PAST = '2020-01-01T00:00:00Z';
const never = new AbortController().signal;
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const READER = join(import.meta.dirname, '../../../../src/clients/host/chain/reader.ts');

let home: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'imds-probe-processes-'));
  chmodSync(home, 0o755);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

function put(name: string, text: string): string {
  const path = join(home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A process that waits until it is killed; ready once it has printed. */
async function waiting(env: Record<string, string>, uid?: number): Promise<number> {
  const child = spawn('/bin/sh', ['-c', 'echo ready; read never'], {
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid ?? 0;
}

function reader(changes: {
  pid?: number;
  allProcesses?: boolean;
  procRoot?: string;
  networkCommand?: readonly string[];
  askContainers?: boolean;
}) {
  return createChainReader({
    environment: {},
    home: null,
    profile: null,
    pid: changes.pid ?? null,
    allProcesses: changes.allProcesses ?? false,
    runCredentialProcess: false,
    askContainers: changes.askContainers ?? false,
    networkCommand: changes.networkCommand ?? null,
    wallMs: Date.now,
    ...(changes.procRoot === undefined ? {} : { procRoot: changes.procRoot }),
  });
}

describe('--pid', () => {
  it('reads the environment and the home of that process', async () => {
    put('.aws/credentials', `[default]\naws_access_key_id = ${KEY}\naws_secret_access_key = ${SECRET}\n`);
    const pid = await waiting({ HOME: home, AWS_PROFILE: 'default', AWS_CREDENTIAL_EXPIRATION: PAST });
    const world = await reader({ pid }).world(never);
    if (!world.ok) throw new Error(world.failure.detail);
    expect(world.value.subject).toMatchObject({ pid, command: 'sh', home, network: 'same' });
    expect(world.value.profiles).toMatchObject([
      { name: 'default', statics: [{ key: { kind: 'temporary' } }] },
    ]);
    expect(world.value.environment.variables).toEqual(['AWS_CREDENTIAL_EXPIRATION', 'AWS_PROFILE']);
    expect(JSON.stringify(world)).not.toMatch(/wJalr|IOSFODNN7/);
  });

  it('says that there is no such process', async () => {
    // Larger than the kernel's largest pid (proc(5), pid_max).
    expect(await reader({ pid: 4_194_305 }).world(never)).toMatchObject({
      ok: false,
      failure: { kind: 'malformed', detail: 'there is no process 4194305' },
    });
  });

  it.runIf(isRoot)('says that a thread of the kernel is no program', async () => {
    put('proc/2/stat', `2 (kthreadd) S 0 0 0 0 -1 ${0x0020_8040} 0 0\n`);
    expect(await reader({ pid: 2, procRoot: join(home, 'proc') }).world(never)).toMatchObject({
      ok: false,
      failure: { detail: 'process 2 is a thread of the kernel: no program' },
    });
  });

  it('says of a zombie that it has ended', async () => {
    // The shell becomes a program that never waits for its child, which ends when it can read no more.
    const child = spawn('/bin/sh', ['-c', '(read -r line <&3) & echo $!; exec sleep 60 3<&-'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    children.push(child);
    const pid = Number(
      await new Promise((resolve) => child.stdout?.once('data', (data: Buffer) => resolve(data.toString()))),
    );
    await expect.poll(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8')).toBe('sleep\n');
    (child.stdio[3] as Writable).end();
    await expect
      .poll(async () => {
        const seen = await reader({ pid }).world(never);
        return seen.ok ? 'alive' : seen.failure.detail;
      })
      .toBe(`process ${pid} has ended; only its exit status is left`);
  });

  it.runIf(isRoot)('reads the files as that user: what is root’s alone stays unread', async () => {
    const path = put('.aws/credentials', `[default]\naws_access_key_id = ${KEY}\n`);
    chmodSync(path, 0o600);
    put('.aws/config', '[default]\nregion = eu-west-1\n');
    const pid = await waiting({ HOME: home }, NOBODY);
    const world = await reader({ pid }).world(never);
    if (!world.ok) throw new Error(world.failure.detail);
    expect(world.value.subject.uid).toBe(NOBODY);
    expect(world.value.files.map((file) => file.state)).toEqual(['read', 'unreadable']);
    chownSync(path, NOBODY, NOBODY);
    expect((await reader({ pid }).world(never)).ok).toBe(true);
  });

  it.runIf(isRoot)('says so when it may not look', async () => {
    const pid = await waiting({ HOME: home });
    // What is imported is read as root: the work tree may not be open to others.
    const script = `
      const { createChainReader } = await import(${JSON.stringify(READER)});
      process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY});
      const make = (more) => createChainReader({ environment: {}, home: null, profile: null, pid: null,
        allProcesses: false, runCredentialProcess: false, askContainers: false, networkCommand: null,
        wallMs: Date.now, ...more });
      const signal = new AbortController().signal;
      const one = await make({ pid: ${pid} }).world(signal);
      const all = await make({ allProcesses: true }).processes(signal);
      process.stdout.write(JSON.stringify({ one, hidden: all.value.hidden > 0, looked: all.value.looked > 0 }));`;
    const printed = await run(script);
    expect(JSON.parse(printed)).toMatchObject({
      one: { ok: false, failure: { kind: 'permission' } },
      hidden: true,
      looked: true,
    });
  });
});

/** Runs a module in a Node of its own, and gives back what it prints. */
async function run(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const [out, err] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(Buffer.concat(err).toString());
  return Buffer.concat(out).toString();
}

describe('a network of its own', () => {
  const other = async (env: Record<string, string> = {}): Promise<number> => {
    const child = spawn('unshare', ['--net', '/bin/sh', '-c', 'echo ready; read never'], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child.pid ?? 0;
  };
  const seenFrom = async (report: string) => {
    const seen = await reader({
      pid: await other(),
      networkCommand: ['cat', put('report.json', report)],
    }).world(never);
    if (!seen.ok) throw new Error(seen.failure.detail);
    return seen.value;
  };
  const reportOf = (observation: object) =>
    JSON.stringify({ observations: { 'instance-role': observation } });

  it.runIf(isRoot)('is not claimed to be seen', async () => {
    const seen = await reader({ pid: await other() }).world(never);
    expect(seen).toMatchObject({ ok: true, value: { subject: { network: 'not-seen' }, enteredRole: null } });
  });

  it.runIf(isRoot)('is not asked for its container’s credentials from ours', async () => {
    const pid = await other({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' });
    const seen = await reader({ pid, askContainers: true }).world(never);
    expect(seen).toMatchObject({ ok: true, value: { environment: { container: { state: 'not-asked' } } } });
  });

  it.runIf(isRoot)('is entered with nsenter, and the role is the one seen there', async () => {
    const value = { roleName: 'pod', accessKeyId: 'ASIA…WXYZ', expiration: '2026-11-23T18:00:00Z' };
    const world = await seenFrom(reportOf({ ok: true, value }));
    expect(world.subject.network).toBe('entered');
    expect(world.enteredRole).toMatchObject({ state: 'present', roleName: 'pod' });
  });

  it.runIf(isRoot).each([
    [reportOf({ ok: true, value: { roleName: null } }), 'absent'],
    [reportOf({ ok: false, failure: { kind: 'refused', detail: 'refused' } }), 'unknown'],
  ])('%s there means %s', async (report, state) => {
    expect((await seenFrom(report)).enteredRole?.state).toBe(state);
  });

  it.runIf(isRoot)('brings what is wrong there along, bounded and clean', async () => {
    const finding = { id: 'imds-hop-limit', severity: 'critical', cause: 'lost\u001b[31m on its way' };
    const report = {
      observations: { 'instance-role': { ok: false, failure: { kind: 'response-timeout', detail: 'x' } } },
      findings: [finding, { id: 7 }, null, ...Array.from({ length: 30 }, () => finding)],
    };
    const { networkFindings } = await seenFrom(JSON.stringify(report));
    expect(networkFindings[0]).toEqual({ id: 'imds-hop-limit', cause: 'lost [31m on its way' });
    expect(networkFindings.length).toBeLessThanOrEqual(8);
  });

  it.runIf(isRoot)('is not seen where nothing sensible comes back', async () => {
    expect((await seenFrom('no report')).subject.network).toBe('not-seen');
  });
});

describe('a root of its own', () => {
  const reading = async (path: string) => {
    const file = await readWithin({ user: null, root: join(home, 'root'), folder: '/home/app' }, path, 1000);
    return file.state === 'read' ? file.bytes.toString() : file.state;
  };

  it.each<[string, string, string]>([
    ['a file', '/home/app/plain', 'mine'],
    ['a relative path', 'plain', 'mine'],
    ['a link beside it', '/home/app/beside', 'mine'],
    ['an absolute link, which is one in its root', '/home/app/absolute', 'mine'],
    ['a folder that is a link, as /var/run is', '/var/run/token', 'mine'],
    ['links one after the other, as Kubernetes projects its tokens', '/projected/token', 'mine'],
    ['a link up and out of it, which stops at its top', '/home/app/up', 'absent'],
    ['a path up and out of it', '/../../../outside', 'absent'],
    ['an absolute link to what only we have', '/home/app/ours', 'absent'],
    ['links in a circle', '/circle', 'unreadable'],
    ['a link that ends nowhere', '/home/app/nowhere', 'absent'],
    ['a file used as a folder', '/home/app/plain/more', 'absent'],
    ['a folder', '/home/app', 'not-regular'],
    ['the root itself', '/', 'not-regular'],
  ])('%s: %s is %s', async (_what, path, expected) => {
    put('root/home/app/plain', 'mine');
    put('root/run/token', 'mine');
    put('root/projected/..2026/token', 'mine');
    const outside = put('outside', 'theirs');
    const links: Readonly<Record<string, string>> = {
      'home/app/beside': 'plain',
      'home/app/absolute': '/home/app/plain',
      'home/app/up': '../../../outside',
      'home/app/ours': outside,
      'home/app/nowhere': 'nothing',
      'projected/token': '..data/token',
      'projected/..data': '..2026',
      circle: '/circle',
    };
    mkdirSync(join(home, 'root/var'));
    symlinkSync('/run', join(home, 'root/var/run'));
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(home, 'root', name));
    expect(await reading(path)).toBe(expected);
  });

  it('has nothing but regular files opened: a pipe or a device is only looked at', async () => {
    mkdirSync(join(home, 'root'));
    spawnSync('mkfifo', [join(home, 'root/pipe')]);
    expect(await reading('/pipe')).toBe('not-regular');
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(200);
  });

  it.runIf(isRoot)('is read with the rights of the user who lives there', async () => {
    const mine = put('root/home/app/mine', 'mine');
    const theirs = put('root/home/app/root-only', 'theirs');
    chmodSync(mine, 0o600);
    chmodSync(theirs, 0o600);
    chownSync(mine, NOBODY, NOBODY);
    // Searchable, not readable: as /root and many homes are.
    chmodSync(join(home, 'root/home'), 0o711);
    const reach: Reach = {
      user: { uid: NOBODY, gid: NOBODY, groups: [] },
      root: join(home, 'root'),
      folder: '/',
    };
    expect((await readWithin(reach, '/home/app/mine', 1000)).state).toBe('read');
    expect((await readWithin(reach, '/home/app/root-only', 1000)).state).toBe('unreadable');
    expect(namesWithin(reach, '/home/app', /./, 10)).toEqual(['mine', 'root-only']);
    expect(namesWithin(reach, '/home', /./, 10)).toEqual([]);
  });

  it.runIf(isRoot)('gives our own rights back, even after a failure', () => {
    const user = { uid: NOBODY, gid: NOBODY, groups: [NOBODY] };
    expect(() =>
      asUser(user, () => {
        expect([process.geteuid?.(), process.getegid?.()]).toEqual([NOBODY, NOBODY]);
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0]);
    expect(process.getgroups?.()).not.toContain(NOBODY);
  });
});

describe('--all-processes', () => {
  it('finds a real process by its environment', async () => {
    const pid = await waiting({
      AWS_ACCESS_KEY_ID: KEY,
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_CREDENTIAL_EXPIRATION: PAST,
    });
    const seen = await reader({ allProcesses: true }).processes(never);
    if (!seen.ok) throw new Error(seen.failure.detail);
    expect(seen.value.asked).toBe(true);
    expect(seen.value.processes).toContainEqual({
      pid,
      command: 'sh',
      uid: process.getuid?.(),
      from: 'environment',
      key: { accessKeyId: 'ASIA…MPLE', kind: 'temporary' },
      sessionToken: false,
      expiration: PAST,
      expired: true,
    });
    expect(JSON.stringify(seen)).not.toMatch(/wJalr|IOSFODNN7/);
  });

  it('reads a /proc of any kind: kernel threads, Java, garbage, processes that are gone', async () => {
    const made = (pid: number, files: Record<string, string>) => {
      for (const [name, text] of Object.entries(files)) put(`proc/${pid}/${name}`, text);
    };
    const status = 'Name:\tx\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\t6\t5\t5\nGroups:\t7 8 \n';
    made(2, { cmdline: '', environ: '', status });
    made(10, {
      cmdline: `/usr/bin/java\0-Daws.accessKeyId=${KEY}\0-Daws.secretKey=${SECRET}\0-jar\0a.jar\0`,
      environ: '',
      status,
    });
    made(15, { cmdline: `/usr/bin/java\0-Daws.accessKeyId=${KEY}\0`, environ: '', status });
    made(11, { cmdline: `/usr/bin/java\0Main\0-Daws.accessKeyId=${KEY}\0`, environ: '', status });
    made(12, { cmdline: 'bash\0', environ: `JAVA_TOOL_OPTIONS=-Daws.accessKeyId=${KEY}\0`, status });
    made(13, {
      cmdline: '\u001b[31mevil\0',
      environ: `=\0x\0AWS_ACCESS_KEY_ID=${KEY}\0AWS_ACCESS_KEY_ID=other\0`,
      status,
    });
    made(14, { cmdline: 'gone\0' });
    put('proc/not-a-pid/cmdline', 'x');
    const seen = await reader({ allProcesses: true, procRoot: join(home, 'proc') }).processes(never);
    if (!seen.ok) throw new Error(seen.failure.detail);
    expect(seen.value.looked).toBe(5);
    expect(seen.value.processes.map((row) => [row.pid, row.from, row.command, row.uid])).toEqual([
      [10, 'java-properties', 'java', 1000],
      [13, 'environment', '[31mevil', 1000],
    ]);
  });

  it('says that the listing failed, and stops when its time is over', async () => {
    expect(await reader({ allProcesses: true, procRoot: '/nowhere' }).processes(never)).toMatchObject({
      ok: false,
      failure: { kind: 'permission' },
    });
    expect(await reader({ allProcesses: true }).processes(AbortSignal.abort())).toMatchObject({ ok: false });
  });
});

describe('pieces', () => {
  it.each([
    [
      ['java', '-Daws.accessKeyId=A', '-Daws.secretKey=B', 'Main'],
      'command-line',
      ['aws.accessKeyId', 'aws.secretKey'],
    ],
    [['java', '-cp', 'x.jar', '-Daws.sessionToken=t', 'Main'], 'command-line', ['aws.sessionToken']],
    [['java', 'Main', '-Daws.accessKeyId=A'], undefined, undefined],
    [['java', '-Daws.region=eu', '-Dother=1', 'Main'], undefined, undefined],
    [[], undefined, undefined],
  ])('the properties of %j', (line, from, properties) => {
    const seen = javaCredentials(line, new Map());
    expect([seen?.from, seen?.properties]).toEqual([from, properties]);
  });

  it('an environment with odd entries', () => {
    expect([...environmentOf('A=1\0B=\0C=x=y\0=D\0E\0A=2\0')]).toEqual([
      ['A', '1'],
      ['B', ''],
      ['C', 'x=y'],
    ]);
    expect(environmentOf('').size).toBe(0);
  });

  it.each([
    ['a daemon that root started and that became somebody', '0 48 48 48', [48, 480]],
    ['a set-user-id program that somebody started', '1000 0 0 0', [1000, 1000]],
    ['one that is somebody else’s', '1000 48 48 48', [1000, 1000]],
    ['root', '0 0 0 0', [0, 0]],
  ])('files are opened for %s', (_what, uids, expected) => {
    const status = `Uid:\t${uids.replaceAll(' ', '\t')}\nGid:\t${uids.replaceAll(' ', '\t').replaceAll('48', '480')}\n`;
    const user = userOf(status);
    expect([user?.uid, user?.gid]).toEqual(expected);
  });

  it.each([
    ['/usr/sbin/nginx\0-g\0daemon off', 'nginx'],
    ['nginx: worker process', 'nginx'],
    ['app --password=hunter2 https://user:hunter2@host/x', 'app'],
    ['/opt/my app/bin\0x', 'my'],
  ])('%j is shown as %j, never with an argument', (line, name) => {
    expect(commandName(nulSplit(line), '/nowhere', 1)).toBe(name);
  });

  it('takes time in proportion to what a process puts into its memory', () => {
    const hostile = `${'\0'.repeat(4_000_000)}x`;
    expect(nulSplit(hostile).length).toBeLessThan(1_000_000);
    expect(environmentOf(`A=1\0${hostile}`).size).toBe(1);
  });

  it('a status without a user', () => expect(userOf('Name:\tx\n')).toBeNull());
});
