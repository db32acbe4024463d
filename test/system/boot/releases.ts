// Releases for the guest to install: the package of this source, the same with other version numbers, and one that is broken.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
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

/** Builds the .deb for this machine's architecture, hardly compressed; answers its path below `folder`. */
export function buildDeb(folder: string, version: string): string {
  const env = { ...process.env, NODE_OPTIONS: '' };
  if (!existsSync(path.join(ROOT, 'dist/imds-probe.mjs')))
    execFileSync(process.execPath, ['.ci/build.ts'], { cwd: ROOT, env, stdio: 'ignore' });
  const args = [
    '.ci/package.ts',
    '--quick',
    '--format',
    'deb',
    '--arch',
    process.arch,
    '--version',
    version,
    '--out',
    folder,
  ];
  execFileSync(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const name = readdirSync(folder).find((file) => file.endsWith('.deb') && file.includes(version));
  if (name === undefined) throw new Error('npm run package left no .deb');
  return path.join(folder, name);
}

/** The same package under another version, with its bundle replaced where `main` is given. */
export function repack(deb: string, from: string, to: string, main?: string): string {
  const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-repack-'));
  try {
    execFileSync('dpkg-deb', ['-R', deb, work]);
    const control = path.join(work, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(`Version: ${from}`, `Version: ${to}`));
    if (main !== undefined) writeFileSync(path.join(work, 'usr/libexec/imds-probe/imds-probe.mjs'), main);
    const target = deb.replace(from, to);
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '-b', work, target], {
      stdio: 'ignore',
    });
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Lays a release out for install.sh: the package, SHA256SUMS and its signature, below `folder`/`version`. */
export function release(folder: string, version: string, deb: string, key: SigningKey): void {
  const place = path.join(folder, version);
  mkdirSync(place, { recursive: true });
  const name = path.basename(deb);
  copyFileSync(deb, path.join(place, name));
  copyFileSync(path.join(ROOT, 'deploy/user-data/install.sh'), path.join(place, 'install.sh'));
  const sums = [name, 'install.sh']
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(path.join(place, file)))
          .digest('hex')}  ${file}\n`,
    )
    .join('');
  writeFileSync(path.join(place, 'SHA256SUMS'), sums);
  writeFileSync(path.join(place, 'SHA256SUMS.sig'), sign(null, Buffer.from(sums), key.privateKey));
}
