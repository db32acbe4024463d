// One agent writes a folder at a time: whoever holds SQLite's exclusive lock on a file of no content.

import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { LOCK_NAME } from './schema.ts';
import type { Sqlite } from './sqlite.ts';
import { DiskTrouble, troubleOf } from './trouble.ts';

/** The people in the agent's group may read; nobody else may look. */
const FILE_MODE = 0o640;

/** A file, and which one it is: names can be given to others. */
export interface Place {
  readonly file: string;
  readonly inode: number;
}

export interface Held extends Place {
  readonly db: DatabaseSync;
}

/**
 * The lock is one of fcntl(2), so the kernel frees it with the process, however that ends, and nothing stale remains.
 *
 * @throws DiskTrouble
 */
export function takeLock(sqlite: Sqlite, dir: string): Held {
  const file = path.join(dir, LOCK_NAME);
  const inode = makeFile(file);
  const db = new sqlite.DatabaseSync(file, { timeout: 0 });
  try {
    // In memory: a journal beside it would be one more file that can be left behind.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return { file, inode, db };
  } catch (error) {
    closeQuietly(db);
    if (troubleOf(error).kind === 'busy')
      throw new DiskTrouble('locked', `another agent writes ${dir} (it holds ${LOCK_NAME})`);
    throw error;
  }
}

/** Makes an empty file where there is none, and answers its inode. The mode is set against any umask. */
export function makeFile(file: string): number {
  try {
    const fd = fs.openSync(file, 'wx', FILE_MODE);
    try {
      fs.fchmodSync(fd, FILE_MODE);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return fs.statSync(file).ino;
}

export function closeQuietly(db: DatabaseSync): void {
  try {
    db.close();
  } catch {
    // The kernel closes what SQLite can't.
  }
}

/**
 * Somebody may have cleared the folder: SQLite would go on in a file without a name.
 *
 * @throws DiskTrouble `gone`
 */
export function stillThere({ file, inode }: Place): void {
  if (fs.statSync(file, { throwIfNoEntry: false })?.ino === inode) return;
  throw new DiskTrouble('gone', `${file} was taken away or replaced`);
}
