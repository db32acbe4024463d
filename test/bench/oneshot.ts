// One diagnosis from start to end against Node with nothing to do, and against others fetching the same credentials.
import { type BenchBox, openBox } from './box.ts';
import { type Consumed, canMeasureConsumption, consumption, type Ran, run } from './measure.ts';
import { commandOf, FLOOR, ours, type Peer, peers } from './peers.ts';
import type { Bench, Result } from './section.ts';
import { median, ratios, type Spread, spread } from './stats.ts';
import { figure, type Table } from './table.ts';

/** Runs for CPU time and memory, which are steadier than wall time. */
const CONSUMPTION_RUNS = 7;

interface Measured {
  readonly name: string;
  readonly wallMs: Spread;
  /** Of each run to the run of `node -e 0` right before it. */
  readonly ratio: Spread;
  readonly cpuMs: number | null;
  readonly peakMiB: number | null;
  readonly imdsRequests: number;
  readonly imdsConnections: number;
}

interface Subject {
  readonly peer: Peer;
  readonly walls: number[];
  readonly floors: number[];
}

export async function oneshot(bench: Bench): Promise<Result> {
  const box = await openBox();
  try {
    const { present, absent } = peers();
    const all = [...ours(bench.program, bench.packaged), ...present];
    const failed: string[] = [];
    const subjects: Subject[] = [];
    for (const peer of all) {
      const problem = await settled(peer, box);
      if (problem === null) subjects.push({ peer, walls: [], floors: [] });
      else failed.push(`${peer.name} (${problem})`);
    }
    await pairUp(subjects, box, bench);
    const floor = await consumed(FLOOR, box);
    const measured: Measured[] = [];
    for (const subject of subjects) measured.push(await figures(subject, box));
    const floorMs = spread(subjects.flatMap(({ floors }) => floors));
    const notes = [
      ...(absent.length === 0 ? [] : [`Not on this machine: ${absent.join(', ')}.`]),
      ...(failed.length === 0 ? [] : [`Did not do their work: ${failed.join(', ')}.`]),
      ...(canMeasureConsumption ? [] : ['CPU time and memory need bash and GNU time.']),
    ];
    return {
      tables: [table(measured, floorMs, floor, bench.pairs, notes)],
      data: { floor: { wallMs: floorMs, ...floor }, measured, absent, failed },
      limits: [],
    };
  } finally {
    await box.close();
  }
}

/** Runs twice, so that whatever it caches is there; why it does not count, or null. */
async function settled(peer: Peer, box: BenchBox): Promise<string | null> {
  let last: Ran | null = null;
  for (let time = 0; time < 2; time += 1) last = await run(commandOf(peer, box.environment));
  if (last === null || peer.says.test(last.stdout)) return null;
  return (last.stderr || last.stdout).trim().split('\n').at(-1)?.slice(0, 120) ?? `exit code ${last.code}`;
}

/** Each in its turn right after a run of the floor, so that both meet the same load; the order turns. */
async function pairUp(subjects: readonly Subject[], box: BenchBox, { pairs, say }: Bench): Promise<void> {
  const floor = commandOf(FLOOR, box.environment);
  for (let pair = 0; pair < pairs; pair += 1) {
    say(`one-shot: pair ${pair + 1} of ${pairs}`);
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const subject = subjects[(turn + pair) % subjects.length];
      if (subject === undefined) continue;
      subject.floors.push((await run(floor)).wallMs);
      subject.walls.push((await run(commandOf(subject.peer, box.environment))).wallMs);
    }
  }
}

async function consumed(
  peer: Peer,
  box: BenchBox,
): Promise<{ cpuMs: number | null; peakMiB: number | null }> {
  const all: Consumed[] = [];
  for (let time = 0; time < CONSUMPTION_RUNS; time += 1) {
    const one = await consumption(commandOf(peer, box.environment));
    if (one === null) return { cpuMs: null, peakMiB: null };
    all.push(one);
  }
  return { cpuMs: median(all.map(({ cpuMs }) => cpuMs)), peakMiB: median(all.map(({ peakMiB }) => peakMiB)) };
}

async function figures({ peer, walls, floors }: Subject, box: BenchBox): Promise<Measured> {
  await box.mark();
  await run(commandOf(peer, box.environment));
  const { imdsRequests, imdsConnections } = await box.counts();
  return {
    name: peer.name,
    wallMs: spread(walls),
    ratio: spread(ratios(walls, floors)),
    ...(await consumed(peer, box)),
    imdsRequests,
    imdsConnections,
  };
}

function table(
  measured: readonly Measured[],
  floorMs: Spread,
  floor: { readonly cpuMs: number | null; readonly peakMiB: number | null },
  pairs: number,
  notes: readonly string[],
): Table {
  const between = ({ low, high }: Spread): string => `${figure(low, 2)}–${figure(high, 2)}`;
  return {
    title: `One run (${pairs} pairs; × is the median of ratios to node -e 0 in the same breath)`,
    columns: ['', 'wall ms', '×', 'half of all', 'CPU ms', 'peak MiB', 'IMDS requests', 'connections'],
    rows: [
      [FLOOR.name, figure(floorMs.median), '1', '', figure(floor.cpuMs, 0), figure(floor.peakMiB), '', ''],
      ...measured.map((one) => [
        one.name,
        figure(one.wallMs.median),
        figure(one.ratio.median, 2),
        between(one.ratio),
        figure(one.cpuMs, 0),
        figure(one.peakMiB),
        String(one.imdsRequests),
        String(one.imdsConnections),
      ]),
    ],
    notes,
  };
}
