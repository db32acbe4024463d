// Lays out what a package holds: one list of files for every format, each with its mode and a fixed time.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { manPage, settingsReference } from './man.ts';
import type { Runtime } from './runtime.ts';

export type Format = 'deb' | 'rpm' | 'tar.gz';

export interface Product {
  readonly name: string;
  readonly version: string;
  /** Seconds since the epoch: the time of everything in the package. */
  readonly epoch: number;
  readonly maintainer: string;
}

export interface TreeSources {
  /** The repository. */
  readonly root: string;
  /** What `npm run build` left. */
  readonly dist: string;
  readonly runtime: Runtime;
  readonly product: Product;
  /** CycloneDX, as text. */
  readonly sbom: string;
}

/** A file of the package: where it lies below /, and what is in it. */
export interface Entry {
  readonly path: string;
  readonly mode: number;
  /** Bytes, or the file to copy. */
  readonly from: string | Buffer;
  readonly kind: 'file' | 'config' | 'doc' | 'license';
}

export const day = (epoch: number): string => new Date(epoch * 1000).toISOString().slice(0, 10);

/** The completion script that the program itself prints, for one shell. */
function completion(sources: TreeSources, shell: 'bash' | 'zsh'): string {
  const script = execFileSync(process.execPath, [path.join(sources.dist, 'imds-probe.mjs'), 'completion'], {
    encoding: 'utf8',
    // yargs asks these two which shell it is.
    env: {
      PATH: '/usr/bin:/bin',
      SHELL: `/bin/${shell}`,
      NODE_DISABLE_COMPILE_CACHE: '1',
      ...(shell === 'zsh' ? { ZSH_NAME: 'zsh' } : {}),
    },
  });
  return `${script.trim()}\n`;
}

const gzip = (text: string): Buffer => execFileSync('gzip', ['-9n'], { input: text });

/** What the files of each format are called where the worlds differ. */
const ZSH_FOLDER: Readonly<Record<Format, string>> = {
  deb: 'usr/share/zsh/vendor-completions',
  rpm: 'usr/share/zsh/site-functions',
  'tar.gz': 'usr/share/zsh/site-functions',
};

/** The launcher with the place of what it starts; in the tarball that is beside it, wherever it was unpacked. */
function launcher(root: string, format: Format): string {
  const place =
    format === 'tar.gz'
      ? '"$(dirname "$(readlink -f "$0")")/../libexec/imds-probe"'
      : '/usr/libexec/imds-probe';
  return readFileSync(path.join(root, 'deploy/packages/launcher.sh'), 'utf8').replace('@ROOT@', place);
}

/** The bundle. It is started by its launcher, so its first line must not name another Node. */
function bundle(dist: string): readonly Entry[] {
  const home = 'usr/libexec/imds-probe';
  const main = readFileSync(path.join(dist, 'imds-probe.mjs'), 'utf8').replace(/^#![^\n]*/, '');
  // Not dist/cache: what V8 compiled is this machine's, and made anew where it is installed.
  const chunks = readdirSync(path.join(dist, 'chunks')).sort();
  return [
    { path: `${home}/imds-probe.mjs`, mode: 0o644, from: Buffer.from(main), kind: 'file' },
    ...chunks.map(
      (name): Entry => ({
        path: `${home}/chunks/${name}`,
        mode: 0o644,
        from: path.join(dist, 'chunks', name),
        kind: 'file',
      }),
    ),
  ];
}

/** Everything, sorted by path. */
export function entriesFor(sources: TreeSources, format: Format): readonly Entry[] {
  const { root, dist, runtime, product } = sources;
  const deploy = (file: string): string => path.join(root, 'deploy', file);
  const doc = 'usr/share/doc/imds-probe';
  const licenses = format === 'rpm' ? 'usr/share/licenses/imds-probe' : doc;
  const plain = (
    place: string,
    from: string | Buffer,
    kind: Entry['kind'] = 'file',
    mode = 0o644,
  ): Entry => ({
    path: place,
    mode,
    from,
    kind,
  });
  const text = (place: string, content: string, kind: Entry['kind'] = 'file'): Entry =>
    plain(place, Buffer.from(content), kind);
  const entries: Entry[] = [
    plain('usr/bin/imds-probe', Buffer.from(launcher(root, format)), 'file', 0o755),
    plain('usr/libexec/imds-probe/node', runtime.node, 'file', 0o755),
    ...bundle(dist),
    plain('usr/share/imds-probe/report.schema.json', path.join(dist, 'report.schema.json')),
    text('usr/share/imds-probe/sbom.cdx.json', sources.sbom),
    plain('usr/share/man/man1/imds-probe.1.gz', gzip(manPage(product.version, day(product.epoch))), 'doc'),
    text('usr/share/bash-completion/completions/imds-probe', completion(sources, 'bash')),
    text(`${ZSH_FOLDER[format]}/_imds-probe`, completion(sources, 'zsh')),
    plain('usr/lib/systemd/system/imds-probe.service', deploy('systemd/imds-probe.service')),
    plain('usr/lib/sysusers.d/imds-probe.conf', deploy('systemd/imds-probe.sysusers')),
    plain('etc/imds-probe/config.yaml', deploy('packages/config.yaml'), 'config'),
    plain(`${doc}/changelog.gz`, gzip(changelog(sources, format)), 'doc'),
    text(`${doc}/settings.yaml`, settingsReference(), 'doc'),
    ...readdirSync(deploy('systemd/drop-ins'))
      .sort()
      .map((name) => plain(`${doc}/drop-ins/${name}`, deploy(`systemd/drop-ins/${name}`), 'doc')),
    plain(`${licenses}/THIRD-PARTY.txt`, path.join(dist, 'THIRD-PARTY.txt'), 'license'),
    plain(`${licenses}/LICENSE.node`, runtime.license, 'license'),
    format === 'deb'
      ? plain(`${doc}/copyright`, deploy('packages/copyright'), 'license')
      : plain(`${licenses}/LICENSE`, path.join(root, 'LICENSE'), 'license'),
  ];
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Debian wants its own form of changelog where there is no other; the others get the project's. */
function changelog({ root, product }: TreeSources, format: Format): string {
  if (format !== 'deb') return readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  const date = new Date(product.epoch * 1000).toUTCString().replace('GMT', '+0000');
  const change = '  * Changes people notice are in CHANGELOG.md of the source.';
  return `imds-probe (${product.version}) stable; urgency=medium\n\n${change}\n\n -- ${product.maintainer}  ${date}\n`;
}

/** Writes the entries below `stage`, folders included, all with the product's time. */
export function layOut(stage: string, entries: readonly Entry[], epoch: number): void {
  for (const { path: place, mode, from } of entries) {
    const target = path.join(stage, place);
    mkdirSync(path.dirname(target), { recursive: true });
    if (typeof from === 'string') copyFileSync(from, target);
    else writeFileSync(target, from);
    chmodSync(target, mode);
  }
  stampTree(stage, epoch);
}

/** One time and, for folders, one mode for everything below; whatever the umask was. */
export function stampTree(folder: string, epoch: number): void {
  for (const found of readdirSync(folder, { withFileTypes: true })) {
    const target = path.join(folder, found.name);
    if (found.isDirectory()) stampTree(target, epoch);
    else lutimesSync(target, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  utimesSync(folder, epoch, epoch);
}
