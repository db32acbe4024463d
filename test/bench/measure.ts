// Runs a program to its end and measures it: wall time by itself, CPU time and peak memory in a run of their own.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export interface Ran {
  /** Milliseconds from the program's exec to its end; what it takes to fork from this process is not in it. */
  readonly wallMs: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Epoch milliseconds of the first word on standard error, or null. */
  readonly firstErrorMs: number | null;
}

/** Waits for the end. What it writes is kept, so that a figure can be held against what was done for it. */
export function run({ argv, env }: Command): Promise<Ran> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // libuv answers once the exec is done.
    const started = process.hrtime.bigint();
    let wallMs = 0;
    const told = { stdout: '', stderr: '' };
    let firstErrorMs: number | null = null;
    child.stdout.on('data', (chunk: Buffer) => {
      told.stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      firstErrorMs ??= performance.timeOrigin + performance.now();
      told.stderr += chunk.toString('utf8');
    });
    child.on('error', reject);
    child.on('exit', () => {
      wallMs = Number(process.hrtime.bigint() - started) / 1e6;
    });
    child.on('close', (code) => resolve({ wallMs, code, firstErrorMs, ...told }));
  });
}

export interface Consumed {
  /** User and system time, with that of its children, in milliseconds. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

const GNU_TIME = '/usr/bin/time';
/** bash tells CPU time to the millisecond, GNU time the peak of the largest process. */
const SCRIPT = `TIMEFORMAT='%3U %3S'; { time ${GNU_TIME} -f %M -o "$0.peak" -- "$@" >"$0.out" 2>&1; } 2>"$0.cpu"`;

/** Where bash and GNU time are missing, null: the kernel tells nobody but a process's parent. */
export const canMeasureConsumption = existsSync(GNU_TIME) && existsSync('/bin/bash');

export async function consumption({ argv, env }: Command): Promise<Consumed | null> {
  if (!canMeasureConsumption) return null;
  const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-'));
  try {
    const file = path.join(folder, 'run');
    await run({ argv: ['/bin/bash', '-c', SCRIPT, file, ...argv], env });
    // GNU time says first when a command ended with another code than 0.
    const peak = readFileSync(`${file}.peak`, 'utf8').trim().split('\n').at(-1) ?? '';
    const cpu = readFileSync(`${file}.cpu`, 'utf8').trim().split(' ').map(Number);
    return { cpuMs: cpu.reduce((all, seconds) => all + seconds * 1000, 0), peakMiB: Number(peak) / 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
