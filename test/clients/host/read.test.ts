// Files that are and are not what they should be.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileBounded, smallText } from '../../../src/clients/host/read.ts';
import type { FileRead } from '../../../src/core/host.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imds-probe-read-'));
  chmodSync(folder, 0o755);
  writeFileSync(at('plain'), 'größe\n');
  writeFileSync(at('empty'), '');
  writeFileSync(at('exact'), 'x'.repeat(100));
  writeFileSync(at('larger'), 'x'.repeat(101));
  writeFileSync(at('nul'), 'a\0b');
  writeFileSync(at('latin1'), Buffer.from([0x67, 0x72, 0xf6, 0xdf, 0x65]));
  writeFileSync(at('marked'), '\ufeffa');
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 40);
  writeFileSync(at('closed'), 'x', { mode: 0o600 });
  mkdirSync(at('folder'));
  symlinkSync(at('plain'), at('link'));
  symlinkSync(at('loop'), at('loop'));
  symlinkSync('/nowhere', at('dangling'));
  execFileSync('mkfifo', [at('pipe')]);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('readFileBounded', () => {
  it.each<[string, FileRead]>([
    ['plain', { state: 'read', text: 'größe\n' }],
    ['empty', { state: 'read', text: '' }],
    ['exact', { state: 'read', text: 'x'.repeat(100) }],
    ['larger', { state: 'too-large', detail: 'it is larger than 100 bytes' }],
    ['huge', { state: 'too-large', detail: 'it is larger than 100 bytes' }],
    ['nul', { state: 'binary', detail: 'it is no UTF-8 text' }],
    ['latin1', { state: 'binary', detail: 'it is no UTF-8 text' }],
    ['marked', { state: 'read', text: '\ufeffa' }],
    ['folder', { state: 'not-regular', detail: 'it is a folder' }],
    ['pipe', { state: 'not-regular', detail: 'it is no regular file' }],
    ['link', { state: 'read', text: 'größe\n' }],
    ['loop', { state: 'not-regular', detail: 'it is a symbolic link that is not followed' }],
    ['dangling', { state: 'absent' }],
    ['missing', { state: 'absent' }],
    ['plain/below', { state: 'absent' }],
  ])('%s', (name, read) => {
    expect(readFileBounded(at(name), 100)).toEqual(read);
  });

  it.each<[string, FileRead]>([
    ['/dev/zero', { state: 'not-regular', detail: 'it is no regular file' }],
    ['/dev/null', { state: 'not-regular', detail: 'it is no regular file' }],
  ])('%s', (path, read) => {
    expect(readFileBounded(path, 100)).toEqual(read);
  });

  it('refuses a link where it is told not to follow one', () => {
    expect(readFileBounded(at('link'), 100, { follow: false })).toEqual({
      state: 'not-regular',
      detail: 'it is a symbolic link that is not followed',
    });
    expect(readFileBounded(at('plain'), 100, { follow: false }).state).toBe('read');
  });

  it('tells a path that no system takes', () => {
    expect(readFileBounded('a\0b', 100).state).toBe('unreadable');
    expect(readFileBounded('x'.repeat(5000), 100)).toEqual({
      state: 'unreadable',
      detail: 'it cannot be read (ENAMETOOLONG)',
    });
  });

  it('tells a file of somebody else', () => {
    const closed: FileRead = { state: 'unreadable', detail: 'this user may not read it (EACCES)' };
    if (process.getuid?.() !== 0) {
      chmodSync(at('closed'), 0);
      expect(readFileBounded(at('closed'), 100)).toEqual(closed);
      return;
    }
    // Root may read everything, so somebody else has to try; the source file runs as it is.
    const code = `
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      console.log(JSON.stringify(readFileBounded(${JSON.stringify(at('closed'))}, 100)));`;
    const source = `import { readFileBounded } from ${JSON.stringify(join(process.cwd(), 'src/clients/host/read.ts'))};${code}`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', source]);
    expect(JSON.parse(output.toString())).toEqual(closed);
  });

  it('reads what the kernel makes up on the spot', () => {
    expect(smallText('/proc/self/stat')).toMatch(/^\d+ \(/);
    expect(readFileBounded('/proc/self/status', 100).state).toBe('too-large');
    expect(smallText(at('missing'))).toBeNull();
    expect(smallText(at('plain'))).toBe('größe');
  });
});
