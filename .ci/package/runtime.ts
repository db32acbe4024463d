// The Node that goes into the packages: fetched by npm, held to the lock file's hash, stripped of symbols.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

export type Arch = 'x64' | 'arm64';

/** What each world calls the architecture. `strip` names the tools that can read its object files, best first. */
export const ARCHES: Readonly<
  Record<Arch, { readonly deb: string; readonly rpm: string; readonly strip: readonly string[] }>
> = {
  x64: { deb: 'amd64', rpm: 'x86_64', strip: ['x86_64-linux-gnu-strip', 'strip'] },
  arm64: { deb: 'arm64', rpm: 'aarch64', strip: ['aarch64-linux-gnu-strip', 'strip'] },
};

export interface Runtime {
  readonly arch: Arch;
  readonly version: string;
  /** `sha512-…` of the npm package, as the lock file pins it. */
  readonly integrity: string;
  /** The stripped executable. */
  readonly node: string;
  readonly license: string;
  readonly bytes: { readonly before: number; readonly after: number };
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
}

/** The pin of the lock file. Throws where there is none. */
export function pinnedRuntime(
  root: string,
  arch: Arch,
): { readonly name: string; readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as Lock;
  const name = `node-linux-${arch}`;
  const pin = lock.packages[`node_modules/${name}`];
  if (pin === undefined || !pin.integrity.startsWith('sha512-'))
    throw new Error(`package-lock.json does not pin ${name}`);
  return { name, version: pin.version, integrity: pin.integrity };
}

const sha512 = (file: string): string =>
  `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;

/** The tarball, from the cache where it is there; verified each time, and thrown away where it is another one. */
function tarball(
  root: string,
  arch: Arch,
): { readonly file: string; readonly version: string; readonly integrity: string } {
  const { name, version, integrity } = pinnedRuntime(root, arch);
  const cache = path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'imds-probe',
    'runtime',
  );
  const file = path.join(cache, `${name}-${version}.tgz`);
  if (existsSync(file) && sha512(file) === integrity) return { file, version, integrity };
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(path.join(cache, 'fetch-'));
  try {
    execFileSync(
      'npm',
      ['pack', '--silent', '--prefer-offline', '--pack-destination', fresh, `${name}@${version}`],
      {
        cwd: fresh,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const packed = path.join(fresh, `${name}-${version}.tgz`);
    const got = sha512(packed);
    if (got !== integrity) throw new Error(`${name} ${version} is not what package-lock.json pins: ${got}`);
    renameSync(packed, file);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return { file, version, integrity };
}

/** Fetches, verifies, unpacks below `work` and strips. */
export function prepareRuntime(root: string, arch: Arch, work: string = tmpdir()): Runtime {
  const { file, version, integrity } = tarball(root, arch);
  const place = mkdtempSync(path.join(work, `node-${arch}-`));
  execFileSync('tar', [
    '-xzf',
    file,
    '-C',
    place,
    '--strip-components=1',
    'package/bin/node',
    'package/LICENSE',
  ]);
  const node = path.join(place, 'bin', 'node');
  const before = statSync(node).size;
  strip(node, ARCHES[arch].strip);
  chmodSync(node, 0o755);
  const after = statSync(node).size;
  return { arch, version, integrity, node, license: path.join(place, 'LICENSE'), bytes: { before, after } };
}

/** Takes the symbol table away: nothing at run time reads it, and a crash still names JavaScript frames. */
function strip(file: string, tools: readonly string[]): void {
  const failures: string[] = [];
  for (const tool of tools) {
    try {
      execFileSync(tool, ['--strip-all', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      return;
    } catch (error) {
      failures.push(
        `${tool}: ${error instanceof Error ? (error.message.split('\n').at(1) ?? error.message) : ''}`,
      );
    }
  }
  throw new Error(`no binutils for ${file}; .ci/peers/packaging.sh installs them\n${failures.join('\n')}`);
}
