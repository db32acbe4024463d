// Instructions of one run, counted by valgrind: the figure that does not depend on the machine or what else it does.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBox } from './box.ts';
import { run } from './measure.ts';
import { commandOf, FLOOR, ours, type Peer, program } from './peers.ts';
import type { Bench, Result } from './section.ts';
import { figure } from './table.ts';

/** V8 compiles and collects on other threads, so runs differ by some per cent; the least tells most. */
const RUNS = 3;

export async function instructions(bench: Bench): Promise<Result> {
  const valgrind = program('valgrind');
  if (valgrind === null) {
    return { tables: [], data: 'valgrind is not on this machine', limits: [] };
  }
  const box = await openBox();
  try {
    // Ten times slower than life: no time-out may tell.
    const env = { IMDS_PROBE_TIMEOUT: '60', IMDS_PROBE_DEADLINE: '300' };
    const subjects: readonly Peer[] = [
      FLOOR,
      ...ours(bench.program, null).map((peer) => ({ ...peer, env: { ...env, ...peer.env } })),
    ];
    const counted: { name: string; millions: number }[] = [];
    for (const peer of subjects) {
      bench.say(`instructions: ${peer.name}`);
      const each: number[] = [];
      for (let time = 0; time < RUNS; time += 1) each.push(await counting(valgrind, peer, box.environment));
      counted.push({ name: peer.name, millions: Math.min(...each) / 1e6 });
    }
    const floor = counted[0]?.millions ?? Number.NaN;
    return {
      tables: [
        {
          title: `Instructions (callgrind, the least of ${RUNS} runs)`,
          columns: ['', 'millions', '×'],
          rows: counted.map(({ name, millions }) => [name, figure(millions), figure(millions / floor, 2)]),
        },
      ],
      data: counted,
      limits: [],
    };
  } finally {
    await box.close();
  }
}

async function counting(
  valgrind: string,
  peer: Peer,
  box: Readonly<Record<string, string>>,
): Promise<number> {
  const out = path.join(tmpdir(), `imds-probe-bench-${process.pid}.callgrind`);
  const argv = [valgrind, '--tool=callgrind', `--callgrind-out-file=${out}`, ...peer.argv] as const;
  const { stderr } = await run(commandOf({ ...peer, argv }, box));
  rmSync(out, { force: true });
  const total = /refs:\s*([\d,]+)/.exec(stderr)?.[1];
  if (total === undefined) throw new Error(`valgrind counted nothing of ${peer.name}: ${stderr.slice(-300)}`);
  return Number(total.replaceAll(',', ''));
}
