// Runs the program as a process, the way a user does: from the sources, or the bundle IMDS_PROBE_TEST_PROGRAM names.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PROGRAM =
  process.env['IMDS_PROBE_TEST_PROGRAM'] ?? path.resolve(import.meta.dirname, '../../src/main.ts');

const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/imds-probe-tests');

/** An empty home, so that no test ever reads the developer's own ~/.aws. */
const HOME = mkdtempSync(path.join(tmpdir(), 'imds-probe-home-'));

export type Env = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves once standard output or error holds the text; rejects where the program ends before. */
  until(text: string): Promise<void>;
  readonly output: () => { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

/** Only these variables reach the program, beside the guard that keeps tests on loopback. */
function environment(env: Env): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
    // Stripped of its types once, the program starts in half the time.
    NODE_COMPILE_CACHE: CACHE,
    LANG: 'C.UTF-8',
    HOME,
    // Whatever a test forgets to name must not be the real thing, nor what another test left behind.
    IMDS_PROBE_STATE_DIR: mkdtempSync(path.join(HOME, 'state-')),
    IMDS_PROBE_RUNTIME_DIR: path.join(HOME, 'run'),
    // Many tests share two cores: what they starve is not the metadata service.
    IMDS_PROBE_SLOW_WARNING: '900',
    ...env,
  };
}

export function start(args: readonly string[], env: Env = {}): Running {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    seen[stream] += chunk.toString('utf8');
    for (const watcher of watchers) watcher();
  };
  child.stdout?.on('data', take('stdout'));
  child.stderr?.on('data', take('stderr'));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...seen }));
  });
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!seen.stdout.includes(text) && !seen.stderr.includes(text)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      void ended.then(() =>
        reject(new Error(`it ended before it said ${text}: ${seen.stdout}${seen.stderr}`)),
      );
    });
  return { child, until, output: () => ({ ...seen }), ended };
}

export const run = (args: readonly string[], env: Env = {}): Promise<Ended> => start(args, env).ended;

/** Runs a script of bash in which `$0` is the program. */
export function runShell(script: string, env: Env = {}): Promise<Ended> {
  const child = spawn('bash', ['-c', script.replaceAll('$0', '"$NODE" --no-warnings "$PROGRAM"')], {
    env: { ...environment(env), NODE: process.execPath, PROGRAM },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Polls for what another process brings about; an event would serve, were there one. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
