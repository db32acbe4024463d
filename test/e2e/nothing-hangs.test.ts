// Nothing keeps the program beyond its deadline: not a home whose file server is gone, not a name server that is silent.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { type Env, runShell } from '../support/program.ts';

/** What is missing for namespaces and mounts of our own, or null. */
function missing(): string | null {
  if (process.getuid?.() !== 0) return 'root, for namespaces and mounts';
  for (const [tool, ...args] of [
    ['python3', '-V'],
    ['ip', '-V'],
    ['unshare', '--net', '--mount', 'true'],
  ] as const) {
    try {
      execFileSync(tool, args, { stdio: 'ignore' });
    } catch {
      return [tool, ...args].join(' ');
    }
  }
  return null;
}

const lacking = missing();
if (lacking !== null) {
  if (process.env['CI'] === 'true') throw new Error(`missing: ${lacking}`);
  console.warn(`SKIPPED: nothing is made to hang without ${lacking}`);
}

/** Mounting a file system of one's own is the kernel's to allow: no installation brings it, under CI neither. */
function mountsFuse(): boolean {
  const at = mkdtempSync(path.join(tmpdir(), 'imds-probe-fuse-'));
  try {
    const once = ['--mount', 'python3', script('silent-fuse.py'), at, 'once'];
    execFileSync('unshare', once, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(at, { recursive: true });
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-hung-'));
// Other users have a home in it.
chmodSync(folder, 0o755);
const script = (name: string): string => path.join(import.meta.dirname, 'hung', name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let box: Instance;
beforeAll(async () => {
  box = await startInstance();
});
afterAll(() => box.close());

interface Timed {
  readonly code: number | null;
  readonly tookMs: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program by a line of bash in namespaces of its own, `setup` before it; killed after 20 s. */
async function inside(setup: string, line: string, env: Env, flags = '--mount'): Promise<Timed> {
  const inner = `set -e; ${setup}; began=$EPOCHREALTIME; set +e; ${line}; code=$?
    echo "took $(( (\${EPOCHREALTIME/./} - \${began/./}) / 1000 ))" >&2; kill %1; exit $code`;
  const wrapped = `timeout -s KILL 30 unshare ${flags} bash -c '${inner.replaceAll("'", "'\\''")}'`;
  const ended = await runShell(wrapped.replaceAll('$0', '"$NODE" --no-warnings "$PROGRAM"'), env);
  const tookMs = Number(/took (\d+)/.exec(ended.stderr)?.[1] ?? Number.NaN);
  return { ...ended, tookMs };
}

/** A background job of bash that has said `ready`. */
const started = (command: string, log: string): string =>
  `${command} > ${log} & for i in $(seq 100); do grep -q ready ${log} && break; sleep 0.05; done; grep -q ready ${log}`;

const reportIn = ({ stdout }: Timed): Report => JSON.parse(stdout) as Report;

const fuse = lacking === null && mountsFuse();
if (lacking === null && !fuse)
  console.warn('SKIPPED: no file server can go away where FUSE may not be mounted');

describe.runIf(fuse)('a home whose file server is gone', () => {
  const home = path.join(folder, 'home');
  mkdirSync(home);
  const mounted = started(`python3 ${script('silent-fuse.py')} ${home}`, path.join(folder, 'fuse.log'));

  it('is told, and delays nothing beyond the deadline', async () => {
    const seen = await inside(mounted, '$0 check --json --deadline 6', { ...box.environment, HOME: home });
    const report = reportIn(seen);
    expect(seen.tookMs).toBeLessThan(7_000);
    expect(seen.code).toBe(3);
    expect(seen.stderr).toContain('does not answer');
    const chain = report.observations['credential-chain'];
    expect(chain?.ok === false && chain.failure).toMatchObject({ kind: 'response-timeout' });
    expect(chain?.ok === false && chain.failure.detail).toContain(`${home}/.aws/config`);
    // What does not lie there is judged all the same.
    expect(report.verdicts.find(({ id }) => id === 'role-credentials-expired')?.status).toBe('pass');
  });

  it('keeps a user waiting no longer, who may keep what was compiled there only', async () => {
    const line = 'setpriv --reuid=65534 --regid=65534 --clear-groups $0 check --json --deadline 6';
    const seen = await inside(mounted, line, { ...box.environment, HOME: home });
    expect(seen.tookMs).toBeLessThan(7_000);
    expect(reportIn(seen).observations['credential-chain']?.ok).toBe(false);
  });

  it('on PATH is passed over', async () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(path.join(home, 'aws'), path.join(bin, 'aws'));
    const env = { ...box.environment, PATH: `${home}/bin:${bin}:${process.env['PATH']}` };
    const seen = await inside(mounted, '$0 check --json --deadline 6', env);
    expect(seen.tookMs).toBeLessThan(5_000);
    expect(reportIn(seen).observations['aws-cli']?.ok).toBe(true);
  });

  it('with the configuration in it is told', async () => {
    const line = `$0 check --config ${home}/config.yaml`;
    const seen = await inside(mounted, line, box.environment);
    expect(seen.tookMs).toBeLessThan(4_000);
    expect(seen.code).toBe(64);
    expect(seen.stderr).toContain('does not answer');
  });

  it('of another process is told as well, as root and as itself', async () => {
    const as = (user: string): string =>
      `${mounted}; HOME=${home} setpriv ${user} sh -c "echo ready; exec sleep 60" > ${folder}/w & victim=$!; until grep -q ready ${folder}/w; do sleep 0.05; done`;
    for (const user of ['--reuid=65534 --regid=65534 --clear-groups', '--reuid=0']) {
      const line = '$0 check --json --deadline 3 --pid $victim; c=$?; kill $victim; (exit $c)';
      const seen = await inside(as(user), line, box.environment);
      expect(seen.tookMs).toBeLessThan(4_500);
      const chain = reportIn(seen).observations['credential-chain'];
      expect(chain?.ok === false && chain.failure.detail).toContain(`${home}/.aws/config: its file system`);
    }
  });

  it('does not keep an agent from its beat, nor from its end, and costs it one process', async () => {
    const log = path.join(folder, 'agent.log');
    const line = `$0 agent --interval 1 --emf > ${log} 2>&1 & pid=$!; sleep 12
      echo "children $(ps --ppid $pid -o args= | grep -c read-apart)" >&2; kill $pid; wait $pid`;
    const seen = await inside(mounted, line, { ...box.environment, HOME: home });
    expect(seen.code).toBe(0);
    expect(seen.tookMs).toBeLessThan(14_000);
    expect(readFileSync(log, 'utf8').match(/"_aws"/g)?.length).toBeGreaterThan(4);
    // One for the settings at the start, one for the chain.
    expect(Number(/children (\d+)/.exec(seen.stderr)?.[1])).toBeLessThan(3);
  });
});

describe.runIf(lacking === null)('a name server that is silent', () => {
  const resolv = path.join(folder, 'resolv.conf');
  const asked = path.join(folder, 'asked');
  writeFileSync(resolv, 'nameserver 127.0.0.1\n');
  const silent = `ip link set lo up; mount --bind ${resolv} /etc/resolv.conf; ${started(
    `python3 ${script('silent-dns.py')} ${asked}`,
    path.join(folder, 'dns.log'),
  )}`;
  const names = '--endpoint http://imds.example --time-server time.example --region eu-west-1';
  const env = { IMDS_PROBE_TEST_NAMESPACE: 'nothing-hangs' };

  it.each([
    ['the metadata service and the time server given by name', names],
    ['a proxy given by name', `${names} --timeout 0.5`, { HTTP_PROXY: 'http://proxy.example:3128' }],
    [
      'a container endpoint given by name',
      names,
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'https://c.example/' },
    ],
  ] as [string, string, Env?][])('%s', async (_, options, more = {}) => {
    const line = `$0 check --json --deadline 5 ${options}`;
    const seen = await inside(silent, line, { ...env, ...more }, '--net --mount');
    expect(seen.tookMs).toBeLessThan(6_000);
    const report = reportIn(seen);
    expect(seen.code).toBe(2);
    const token = report.observations['imds-token'];
    expect(token?.ok === false && token.failure).toMatchObject({ kind: 'unroutable' });
    expect(token?.ok === false && token.failure.detail).toContain('no name server tells');
    expect(readFileSync(asked, 'utf8')).not.toBe('');
  });

  it('is not asked under --offline', async () => {
    const line = `$0 check --json --offline --deadline 5 ${names}`;
    const seen = await inside(silent, line, env, '--net --mount');
    expect(seen.tookMs).toBeLessThan(2_000);
    expect(seen.code).toBe(3);
    const { observations } = reportIn(seen);
    for (const id of ['imds-token', 'clock-offset'] as const) {
      const observed = observations[id];
      expect(observed?.ok === false && observed.failure.detail).toContain('--offline asks no DNS');
    }
    expect(readFileSync(asked, 'utf8')).toBe('');
  });
});
