// Whether the agent grows: its memory after 20,000 cycles against that after 5,000, without the waits between them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BenchBox, openBox } from './box.ts';
import { commandOf } from './peers.ts';
import { type Memory, memoryOf } from './process-stat.ts';
import type { Bench, Result } from './section.ts';
import { median } from './stats.ts';
import { figure } from './table.ts';

const FROM = 5_000;
const TO = 20_000;
/** Memory breathes with V8's collections: looked at this often around each mark. */
const LOOKS = 40;
const LOOK_EVERY_MS = 250;

export async function growth({ program, say }: Bench): Promise<Result> {
  const box = await openBox();
  const state = mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-state-'));
  const { argv, env } = commandOf(
    {
      // A beat of an hour that comes at once, since `no-waiting.mjs` cuts long timers short.
      argv: [
        process.execPath,
        ...launcherSettings(),
        '--import',
        path.join(import.meta.dirname, 'no-waiting.mjs'),
        program,
        'agent',
        '--interval',
        '3600',
        '--flush',
        '1',
        // What a cycle was given is kept until its deadline: here that would be thousands of cycles at once.
        '--deadline',
        '1',
        '--state-dir',
        state,
      ],
    },
    box.environment,
  );
  const [node, ...args] = argv;
  const child = spawn(node, args, { env, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  try {
    await reached(FROM, box, say);
    const first = await looked(pid);
    await reached(TO, box, say);
    const last = await looked(pid);
    const grownMiB = last.rssMiB - first.rssMiB;
    return {
      tables: [
        {
          title: 'Growth',
          columns: ['', 'RSS MiB', 'anonymous MiB'],
          rows: [
            [`after ${FROM} cycles`, figure(first.rssMiB), figure(first.anonymousMiB)],
            [`after ${TO} cycles`, figure(last.rssMiB), figure(last.anonymousMiB)],
            ['grown by', figure(grownMiB), figure(last.anonymousMiB - first.anonymousMiB)],
          ],
        },
      ],
      data: { from: FROM, to: TO, first, last, grownMiB },
      limits: [],
    };
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    await box.close();
  }
}

/** What the launcher of the packages gives the agent's Node. */
function launcherSettings(): readonly string[] {
  const launcher = readFileSync(
    path.resolve(import.meta.dirname, '../../deploy/packages/launcher.sh'),
    'utf8',
  );
  const agent = /= agent \][\s\S]*?\nfi/.exec(launcher)?.[0] ?? '';
  return [...agent.matchAll(/\s(--[a-z][a-z0-9=-]+)/g)].flatMap(([, setting]) => setting ?? []);
}

/** Cycles are counted by what they ask the time server: four questions each. */
async function reached(cycles: number, box: BenchBox, say: Bench['say']): Promise<void> {
  for (;;) {
    const done = Math.floor((await box.counts()).timeRequests / 4);
    if (done >= cycles) return;
    say(`growth: cycle ${done} of ${cycles}`);
    await wait(2000);
  }
}

async function looked(pid: number): Promise<Memory> {
  const all: Memory[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    all.push(memoryOf(pid));
    await wait(LOOK_EVERY_MS);
  }
  return {
    rssMiB: median(all.map(({ rssMiB }) => rssMiB)),
    anonymousMiB: median(all.map(({ anonymousMiB }) => anonymousMiB)),
  };
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
