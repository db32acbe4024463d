// Makes the three kinds of package of one laid-out tree, without root and so that the same input gives the same bytes.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ARCHES, type Arch } from './runtime.ts';
import { type Entry, type Format, layOut, type Product, stampTree } from './tree.ts';

export interface PackageJob {
  /** The repository. */
  readonly root: string;
  readonly product: Product;
  readonly arch: Arch;
  readonly entries: readonly Entry[];
  /** A folder of this job's own. */
  readonly work: string;
  /** Where the package goes. */
  readonly out: string;
  /** Hardly compressed, for tests. */
  readonly quick: boolean;
}

/** xz at 8: all but as small as 9, and whoever unpacks it needs 33 MiB in place of 65. */
const XZ_LEVEL = '8';

const execute = promisify(execFile);

async function run(command: string, args: readonly string[], { product }: PackageJob): Promise<void> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(product.epoch),
  };
  try {
    await execute(command, args, { env });
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string | number; readonly stderr?: string };
    throw new Error(
      code === 'ENOENT'
        ? `${command} is missing; .ci/peers/packaging.sh installs it`
        : `${command}: ${stderr ?? String(error)}`,
    );
  }
}

const template = (job: PackageJob, file: string, values: Readonly<Record<string, string>>): string =>
  readFileSync(path.join(job.root, 'deploy/packages', file), 'utf8').replace(
    /@([A-Z]+)@/g,
    (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${file} asks for @${name}@`);
      return value;
    },
  );

/** What the tarball unpacks to; its architecture is called as container engines call it. */
export const treeName = ({ name, version }: Pick<Product, 'name' | 'version'>, arch: Arch): string =>
  `${name}-${version}-linux-${ARCHES[arch].deb}`;

/** File name of a package, as each world names its own. */
export function packageName({ name, version }: Product, arch: Arch, format: Format): string {
  if (format === 'deb') return `${name}_${version}_${ARCHES[arch].deb}.deb`;
  if (format === 'rpm') return `${name}-${version}-1.${ARCHES[arch].rpm}.rpm`;
  return `${treeName({ name, version }, arch)}.tar.gz`;
}

/** Builds one package; answers its file. */
export async function buildPackage(job: PackageJob, format: Format): Promise<string> {
  const file = path.join(job.out, packageName(job.product, job.arch, format));
  rmSync(job.work, { recursive: true, force: true });
  mkdirSync(job.work, { recursive: true });
  if (format === 'deb') await deb(job, file);
  else if (format === 'rpm') await rpm(job, file);
  else await tarGz(job, file);
  chmodSync(file, 0o644);
  return file;
}

async function md5(file: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function deb(job: PackageJob, file: string): Promise<void> {
  const { product, entries, work } = job;
  const stage = path.join(work, 'deb');
  const control = path.join(stage, 'DEBIAN');
  const override = readFileSync(path.join(job.root, 'deploy/packages/lintian-overrides'));
  const all: readonly Entry[] = [
    ...entries,
    { path: 'usr/share/lintian/overrides/imds-probe', mode: 0o644, from: override, kind: 'file' },
  ];
  layOut(stage, all, product.epoch);
  const sums: string[] = [];
  let kibibytes = 0;
  for (const entry of all) {
    const target = path.join(stage, entry.path);
    // deb-control(5): every file rounded up to the next KiB.
    kibibytes += Math.ceil(statSync(target).size / 1024) + 1;
    if (entry.kind !== 'config') sums.push(`${await md5(target)}  ${entry.path}\n`);
  }
  mkdirSync(control);
  const values = {
    VERSION: product.version,
    ARCH: ARCHES[job.arch].deb,
    MAINTAINER: product.maintainer,
    SIZE: String(kibibytes),
  };
  writeFileSync(path.join(control, 'control'), template(job, 'control.in', values));
  writeFileSync(path.join(control, 'md5sums'), sums.join(''));
  const configs = entries.filter(({ kind }) => kind === 'config').map((entry) => `/${entry.path}\n`);
  writeFileSync(path.join(control, 'conffiles'), configs.join(''));
  for (const name of readdirSync(control)) chmodSync(path.join(control, name), 0o644);
  for (const name of ['postinst', 'prerm', 'postrm']) {
    copyFileSync(path.join(job.root, 'deploy/packages', name), path.join(control, name));
    chmodSync(path.join(control, name), 0o755);
  }
  stampTree(stage, product.epoch);
  const compression = job.quick ? ['-Zgzip', '-z1'] : ['-Zxz', `-z${XZ_LEVEL}`, '--threads-max=2'];
  await run('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, file], job);
}

/** rpm's own view of paths: `%config`, `%doc`, `%license`, and the folders that are ours. */
function rpmFiles(entries: readonly Entry[]): string {
  const marks: Readonly<Record<Entry['kind'], string>> = {
    file: '',
    config: '%config(noreplace) ',
    doc: '%doc ',
    license: '%license ',
  };
  const folders = new Set(entries.map((entry) => path.posix.dirname(entry.path)));
  const ours = [...folders, ...[...folders].map((folder) => path.posix.dirname(folder))].filter((folder) =>
    /\/imds-probe(\/|$)/.test(folder),
  );
  return [
    ...[...new Set(ours)].sort().map((folder) => `%dir %attr(0755,root,root) /${folder}`),
    ...entries.map(
      ({ path: place, mode, kind }) => `${marks[kind]}%attr(0${mode.toString(8)},root,root) /${place}`,
    ),
  ].join('\n');
}

async function rpm(job: PackageJob, file: string): Promise<void> {
  const { product, entries, work, arch } = job;
  const stage = path.join(work, 'rpm');
  layOut(stage, entries, product.epoch);
  const [weekday = '', dayOfMonth = '', month = '', year = ''] = new Date(product.epoch * 1000)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  const values = {
    VERSION: product.version,
    MAINTAINER: product.maintainer,
    STAGE: stage,
    FILES: rpmFiles(entries),
    DATE: `${weekday} ${month} ${dayOfMonth} ${year}`,
  };
  const spec = path.join(work, 'imds-probe.spec');
  writeFileSync(spec, template(job, 'imds-probe.spec.in', values));
  const top = path.join(work, 'rpmbuild');
  const macros: Readonly<Record<string, string>> = {
    _topdir: top,
    _tmppath: work,
    // Nothing of the build machine may get into the package: name, time, its own folders, its post-processing.
    _buildhost: 'localhost',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    source_date_epoch_from_changelog: '0',
    _build_id_links: 'none',
    debug_package: '%{nil}',
    __os_install_post: '%{nil}',
    __spec_install_pre: '%{___build_pre} rm -rf "%{buildroot}"; mkdir -p "%{buildroot}"',
    _binary_payload: job.quick ? 'w1.gzdio' : `w${XZ_LEVEL}.xzdio`,
    _docdir: '/usr/share/doc',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await run('rpmbuild', ['-bb', '--quiet', '--target', `${ARCHES[arch].rpm}-linux`, ...defines, spec], job);
  renameSync(path.join(top, 'RPMS', ARCHES[arch].rpm, path.basename(file)), file);
}

async function tarGz(job: PackageJob, file: string): Promise<void> {
  const { product, entries, work, arch } = job;
  const top = treeName(product, arch);
  const stage = path.join(work, 'tar');
  // What lies below usr/ in the others lies at the top here: it runs from wherever it was unpacked.
  const placed = entries.map((entry) => ({
    ...entry,
    path: path.posix.join(top, entry.path.replace(/^usr\//, '')),
  }));
  layOut(stage, placed, product.epoch);
  const archive = path.join(work, 'archive.tar');
  const same = [
    '--sort=name',
    `--mtime=@${product.epoch}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
  ];
  await run('tar', [...same, '-cf', archive, '-C', stage, top], job);
  await run('gzip', ['-n', job.quick ? '-1' : '-9', archive], job);
  renameSync(`${archive}.gz`, file);
}
