// The Systems Manager Distributor package of a signed release: a zip for each system and architecture, and the manifest.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageName } from './archives.ts';
import { ARCHES, type Arch } from './runtime.ts';
import type { Format, Product } from './tree.ts';
import { zip } from './zip.ts';

/** Distributor's names of systems and architectures (Systems Manager User Guide, "Create a package"). */
const SYSTEMS: Readonly<
  Record<'deb' | 'rpm', readonly (readonly [platform: string, versions: readonly string[]])[]>
> = {
  deb: [
    ['ubuntu', ['22.04', '24.04']],
    ['debian', ['12', '13']],
  ],
  rpm: [
    ['amazon', ['2023']],
    ['redhat', ['9.*']],
  ],
};
const ARCH_NAMES: Readonly<Record<Arch, string>> = { x64: 'x86_64', arm64: 'arm64' };

type Packages = Record<string, Record<string, Record<string, { file: string }>>>;

export interface Manifest {
  readonly schemaVersion: '2.0';
  readonly publisher: string;
  readonly description: string;
  readonly version: string;
  readonly packages: Packages;
  readonly files: Readonly<
    Record<string, { readonly checksums: { readonly sha256: string }; readonly size: number }>
  >;
}

/** Writes `out`/distributor from the release in `out`; `publicKey` is the line that install.sh takes. */
export function writeDistributor(
  root: string,
  out: string,
  product: Product,
  arches: readonly Arch[],
  formats: readonly Format[],
  publicKey: string,
): Manifest {
  const folder = path.join(out, 'distributor');
  const scripts = path.join(root, 'deploy/ssm/distributor');
  mkdirSync(folder, { recursive: true });
  const { name, version } = product;
  const packages: Packages = {};
  const files: Record<string, { checksums: { sha256: string }; size: number }> = {};
  for (const format of (['deb', 'rpm'] as const).filter((one) => formats.includes(one))) {
    for (const arch of arches) {
      const file = `${name}-${version}-${format}-${ARCHES[arch].deb}.zip`;
      const released = ['install.sh', 'SHA256SUMS', 'SHA256SUMS.sig', packageName(product, arch, format)];
      const data = zip([
        // An update in place is what the installation does anyway.
        ...(['install', 'update', 'uninstall'] as const).map((script) => ({
          name: `${script}.sh`,
          mode: 0o755,
          data: readFileSync(path.join(scripts, `${script === 'update' ? 'install' : script}.sh`)),
        })),
        { name: 'version', mode: 0o644, data: Buffer.from(`${version}\n`) },
        { name: 'public-key', mode: 0o644, data: Buffer.from(`${publicKey}\n`) },
        ...released.map((one) => ({
          name: `${version}/${one}`,
          mode: 0o644,
          data: readFileSync(path.join(out, one)),
        })),
      ]);
      writeFileSync(path.join(folder, file), data);
      files[file] = {
        checksums: { sha256: createHash('sha256').update(data).digest('hex') },
        size: data.length,
      };
      for (const [platform, versions] of SYSTEMS[format]) {
        for (const release of versions) {
          const before = packages[platform]?.[release] ?? {};
          packages[platform] = {
            ...packages[platform],
            [release]: { ...before, [ARCH_NAMES[arch]]: { file } },
          };
        }
      }
    }
  }
  const manifest: Manifest = {
    schemaVersion: '2.0',
    publisher: name,
    description: 'Watches the AWS credentials of EC2 instances.',
    version,
    packages,
    files,
  };
  writeFileSync(path.join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
