// Reads files of /proc/N: bounded whatever the process made of its own memory, and taken apart as the kernel joins them.
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** The kernel lets arguments and environment together be 6 MiB at most (fs/exec.c, bprm_stack_limits). */
const MAX_BYTES = 8 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
/** A process can fill its memory with anything after it has started. */
const MAX_PARTS = 200_000;

/** The text of `<root>/<pid>/<name>`; throws the system's error. */
export function procText(root: string, pid: number, name: string): string {
  const file = openSync(`${root}/${pid}/${name}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    let buffer = Buffer.allocUnsafe(FIRST_BYTES);
    let length = 0;
    for (;;) {
      const bytes = readSync(file, buffer, length, buffer.length - length, null);
      if (bytes === 0) break;
      length += bytes;
      if (length < buffer.length) continue;
      if (length >= MAX_BYTES) break;
      const larger = Buffer.allocUnsafe(buffer.length * 4);
      buffer.copy(larger);
      buffer = larger;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

/** Splits what the kernel ends by NUL; empty parts at the end are left out. */
export function nulSplit(text: string): readonly string[] {
  const parts = text.split('\0', MAX_PARTS);
  let length = parts.length;
  while (length > 0 && parts[length - 1] === '') length -= 1;
  return parts.slice(0, length);
}

/** What one line of /proc/N/stat tells (proc(5)). */
export interface ProcessStat {
  /** When it started, in clock ticks since boot: with the pid, who it is. */
  readonly started: string;
  readonly zombie: boolean;
  readonly kernelThread: boolean;
}

/** include/linux/sched.h, PF_KTHREAD. */
const KERNEL_THREAD = 0x0020_0000;

export function statOf(text: string): ProcessStat {
  // The name, in brackets, may itself hold brackets and blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? '';
  return {
    started: fields[19] ?? '',
    zombie: state === 'Z' || state === 'X',
    kernelThread: (Number(fields[6] ?? 0) & KERNEL_THREAD) !== 0,
  };
}
