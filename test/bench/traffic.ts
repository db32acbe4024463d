// What reaches IMDS and AWS: by one run, and by an agent's cycle where nothing changes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type BenchBox, openBox } from './box.ts';
import type { BoxCounts } from './box-process.ts';
import { run } from './measure.ts';
import { commandOf, FLOOR, type Peer, peers } from './peers.ts';
import type { Bench, Result } from './section.ts';
import { figure } from './table.ts';

/** After this many seconds at a beat of one second, everything an agent asks once has been asked. */
const SETTLE_SECONDS = 5;
const WATCHED_SECONDS = 10;

interface Counted {
  readonly name: string;
  readonly imdsRequests: number;
  readonly imdsTokens: number;
  readonly imdsConnections: number;
}

export async function traffic(bench: Bench): Promise<Result> {
  const box = await openBox();
  try {
    const once = { name: 'imds-probe', argv: [process.execPath, bench.program] as const, says: FLOOR.says };
    const others: readonly Peer[] = bench.short ? [] : peers().present;
    const fetches: Counted[] = [];
    for (const peer of [once, ...others]) fetches.push(await fetched(peer, box));
    const cycle = await steadyCycle(bench.program, box);
    const [own] = fetches;
    return {
      tables: [
        {
          title: 'Requests to IMDS',
          columns: ['', 'requests', 'of these for a token', 'connections'],
          rows: [
            ...fetches.map((one) => [
              one.name,
              String(one.imdsRequests),
              String(one.imdsTokens),
              String(one.imdsConnections),
            ]),
            [
              `imds-probe agent, a cycle (of ${WATCHED_SECONDS})`,
              figure(cycle.requestsACycle),
              figure(cycle.tokensACycle),
              String(cycle.connections),
            ],
          ],
        },
      ],
      data: { fetches, cycle },
      limits: [
        { what: 'requests of one run', is: own?.imdsRequests ?? Number.NaN, atMost: 5 },
        { what: 'connections of one run', is: own?.imdsConnections ?? Number.NaN, atMost: 1 },
        // The edges of the time watched may cut a cycle in two.
        { what: 'requests of a steady cycle', is: cycle.requestsACycle, atMost: 1.2 },
        { what: 'tokens of a steady cycle', is: cycle.tokensACycle, atMost: 0 },
        { what: 'connections over all steady cycles', is: cycle.connections, atMost: 1 },
      ],
    };
  } finally {
    await box.close();
  }
}

/** The least of some runs: where the machine stands still meanwhile, a client may ask once more. */
async function fetched(peer: Peer, box: BenchBox): Promise<Counted> {
  const each: BoxCounts[] = [];
  for (let time = 0; time < 3; time += 1) {
    await box.mark();
    await run(commandOf(peer, box.environment));
    each.push(await box.counts());
  }
  const [least] = each.toSorted((a, b) => a.imdsRequests - b.imdsRequests);
  if (least === undefined) throw new Error('there was no run');
  const { imdsRequests, imdsTokens, imdsConnections } = least;
  return { name: peer.name, imdsRequests, imdsTokens, imdsConnections };
}

async function steadyCycle(program: string, box: BenchBox) {
  const { argv, env } = commandOf(
    { argv: [process.execPath, program, 'agent', '--interval', '1', '--flush', '300'] },
    box.environment,
  );
  const [node, ...args] = argv;
  const agent = spawn(node, args, { env, stdio: 'ignore' });
  try {
    await seconds(SETTLE_SECONDS);
    await box.mark();
    await seconds(WATCHED_SECONDS);
    const { imdsRequests, imdsTokens, imdsConnections, timeRequests } = await box.counts();
    // Cycles are counted by what they ask the time server: four questions each.
    const cycles = Math.max(1, Math.round(timeRequests / 4));
    return {
      cycles,
      requestsACycle: imdsRequests / cycles,
      tokensACycle: imdsTokens / cycles,
      connections: imdsConnections,
    };
  } finally {
    agent.kill('SIGTERM');
    await once(agent, 'exit');
  }
}

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });
