// Releases for the guest to install: the package of this source under any version, and one that never becomes ready.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Ed25519, made for this run. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** As INSTALL_PUBLIC_KEY takes it. */
  readonly publicLine: string;
}

export function signingKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicLine: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') };
}

/** What a version that never becomes ready runs in place of the program: it takes its settings, and finishes no cycle. */
export const HANGING = "if (process.argv[2] === 'agent') setInterval(() => {}, 1000);\n";

/** Builds the package of this machine's architecture, hardly compressed; `main` replaces the program. Answers its path. */
export function buildOne(folder: string, version: string, format: 'deb' | 'rpm', main?: string): string {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const built = path.join(folder, 'built');
  if (!existsSync(built))
    execFileSync(process.execPath, ['.ci/build.ts', '--out', built], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const dist = path.join(folder, `dist-${version}`);
  cpSync(built, dist, { recursive: true });
  if (main !== undefined) writeFileSync(path.join(dist, 'imds-probe.mjs'), main);
  const what = ['--format', format, '--arch', process.arch, '--version', version, '--dist', dist];
  execFileSync(process.execPath, ['.ci/package.ts', '--quick', '--out', folder, ...what], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const name = readdirSync(folder).find((file) => file.endsWith(`.${format}`) && file.includes(version));
  if (name === undefined) throw new Error(`npm run package left no .${format}`);
  return path.join(folder, name);
}

/** Lays a release out for install.sh: the package, SHA256SUMS and its signature, below `folder`/`version`. */
export function release(folder: string, version: string, file: string, key: SigningKey): void {
  const place = path.join(folder, version);
  mkdirSync(place, { recursive: true });
  const name = path.basename(file);
  copyFileSync(file, path.join(place, name));
  copyFileSync(path.join(ROOT, 'deploy/user-data/install.sh'), path.join(place, 'install.sh'));
  const sum = (one: string): string => {
    const hash = createHash('sha256').update(readFileSync(path.join(place, one)));
    return `${hash.digest('hex')}  ${one}\n`;
  };
  const sums = sum(name) + sum('install.sh');
  writeFileSync(path.join(place, 'SHA256SUMS'), sums);
  writeFileSync(path.join(place, 'SHA256SUMS.sig'), sign(null, Buffer.from(sums), key.privateKey));
}
