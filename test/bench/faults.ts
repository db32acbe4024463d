// Seven faults of IMDS: how long until each client gives its verdict, and what it says.
import type { Report } from '../../src/core/report.ts';
import type { BehaviourChange, Fault } from '../../src/simulator/behaviour.ts';
import { type BenchBox, openBox } from './box.ts';
import { type Ran, run } from './measure.ts';
import { commandOf, type Peer, peers } from './peers.ts';
import type { Bench, Result } from './section.ts';
import { median } from './stats.ts';
import { figure } from './table.ts';

interface FaultRow {
  readonly name: string;
  readonly change: BehaviourChange;
}

const imds = (...faults: readonly Fault[]): BehaviourChange => ({ imds: { faults } });

const FAULTS: readonly FaultRow[] = [
  {
    name: 'one 429 to the PUT',
    change: imds({ method: 'PUT', times: 1, answer: { status: 429 } }),
  },
  {
    name: 'one 503 to a GET',
    change: imds({ method: 'GET', times: 1, answer: { status: 503 } }),
  },
  { name: '503 for ever', change: imds({ answer: { status: 503 } }) },
  { name: 'PUT lost (hop limit)', change: imds({ method: 'PUT', wire: 'hang' }) },
  { name: 'everything hangs', change: imds({ wire: 'hang' }) },
  { name: 'refused', change: { imds: { refused: true } } },
  { name: 'disabled (403)', change: imds({ answer: { status: 403 } }) },
];

/** Verdicts take from 50 ms to 10 s, so a few runs tell. */
const RUNS = 5;

interface Verdict {
  readonly fault: string;
  readonly client: string;
  readonly ms: number;
  readonly said: string;
  /** For imds-probe: milliseconds from the first answer to the first line on standard error, or null. */
  readonly shownAfterMs: number | null;
}

export async function faults({ program, short, say }: Bench): Promise<Result> {
  const box = await openBox();
  try {
    const own: Peer = { name: 'imds-probe', argv: [process.execPath, program, '--json'], says: /"schema"/ };
    const clients = [own, ...peers().present.filter(({ name }) => /^(JS|botocore|aws sts)/.test(name))];
    for (const peer of clients) await run(commandOf(peer, box.environment));
    const verdicts: Verdict[] = [];
    for (const fault of short ? FAULTS.slice(0, 1) : FAULTS) {
      for (const peer of short ? [own] : clients) {
        say(`faults: ${fault.name}, ${peer.name}`);
        verdicts.push(await verdictOf(fault, peer, box, short ? 1 : RUNS));
      }
    }
    return {
      tables: [
        {
          title: 'Time to the verdict',
          columns: ['fault', 'client', 'ms', 'what it said'],
          rows: verdicts.map(({ fault, client, ms, said, shownAfterMs }) => [
            fault,
            client,
            figure(ms, 0),
            shownAfterMs === null
              ? said
              : `${said}; first line on standard error ${figure(shownAfterMs)} ms after the answer`,
          ]),
        },
      ],
      data: verdicts,
      limits: [],
    };
  } finally {
    await box.close();
  }
}

async function verdictOf(fault: FaultRow, peer: Peer, box: BenchBox, runs: number): Promise<Verdict> {
  const times: number[] = [];
  const shown: number[] = [];
  let last: Ran | null = null;
  for (let time = 0; time < runs; time += 1) {
    // Anew each time: what happens once has to happen to everybody.
    await box.become(fault.change);
    await box.mark();
    last = await run(commandOf(peer, box.environment));
    times.push(last.wallMs);
    const { firstAnswerMs } = await box.counts();
    if (firstAnswerMs !== null && last.firstErrorMs !== null) shown.push(last.firstErrorMs - firstAnswerMs);
  }
  const statusShown = peer.name === 'imds-probe' && /HTTP \d/.test(last?.stderr ?? '');
  return {
    fault: fault.name,
    client: peer.name,
    ms: median(times),
    said: last === null ? '' : wordsOf(peer, last),
    shownAfterMs: statusShown && shown.length > 0 ? median(shown) : null,
  };
}

function wordsOf(peer: Peer, { stdout, stderr, code }: Ran): string {
  if (peer.name === 'imds-probe') {
    const { findings } = JSON.parse(stdout) as Report;
    const ids = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
    return `exit ${code}: ${ids.join(', ') || 'nothing wrong'}`;
  }
  if (peer.says.test(stdout)) return 'credentials';
  const lines = `${stderr}\n${stdout}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('at '));
  const telling = lines.filter((line) => /error|unable|no credentials|could not/i.test(line));
  return `exit ${code}: ${(telling.at(-1) ?? lines.find((line) => line !== '') ?? '').slice(0, 140)}`;
}
