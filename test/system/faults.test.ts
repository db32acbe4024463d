// The agent as a process through faults of IMDS, time server, CloudWatch, disk, clock and signals, every two of them
// together at least once: what is found, published, kept and lost. `npm run docs` writes the table into README.md.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allPairs, pairsOf } from '../support/pairwise.ts';
import {
  DIMENSIONS,
  expectedOf,
  mayArriveTwice,
  possibleOf,
  type Row,
  refuses,
} from './faults/dimensions.ts';
import { HAS_FAKETIME, type Outcome, runRow } from './faults/run.ts';
import { ROWS } from './faults/table.ts';

interface Ran {
  /** Cycles whose metrics never arrived, and those that arrived more than once. */
  readonly missing: number;
  readonly twice: number;
  readonly seconds: number;
}

const PAIRS = allPairs(DIMENSIONS);
const able = HAS_FAKETIME && process.getuid?.() === 0;
if (!able) console.warn('SKIPPED: the fault table needs root (mounts) and libfaketime (.ci/peers/chrony.sh)');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-faults-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const ran: Ran[] = [];

/** Cycles whose heartbeat CloudWatch never got. */
const missingIn = ({ measured, published }: Outcome): number[] =>
  [...new Set(measured)].filter((at) => !published.has(at));

/** Cycles whose heartbeat it got more often than it was measured: a clock that goes back measures a second twice. */
const twiceIn = ({ measured, published }: Outcome): number[] =>
  [...published]
    .filter(([at, count]) => count > measured.filter((one) => one === at).length)
    .map(([at]) => at);

/** Cycles that should be in the recording and are not. */
function unrecordedIn(row: Row, { measured, beforeKill, disturbedAt, recorded }: Outcome): number[] {
  const cleared = row.disk === 'cleared while it runs';
  const killed = new Set(refuses(row) ? beforeKill : []);
  // The cycle under way may have been written just before the folder was cleared.
  const from = cleared ? disturbedAt + 1 : 0;
  return measured.slice(from).filter((at) => !recorded.has(at) && !killed.has(at));
}

function judge(row: Row, outcome: Outcome): void {
  const known = new Set([...expectedOf(row), ...possibleOf(row)]);
  expect(outcome.told.filter((what) => /^(finding|trouble|defect):/.test(what) && !known.has(what))).toEqual(
    [],
  );
  const missing = missingIn(outcome);
  const killed = new Set(outcome.beforeKill);
  // Only a kill while the disk refuses takes what memory has.
  expect(missing.filter((at) => !(refuses(row) && killed.has(at)))).toEqual([]);
  expect(outcome.dropped).toBe(0);
  if (!mayArriveTwice(row)) expect(twiceIn(outcome)).toEqual([]);
  expect(unrecordedIn(row, outcome)).toEqual([]);
  expect(outcome.exitCode).toBe(0);
}

describe.skipIf(!able && process.env['CI'] !== 'true').concurrent('faults, two by two', () => {
  it('are all in the table', () => {
    const met = new Set(ROWS.flatMap(pairsOf));
    expect([...PAIRS].filter((pair) => !met.has(pair))).toEqual([]);
  });

  it.each(ROWS.map((row, index) => [Object.values(row).join(' · '), row, index] as const))(
    '%s',
    async (_, row, index) => {
      const outcome = await runRow(row, path.join(folder, String(index)));
      judge(row, outcome);
      const { seconds } = outcome;
      ran.push({ missing: missingIn(outcome).length, twice: twiceIn(outcome).length, seconds });
    },
  );
});

afterAll(() => {
  if (ran.length === 0) return;
  const seconds = ran.reduce((sum, one) => sum + one.seconds, 0);
  const lossy = ran.filter(({ missing }) => missing > 0).length;
  const twice = ran.filter((one) => one.twice > 0).length;
  console.log(
    `faults: ${ran.length} of ${ROWS.length} runs held, ${PAIRS.size} pairs; ${lossy} with a loss that is allowed, ${twice} with something sent twice; ${seconds.toFixed(0)} s of runs`,
  );
});
