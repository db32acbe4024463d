// Tells which paths lead to a file system whose server can be gone: whoever opens a file there may wait for ever.
import { lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { readFileBounded } from './read.ts';

/** filesystems(5) and their kin over a network, or served by a process (fuse(4)), or mounted by a look (autofs(5)). */
const FAR =
  /^\S+ (\/\S+) (?:nfs4?|cifs|smb3|smbfs|ceph|afs|coda|9p|lustre|gpfs|beegfs|glusterfs|orangefs|virtiofs|autofs|fuse|fuse\.\S+) /gm;

const MAX_MOUNTS_BYTES = 1024 * 1024;
/** A run asks for a handful of paths at once. */
const KEPT_MS = 1000;
/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

let kept: { readonly table: string; readonly points: ReadonlySet<string>; readonly untilMs: number } | null =
  null;

/**
 * Whether `path` leads over a mount point of such a file system; links are followed, and none beyond that point. The
 * root itself does not count: this program would stand still as well. `table` is proc_pid_mounts(5), or a test's.
 */
export function isFar(path: string, table = '/proc/self/mounts'): boolean {
  const points = farMounts(table);
  if (points.size === 0) return false;
  const left = partsOf(resolve(path));
  let at = '/';
  for (let links = 0; ; ) {
    const part = left.shift();
    if (part === undefined) return false;
    at = join(at, part);
    if (points.has(at)) return true;
    const link = linkAt(at);
    if (link === null) continue;
    links += 1;
    if (links > MAX_LINKS) return false;
    left.unshift(...partsOf(link));
    at = isAbsolute(link) ? '/' : join(at, '..');
  }
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

function linkAt(path: string): string | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}

function farMounts(table: string): ReadonlySet<string> {
  const nowMs = performance.now();
  if (kept !== null && kept.table === table && nowMs < kept.untilMs) return kept.points;
  const read = readFileBounded(table, MAX_MOUNTS_BYTES);
  const points = new Set<string>();
  for (const [, point] of read.state === 'read' ? read.text.matchAll(FAR) : []) {
    // Blanks and the like are written as octal numbers of their bytes.
    const octal = /\\([0-7]{3})/g;
    if (point !== undefined)
      points.add(point.replace(octal, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))));
  }
  kept = { table, points, untilMs: nowMs + KEPT_MS };
  return points;
}
