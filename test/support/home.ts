// Homes for tests of the whole program: real files below a folder of their own, gone when the test is.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface Home {
  readonly folder: string;
  put(name: string, text: string | Buffer): string;
}

/** A home with these files in it, by name below the home. */
export function home(files: Readonly<Record<string, string>> = {}): Home {
  const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string | Buffer): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  for (const [name, text] of Object.entries(files)) put(name, text);
  return { folder, put };
}
