// The Debian that .ci/peers/boot.sh keeps, and a writable layer over it: whoever changes something changes the layer.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

const BASE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'imds-probe', 'boot');

/** What is missing to use it, or null. */
export function missingBase(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  return existsSync(`${BASE}.key`) ? null : 'the base system that .ci/peers/boot.sh makes';
}

/** Those of the commands that are not on PATH. */
export function missingCommands(commands: readonly string[]): readonly string[] {
  return commands.filter((command) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0);
}

/** Says what is missing: an error in CI, a warning elsewhere. Answers whether anything is. */
export function skipWithout(missing: readonly string[], what: string): boolean {
  if (missing.length === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`${what} needs ${missing.join(', ')}`);
  console.warn(`SKIPPED: no ${missing.join(', ')}, so ${what} was not tested`);
  return true;
}

export interface Layer {
  /** A folder of the layer's own, beside its root. */
  readonly place: string;
  readonly root: string;
  close(): void;
}

/** Mounts a fresh layer over the base. */
export function openLayer(): Layer {
  const place = mkdtempSync(path.join(tmpdir(), 'imds-probe-layer-'));
  const root = path.join(place, 'root');
  for (const name of ['root', 'upper', 'work']) mkdirSync(path.join(place, name));
  const options = `lowerdir=${BASE},upperdir=${place}/upper,workdir=${place}/work`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, root]);
  return {
    place,
    root,
    close() {
      spawnSync('umount', ['--lazy', root], { stdio: 'ignore' });
      rmSync(place, { recursive: true, force: true });
    },
  };
}

export interface Ran {
  readonly code: number | null;
  /** Standard output and error. */
  readonly output: string;
}

/** Runs a command without the test's own hooks in it. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Ran {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const ran = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...own, ...options.env },
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: ran.status, output: `${ran.stdout ?? ''}${ran.stderr ?? ''}`.trim() };
}
