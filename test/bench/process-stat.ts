// What the kernel says of a running process: memory now, CPU time so far.
import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1024;

export interface Memory {
  readonly rssMiB: number;
  /** Not backed by a file: what nobody else shares, and what counts on a small machine. */
  readonly anonymousMiB: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { rssMiB: kib('VmRSS') / MIB, anonymousMiB: kib('RssAnon') / MIB };
}

/** CPU time of all threads that live, in milliseconds, to the nanosecond (`schedstat`), not to the clock tick. */
export function cpuMsOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder)
    .map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0);
}
