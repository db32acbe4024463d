// Holds the shipped bundle to what the sources do, wherever the build put something else in a library's place.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';

const root = path.resolve(import.meta.dirname, '../..');
const SOURCE = path.join(root, 'src/main.ts');
const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-bundle-'));
const dist = path.join(work, 'dist');
const BUNDLE = path.join(dist, 'imds-probe.mjs');

beforeAll(() => {
  execFileSync(process.execPath, ['--no-warnings', path.join(root, '.ci/build.ts'), '--out', dist], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const options = {
    encoding: 'utf8' as const,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
      HOME: work,
      LANG: 'C.UTF-8',
      IMDS_PROBE_STATE_DIR: path.join(work, 'state'),
      IMDS_PROBE_SLOW_WARNING: '900',
      ...env,
    },
  };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
  });
}

const withNode = (program: string, args: readonly string[], env?: Readonly<Record<string, string>>) =>
  run(process.execPath, ['--no-warnings', program, ...args], env);

/** The bundle with something changed in its first file. */
function changed(name: string, change: (text: string) => string): string {
  const copy = path.join(work, name);
  cpSync(dist, copy, { recursive: true, filter: (file) => path.basename(file) !== 'cache' });
  const file = path.join(copy, 'imds-probe.mjs');
  const before = readFileSync(file, 'latin1');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after, 'latin1');
  return file;
}

describe('bundle and sources say the same', () => {
  it.each([
    ['a healthy instance, published', ['--simulate', 'healthy', '--publish']],
    ['a throttle that passes', ['--simulate', 'throttled']],
    ['answers that make no sense', ['--simulate', 'malformed']],
    ['CloudWatch refuses', ['--simulate', 'cloudwatch-expired-token', '--publish']],
  ])('of %s', async (_, args) => {
    const [ours, theirs] = await Promise.all(
      [BUNDLE, SOURCE].map(async (program) => {
        const { code, stdout } = await withNode(program, ['check', ...args, '--json']);
        const { verdicts, findings, metrics } = JSON.parse(stdout) as Report;
        return {
          code,
          verdicts: verdicts.map(({ id, status }) => `${id} ${status}`),
          findings: findings.map(({ id, severity }) => `${id} ${severity}`),
          metrics: metrics.map(({ name }) => name),
        };
      }),
    );
    expect(ours).toEqual(theirs);
  });

  // string-width.ts counts characters: right as long as a help text has none that takes more or less than one column.
  it.each([
    [['--help']],
    [['check', '--help']],
    [['agent', '--help']],
    [['explain', '--help']],
    [['history', '--help']],
    [['simulate', '--help']],
    [['check', '--no-such-flag']],
  ])('with %j, in plain characters', async (args) => {
    const [ours, theirs] = await Promise.all([BUNDLE, SOURCE].map((program) => withNode(program, args)));
    expect(ours).toEqual(theirs);
    expect(`${ours?.stdout}${ours?.stderr}`).toMatch(/^[\n\u0020-\u007e…–×]+$/);
  });
});

describe('what a crash and a closed pipe leave', () => {
  it('has no line that would fill a journal', () => {
    const files = [
      BUNDLE,
      ...readdirSync(path.join(dist, 'chunks')).map((name) => path.join(dist, 'chunks', name)),
    ];
    for (const file of files.filter((name) => /\.[cm]js$/.test(name))) {
      const longest = Math.max(
        ...readFileSync(file, 'latin1')
          .split('\n')
          .map(({ length }) => length),
      );
      expect(longest, file).toBeLessThan(1000);
    }
  });

  it('is short where the program breaks before it can speak for itself', async () => {
    const broken = changed('broken', (text) => text.replace('/*\n', '/*\nnull.x;'));
    const { code, stdout, stderr } = await withNode(broken, []);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('imds-probe.mjs:3');
    expect(stderr.length).toBeLessThan(4000);
  });

  it('is one line of ours where it breaks later', async () => {
    const broken = changed('later', (text) =>
      text.replace(
        /"main\.cjs":\(function[^{]*\{/,
        '$&setImmediate(()=>{throw new Error("on purpose\\n"+"x".repeat(1e5))});',
      ),
    );
    const { code, stderr } = await withNode(broken, ['check', '--simulate', 'hop-limit']);
    expect(code).toBe(70);
    expect(stderr).toMatch(/a defect in imds-probe itself, please report it: Error: on purpose/);
    expect(stderr.length).toBeLessThan(1000);
  });

  it('is nothing where the reader of a pipe leaves', async () => {
    const script = `"$NODE" "$0" check --simulate expired --json | head -c 1; echo " \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await run('bash', ['-c', script, BUNDLE], { NODE: process.execPath });
    // The status of the expired role still comes through.
    expect(stdout).toBe('{ 2\n');
    expect(stderr.split('\n').filter((line) => !line.startsWith('imds-probe: '))).toEqual(['']);
  });
});

describe('code compiled in an earlier run', () => {
  it('is kept beside the program, and what is no code is not run', async () => {
    const copy = changed('kept', (text) => `${text}\n`);
    const cache = path.join(path.dirname(copy), 'cache');
    const first = await withNode(copy, ['--version']);
    const kept = readdirSync(cache);
    expect(kept.some((name) => name.startsWith('main.cjs-'))).toBe(true);
    for (const name of kept) writeFileSync(path.join(cache, name), 'no code');
    expect(await withNode(copy, ['--version'])).toEqual(first);
    expect(readFileSync(path.join(cache, kept[0] ?? '')).length).toBeGreaterThan(1000);
  });

  it('is left alone where NODE_DISABLE_COMPILE_CACHE says so', async () => {
    const copy = changed('alone', (text) => `${text}\n`);
    await withNode(copy, ['--version'], { NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(existsSync(path.join(path.dirname(copy), 'cache'))).toBe(false);
  });
});

describe('a Node that is too old', () => {
  const complaint = /^imds-probe: needs Node 22\.19 or newer; this is v\d+\.\d+\.\d+ \(.+\)\n$/;

  it('is named in one line', async () => {
    const pretends = changed('old', (text) => {
      const at = text.lastIndexOf('process.versions.node');
      return `${text.slice(0, at)}"22.18.0"${text.slice(at + 'process.versions.node'.length)}`;
    });
    const { code, stdout, stderr } = await withNode(pretends, ['--version']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(complaint);
  });

  const system = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => existsSync(file));
  const version =
    system === undefined ? '' : execFileSync(system, ['--version'], { encoding: 'utf8', env: {} });
  it.runIf(/^v(18|20)\./.test(version))('is named so by a real one', async () => {
    const { code, stdout, stderr } = await run(system ?? '', [BUNDLE, '--version'], { NODE_OPTIONS: '' });
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(complaint);
  });
});
