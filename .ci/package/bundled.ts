// Which packages' code is in the bundle: for the licences that have to go with it, and for the bill of materials.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What is needed of esbuild's metafile. */
export interface Outputs {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as its package.json says. */
  readonly license: string;
  /** `sha512-…` of its tarball, from the lock file. */
  readonly integrity: string | null;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** Folders below node_modules, nested ones too, whose files left bytes in an output; sorted. */
export function bundledFolders(metafile: Outputs): readonly string[] {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  );
  const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
  return [...new Set(used.flatMap((file) => folder.exec(file)?.[0] ?? []))].sort();
}

/** Reads what each package says of itself. `root` is the folder that the folders are relative to. */
export function bundledPackages(root: string, folders: readonly string[]): readonly BundledPackage[] {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as Lock;
  return folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Manifest;
    const { name, version, license } = manifest;
    return { name, version, license, integrity: lock.packages[folder]?.integrity ?? null };
  });
}

const LICENSE_FILE = /^(licen[cs]e|notice)(\.(md|txt))?$/i;

/** The licences and notices of all of them, each text once. Throws where a package brings none and names none. */
export function licenseText(root: string, folders: readonly string[]): string {
  const bearers = new Map<string, string[]>();
  for (const [index, { name, version, license }] of bundledPackages(root, folders).entries()) {
    const place = path.join(root, folders[index] ?? '');
    const texts = readdirSync(place)
      .filter((file) => LICENSE_FILE.test(file))
      .sort()
      .map((file) => readFileSync(path.join(place, file), 'utf8').trim());
    if (texts.length === 0 && !license) throw new Error(`${name} ${version} names no licence`);
    const text = texts.length === 0 ? `Licence: ${license}` : texts.join('\n\n');
    bearers.set(text, [...(bearers.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const sections = [...bearers].map(([text, names]) => `${names.join('\n')}\n\n${text}`);
  return `imds-probe contains code of these packages.\n\n${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
