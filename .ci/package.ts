// `npm run package`: .deb, .rpm and .tar.gz for x86-64 and arm64, their checksums, the signature and the bill of materials.
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage, treeName } from './package/archives.ts';
import type { BundledPackage } from './package/bundled.ts';
import { writeDistributor } from './package/distributor.ts';
import { type Arch, prepareRuntime } from './package/runtime.ts';
import { sbom } from './package/sbom.ts';
import { entriesFor, type Format, type Product } from './package/tree.ts';

const root = path.resolve(import.meta.dirname, '..');

const USAGE = `usage: npm run package -- [options]
  --out <folder>      where they go (packages)
  --dist <folder>     what npm run build left (dist)
  --arch <list>       x64,arm64
  --format <list>     deb,rpm,tar.gz
  --version <x.y.z>   in place of package.json's
  --key <file>        Ed25519 private key (PEM) to sign SHA256SUMS with; without one there is no signature
  --distributor       with --key: a Systems Manager Distributor package, too, in <out>/distributor
  --quick             hardly compressed, for tests`;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(root, 'packages') },
    dist: { type: 'string', default: path.join(root, 'dist') },
    arch: { type: 'string', default: 'x64,arm64' },
    format: { type: 'string', default: 'deb,rpm,tar.gz' },
    version: { type: 'string' },
    key: { type: 'string' },
    distributor: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The chosen ones of a comma-separated list. */
function chosen<T extends string>(text: string, allowed: readonly T[]): readonly T[] {
  return text.split(',').map((word) => {
    const found = allowed.find((one) => one === word);
    if (found === undefined) throw new Error(`"${word}" is none of ${allowed.join(', ')}`);
    return found;
  });
}

/** The time of everything in the packages: SOURCE_DATE_EPOCH, else that of the commit they are made from. */
function buildEpoch(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const text = given ?? execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' });
  const epoch = Number(text.trim());
  if (!Number.isSafeInteger(epoch) || epoch <= 0) throw new Error(`"${text.trim()}" is no SOURCE_DATE_EPOCH`);
  return epoch;
}

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

async function main(): Promise<void> {
  const arches = chosen<Arch>(values.arch, ['x64', 'arm64']);
  const formats = chosen<Format>(values.format, ['deb', 'rpm', 'tar.gz']);
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const version = values.version ?? manifest.version;
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new Error(`"${version}" is no version that deb and rpm order alike`);
  const product: Product = {
    name: manifest.name,
    version,
    epoch: buildEpoch(),
    maintainer: 'imds-probe <maintainers@imds-probe.invalid>',
  };
  const built = path.resolve(values.dist);
  if (!existsSync(path.join(built, 'imds-probe.mjs')))
    throw new Error(`there is no program in ${built}; npm run build makes it`);
  const out = path.resolve(values.out);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-package-'));
  try {
    // A build may run beside this one.
    const dist = path.join(work, 'dist');
    cpSync(built, dist, { recursive: true });
    const bundled = JSON.parse(
      readFileSync(path.join(dist, 'bundled.json'), 'utf8'),
    ) as readonly BundledPackage[];
    // Side by side: nearly all the time goes into compressing, on one core each.
    await Promise.all(
      arches.map(async (arch) => {
        const runtime = prepareRuntime(root, arch, work);
        const { before, after } = runtime.bytes;
        console.log(
          `node-linux-${arch} ${runtime.version}: ${mebibytes(before)}, stripped ${mebibytes(after)}`,
        );
        if (runtime.version !== process.versions.node)
          throw new Error(`this is Node ${process.version}; npm run package takes the one it packs`);
        const bom = sbom(product, bundled, runtime, process.versions);
        writeFileSync(path.join(out, `${treeName(product, arch)}.sbom.cdx.json`), bom);
        for (const format of formats) {
          const entries = entriesFor({ root, dist, runtime, product, sbom: bom }, format);
          const job = {
            root,
            product,
            arch,
            entries,
            work: path.join(work, `${arch}-${format}`),
            out,
            quick: values.quick,
          };
          const file = await buildPackage(job, format);
          console.log(`${path.basename(file)}  ${mebibytes(statSync(file).size)}`);
          rmSync(job.work, { recursive: true, force: true });
        }
      }),
    );
    copyFileSync(path.join(root, 'deploy/user-data/install.sh'), path.join(out, 'install.sh'));
    const key = values.key === undefined ? null : signingKey(values.key);
    seal(out, version, key);
    if (values.distributor) {
      if (key === null) throw new Error('a Distributor package holds a signed release: --key names the key');
      const line = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
      writeDistributor(root, out, product, arches, formats, line);
      console.log('distributor/manifest.json');
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function signingKey(file: string): KeyObject {
  const key = createPrivateKey(readFileSync(file));
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} is no Ed25519 key`);
  return key;
}

/** SHA256SUMS over this version's files, in sha256sum's form, and its detached signature where there is a key. */
function seal(out: string, version: string, key: KeyObject | null): void {
  const ours = new RegExp(`^(install[.]sh|imds-probe[-_]${version.replaceAll('.', '[.]')}[-_].*)$`);
  const files = readdirSync(out).filter((name) => ours.test(name));
  const sums = files.sort().map((name) => {
    const hash = createHash('sha256').update(readFileSync(path.join(out, name)));
    return `${hash.digest('hex')}  ${name}\n`;
  });
  const text = sums.join('');
  writeFileSync(path.join(out, 'SHA256SUMS'), text);
  const signature = path.join(out, 'SHA256SUMS.sig');
  rmSync(signature, { force: true });
  if (key === null) console.log('not signed: --key names an Ed25519 private key');
  else writeFileSync(signature, sign(null, Buffer.from(text), key));
}

if (values.help) console.log(USAGE);
else await main();
