// Finds the AWS CLI on PATH and its version: from what its installer left behind where possible, else by asking it.
import { closeSync, constants, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AwsCli } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { isFar } from '../mounts.ts';
import { onPath, whyNotRun } from '../program.ts';
import { runBounded } from './run-process.ts';

/** `aws --version` takes half a second warm, a few seconds from a cold disk. */
const TIMEOUT_MS = 5000;
const MAX_OUTPUT_BYTES = 4096;
const MAX_FOLDERS = 64;

const NONE: AwsCli = { path: null, version: null, how: null, detail: null };

/** The CLI that `aws` means under this PATH. Never throws. */
export async function findAwsCli(path: string, signal: AbortSignal): Promise<AwsCli> {
  const found = onPath('aws', path);
  if (found === null) return NONE;
  const shown = shownText(found);
  const installed = installedVersion(found);
  if (installed !== null) return { path: shown, version: installed, how: 'metadata', detail: null };
  const doubt = whyNotRun(found);
  if (doubt !== null)
    return { path: shown, version: null, how: null, detail: `not asked for its version: ${doubt}` };
  const output = await runBounded(
    [found, '--version'],
    { environment: cleanEnvironment(path), user: null, timeoutMs: TIMEOUT_MS, maxBytes: MAX_OUTPUT_BYTES },
    signal,
  );
  const version = /\baws-cli\/(\d{1,3}\.\d{1,4}\.\d{1,5})\b/.exec(output.text ?? '')?.[1] ?? null;
  return version === null
    ? {
        path: shown,
        version: null,
        how: null,
        detail: `aws --version ${output.failure ?? 'printed no version'}`,
      }
    : { path: shown, version, how: 'ran', detail: null };
}

/** Nothing of the caller's: no files, no credentials, no metadata service. */
function cleanEnvironment(path: string): Readonly<Record<string, string>> {
  return {
    PATH: path,
    HOME: '/nonexistent',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

function installedVersion(found: string): string | null {
  try {
    const real = realpathSync(found);
    // AWS's installer for version 2 keeps each version in a folder of its name.
    const bundled = /\/aws-cli\/v2\/(\d{1,3}\.\d{1,4}\.\d{1,5})\//.exec(real)?.[1];
    return bundled ?? shimmedVersion(found) ?? pythonVersion(real);
  } catch {
    return null;
  }
}

/** A Python script: the package's metadata lies in the libraries beside the script or its interpreter. */
function pythonVersion(script: string): string | null {
  const interpreter = /^#!\s*(\/\S*python[\d.]*)/.exec(firstBytes(script))?.[1];
  if (interpreter === undefined || isFar(interpreter)) return null;
  const prefixes = new Set([dirname(dirname(script)), dirname(dirname(interpreter))]);
  try {
    prefixes.add(dirname(dirname(realpathSync(interpreter))));
  } catch {
    // The interpreter is gone; the script's own libraries may still tell.
  }
  for (const folder of [...prefixes].flatMap(libraries)) {
    const version = packageVersion(folder);
    if (version !== null) return version;
  }
  return null;
}

/** A shim of pyenv: `<root>/shims/aws` starts one of `<root>/versions/*`; known where all of them agree. */
function shimmedVersion(found: string): string | null {
  if (!found.endsWith('/shims/aws')) return null;
  const versions = join(dirname(dirname(found)), 'versions');
  const seen = entries(versions)
    .slice(0, MAX_FOLDERS)
    .flatMap((name) => libraries(join(versions, name)))
    .map(packageVersion)
    .filter((version) => version !== null);
  return new Set(seen).size === 1 ? (seen[0] ?? null) : null;
}

function firstBytes(file: string): string {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(256);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0)).toString('latin1');
  } finally {
    closeSync(descriptor);
  }
}

function libraries(prefix: string): readonly string[] {
  return [join(prefix, 'lib'), join(prefix, 'lib64'), join(prefix, 'local/lib')].flatMap((folder) =>
    entries(folder)
      .filter((name) => /^python\d[\d.]*$/.test(name))
      .flatMap((name) => [join(folder, name, 'site-packages'), join(folder, name, 'dist-packages')]),
  );
}

function packageVersion(folder: string): string | null {
  for (const name of entries(folder)) {
    const version = /^awscli(?:_?v2)?-(\d{1,3}\.\d{1,4}\.\d{1,5})(?:-py[\d.]+)?\.(?:dist|egg)-info$/.exec(
      name,
    )?.[1];
    if (version !== undefined) return version;
  }
  return null;
}

function entries(folder: string): readonly string[] {
  if (isFar(folder)) return [];
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
