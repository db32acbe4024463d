// Reads small files before anything else runs: regular, bounded, text, and never waiting for a pipe.
//
// Synchronous on purpose: at start-up a handful of files is read faster this way than through the thread pool, and
// nothing else could run meanwhile. What belongs to other users and processes is read by `chain/reach.ts`.
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileRead } from '../../core/host.ts';

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Reads a regular UTF-8 file of at most `limitBytes`. Never throws. `follow: false` refuses a symbolic link. */
export function readFileBounded(
  path: string,
  limitBytes: number,
  { follow = true }: { readonly follow?: boolean } = {},
): FileRead {
  let file: number;
  try {
    file = openSync(path, follow ? FLAGS : FLAGS | constants.O_NOFOLLOW);
  } catch (error) {
    return stateOf(error);
  }
  try {
    return readOpen(file, limitBytes);
  } catch (error) {
    return stateOf(error);
  } finally {
    closeSync(file);
  }
}

function readOpen(file: number, limitBytes: number): FileRead {
  const stat = fstatSync(file);
  if (!stat.isFile()) {
    return { state: 'not-regular', detail: `it is ${stat.isDirectory() ? 'a folder' : 'no regular file'}` };
  }
  const tooLarge: FileRead = { state: 'too-large', detail: `it is larger than ${limitBytes} bytes` };
  if (stat.size > limitBytes) return tooLarge;
  // Files of /proc say size 0 and hold more; others can grow meanwhile.
  const buffer = Buffer.allocUnsafe((stat.size > 0 ? stat.size : limitBytes) + 1);
  let length = 0;
  while (length < buffer.length) {
    const bytes = readSync(file, buffer, length, buffer.length - length, null);
    if (bytes === 0) break;
    length += bytes;
  }
  if (length > limitBytes) return tooLarge;
  const bytes = buffer.subarray(0, length);
  if (bytes.includes(0) || !isUtf8(bytes)) return { state: 'binary', detail: 'it is no UTF-8 text' };
  return { state: 'read', text: bytes.toString('utf8') };
}

function stateOf(error: unknown): FileRead {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { state: 'absent' };
    case 'EISDIR':
    case 'ENXIO':
      return { state: 'not-regular', detail: 'it is no regular file' };
    case 'ELOOP':
      return { state: 'not-regular', detail: 'it is a symbolic link that is not followed' };
    case 'EACCES':
    case 'EPERM':
      return { state: 'unreadable', detail: `this user may not read it (${code})` };
    default:
      return { state: 'unreadable', detail: `it cannot be read (${code})` };
  }
}

/** The text of a small file such as those of /proc and /sys, trimmed; null for whatever reason it can't be had. */
export function smallText(path: string): string | null {
  // sysfs claims a page for every file.
  const read = readFileBounded(path, 64 * 1024);
  return read.state === 'read' ? read.text.trim() : null;
}
