// The disk of one run: made as a row says, and mended. Mounts are real, so this needs root.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { aCycle, opened } from '../../support/recorder.ts';
import type { Row } from './dimensions.ts';

export interface Disk {
  /** The state folder. */
  readonly folder: string;
  /** What a row does to it in the middle of the run. */
  disturb(): void;
  mend(): void;
  /** Takes the mount away. */
  remove(): void;
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
}

const none = (): void => {};

export function makeDisk(kind: Row['disk'], folder: string): Disk {
  const file = path.join(folder, 'recorder.db');
  fs.mkdirSync(folder, { mode: 0o750 });
  const unmount = (): void => void spawnSync('umount', ['-l', folder]);
  switch (kind) {
    case 'fine':
      return { folder, disturb: none, mend: none, remove: none };
    case 'full': {
      mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder);
      const filler = path.join(folder, 'filler');
      fill(filler);
      return { folder, disturb: none, mend: () => fs.rmSync(filler), remove: unmount };
    }
    case 'read-only': {
      mount('-t', 'tmpfs', '-o', 'size=2m,ro', 'tmpfs', folder);
      return { folder, disturb: none, mend: () => mount('-o', 'remount,rw', folder), remove: unmount };
    }
    case 'with a damaged recording': {
      const { recorder } = opened(folder);
      for (let at = 1; at <= 30; at++) recorder.record(aCycle(at, { metrics: [] }));
      recorder.close();
      fs.truncateSync(file, fs.statSync(file).size - 4096);
      return { folder, disturb: none, mend: none, remove: none };
    }
    case 'with a foreign file':
      fs.writeFileSync(file, 'this is not a recording\n'.repeat(500));
      return { folder, disturb: none, mend: none, remove: none };
    case 'held by another agent': {
      const lock = new DatabaseSync(path.join(folder, 'recorder.lock'));
      lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return { folder, disturb: none, mend: () => lock.close(), remove: none };
    }
    case 'cleared while it runs':
      return {
        folder,
        disturb: () => {
          for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name), { force: true });
        },
        mend: none,
        remove: none,
      };
  }
}

function fill(filler: string): void {
  const fd = fs.openSync(filler, 'w');
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    fs.closeSync(fd);
  }
}
