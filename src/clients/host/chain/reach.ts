// Opens files with the rights, and inside the root, of whoever the chain belongs to: regular, bounded, never blocking.
import { close, closeSync, constants, fstat, fstatSync, open, opendirSync, openSync, read } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { isFar } from '../mounts.ts';
import { findInside, O_PATH } from './inside-root.ts';

const openFile = promisify(open);
const statFile = promisify(fstat);
const readFile = promisify(read);
const closeFile = promisify(close);

/** The user files are opened as; null where we are that user already, or can't become it. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** From where and as whom to read. */
export interface Reach {
  readonly user: FileUser | null;
  /** `/proc/N/root` of a process in another mount namespace; null for our own view. */
  readonly root: string | null;
  /** What relative paths start from. */
  readonly folder: string;
  /** Told of each path before it is opened. Where nobody is, no file is opened whose server may be gone. */
  readonly onReading?: ((path: string) => void) | undefined;
}

/** A file that may never answer: only a process that may be left behind reads it. */
export class FarFile extends Error {
  override readonly name = 'FarFile';
}

function reading({ user, root, onReading }: Reach, absolute: string): void {
  if (onReading !== undefined) onReading(absolute);
  else if (user === null && root === null && isFar(absolute)) throw new FarFile('far');
}

export type FileReading =
  | { readonly state: 'read'; readonly bytes: Buffer }
  | { readonly state: 'absent' | 'unreadable' | 'too-large' | 'not-regular' };

/**
 * Runs one short synchronous step as another user. The kernel then judges the open as it would that user's own:
 * no file is read for somebody who may not read it. Root only; `user` null runs it as we are.
 */
export function asUser<T>(user: FileUser | null, step: () => T): T {
  const { geteuid, getegid, getgroups, setgroups, setegid, seteuid } = process;
  if (user === null || !geteuid || !getegid || !getgroups || !setgroups || !setegid || !seteuid)
    return step();
  const [uid, gid, groups] = [geteuid(), getegid(), getgroups()];
  try {
    setgroups([...user.groups]);
    setegid(user.gid);
    seteuid(user.uid);
    return step();
  } finally {
    seteuid(uid);
    setegid(gid);
    setgroups(groups);
  }
}

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Reads a regular file of at most `limit` bytes. Rejects with a `FarFile` only; never waits for a pipe. */
export async function readWithin(reach: Reach, path: string, limit: number): Promise<FileReading> {
  let file: number;
  try {
    file = await opened(reach, path);
  } catch (error) {
    return { state: stateOf(error) };
  }
  try {
    return await readOpen(file, limit);
  } catch (error) {
    return { state: stateOf(error) };
  } finally {
    await closeFile(file);
  }
}

async function opened(reach: Reach, path: string): Promise<number> {
  const absolute = absoluteIn(reach, path);
  reading(reach, absolute);
  // As ourselves another thread may wait for a slow disk; as somebody else it has to be this one.
  if (reach.user === null && reach.root === null) return await openFile(absolute, FLAGS);
  return openedAs(reach, absolute, 'file');
}

const absoluteIn = (reach: Reach, path: string): string =>
  isAbsolute(path) ? path : join(reach.folder, path);

/**
 * Opens as the user of the reach, inside its root where it has one. What lies there is looked at before it is opened:
 * opening alone does something to a pipe or a device, and the owner of a container can make any of them.
 */
function openedAs({ user, root }: Reach, absolute: string, kind: 'file' | 'folder'): number {
  // Opened as ourselves: another user may not look through /proc/N/root.
  const folder = root === null ? null : openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return asUser(user, () => {
      const found = folder === null ? openSync(absolute, O_PATH) : findInside(folder, absolute);
      try {
        const stat = fstatSync(found);
        if (kind === 'file' ? !stat.isFile() : !stat.isDirectory()) throw notOfThatKind();
        return openSync(`/proc/self/fd/${found}`, FLAGS);
      } finally {
        closeSync(found);
      }
    });
  } finally {
    if (folder !== null) closeSync(folder);
  }
}

const notOfThatKind = (): Error => Object.assign(new Error('of another kind'), { code: 'ENXIO' });

async function readOpen(file: number, limit: number): Promise<FileReading> {
  const stat = await statFile(file);
  if (!stat.isFile()) return { state: 'not-regular' };
  // /proc files say size 0, so the size is a first refusal only; reading stops one byte past the limit.
  if (stat.size > limit) return { state: 'too-large' };
  const buffer = Buffer.allocUnsafe(limit + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await readFile(file, buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length > limit ? { state: 'too-large' } : { state: 'read', bytes: buffer.subarray(0, length) };
}

function stateOf(error: unknown): 'absent' | 'unreadable' | 'not-regular' {
  if (error instanceof FarFile) throw error;
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
  return code === 'EISDIR' || code === 'ENXIO' ? 'not-regular' : 'unreadable';
}

/** Names in a folder that fit `pattern`, sorted; at most `limit`. Empty where it can't be read; throws a `FarFile` only. */
export function namesWithin(reach: Reach, path: string, pattern: RegExp, limit: number): readonly string[] {
  const absolute = absoluteIn(reach, path);
  reading(reach, absolute);
  try {
    const file = openedAs(reach, absolute, 'folder');
    try {
      const folder = opendirSync(`/proc/self/fd/${file}`);
      try {
        return listed(folder, pattern, limit);
      } finally {
        folder.closeSync();
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
}

/** Entries looked at in a folder, whether they fit or not. */
const MAX_ENTRIES = 5000;

function listed(folder: ReturnType<typeof opendirSync>, pattern: RegExp, limit: number): readonly string[] {
  const names: string[] = [];
  for (let looked = 0; looked < MAX_ENTRIES; looked += 1) {
    const entry = folder.readSync();
    if (entry === null) break;
    if (pattern.test(entry.name)) names.push(entry.name);
  }
  return names.sort().slice(0, limit);
}
