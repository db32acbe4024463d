// Homes for tests of the whole program: real files below folders of their own, gone when the file's tests are over.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

export interface Home {
  readonly folder: string;
  put(name: string, text: string | Buffer): string;
}

/** Makes homes with these files in them, by name below the home. Call it at the top of a test file. */
export function homes(): (files?: Readonly<Record<string, string>>) => Home {
  const base = mkdtempSync(path.join(tmpdir(), 'imds-probe-homes-'));
  // Other users look into some of them.
  chmodSync(base, 0o755);
  // Not when a test is finished: tests that run side by side would take each other's folders away.
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  return (files = {}) => {
    const folder = mkdtempSync(path.join(base, 'home-'));
    const put = (name: string, text: string | Buffer): string => {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    };
    for (const [name, text] of Object.entries(files)) put(name, text);
    return { folder, put };
  };
}
