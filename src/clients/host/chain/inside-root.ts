// Opens paths inside another process's root the way that process would, without any link leading out of it.
//
// `/proc/N/root` alone does not do: the kernel follows an absolute link below it in our root, and `..` beyond its top.
// So the path is walked folder by folder, each opened relative to the one before (through /proc/self/fd, as Node has
// no openat(2)) and none by following a link; links are read and walked in their turn. Nothing is checked first and
// opened later, so whoever swaps a folder for a link meanwhile only makes the walk fail.
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';

/** Refers to a file without opening what it is: open(2), asm-generic; x86 and ARM agree on it. Node has no name for it. */
export const O_PATH = 0x20_0000;
const STEP = O_PATH | constants.O_NOFOLLOW;

/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;
const MAX_PARTS = 256;

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Finds `path` below the folder `root` is open on; gives a descriptor of O_PATH. Throws the system's error. */
export function findInside(root: number, path: string): number {
  /** The folders walked through, each open; `..` closes the last one and goes no further up than the root. */
  const folders: number[] = [];
  try {
    return walk(root, folders, partsOf(path));
  } finally {
    for (const folder of folders) closeSync(folder);
  }
}

function walk(root: number, folders: number[], path: string[]): number {
  let left = path;
  let links = 0;
  for (;;) {
    const part = left.shift();
    const top = `/proc/self/fd/${folders.at(-1) ?? root}`;
    if (part === undefined) return openSync(top, O_PATH);
    const link = part === '..' ? null : linkAt(`${top}/${part}`);
    if (part === '..') leave(folders, 1);
    else if (link !== null) {
      links += 1;
      left = [...partsOf(link), ...left];
      if (links > MAX_LINKS || left.length > MAX_PARTS) throw loop();
      if (link.startsWith('/')) leave(folders, folders.length);
    } else if (left.length === 0) return openSync(`${top}/${part}`, STEP);
    else folders.push(openSync(`${top}/${part}`, STEP | constants.O_DIRECTORY));
  }
}

function leave(folders: number[], count: number): void {
  for (const folder of folders.splice(Math.max(0, folders.length - count))) closeSync(folder);
}

/** Where a link points, or null where it is none. */
function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return null;
    throw error;
  }
}

const loop = (): Error => Object.assign(new Error('too many links'), { code: 'ELOOP' });
