// 20,000 cycles under random faults: heap and file handles end where they were after 1,000, and no metric is lost.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { BehaviourChange, Fault } from '../../src/simulator/behaviour.ts';
import { startInstance } from '../../src/simulator/instance.ts';
import { chance } from '../bench/fleet.ts';
import type { Asked, Told } from './soak/agent.ts';

const CYCLES = Number(process.env['SOAK_CYCLES'] ?? 20_000);
const FIRST = 1_000;
/** Milliseconds from one fault to the next. */
const FAULT_EVERY_MS = 60;

type Measured = Extract<Told, { measured: unknown }>['measured'];
type Metrics = Extract<Told, { metrics: unknown }>['metrics'];

/** The bounds that the package's launcher gives the agent (deploy/packages/launcher.sh). */
const LAUNCHER = ['--optimize-for-size', '--max-semi-space-size=1', '--max-old-space-size=64'];

const NO_METRICS: Metrics = { measured: 0, accepted: 0, rejected: 0, pending: 0, dropped: 0 };

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-soak-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const random = chance(20_000);
const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const awsFault = (status: number, code: string): Fault => ({
  error: { status, code, type: `com.amazon.coral.service#${code}Exception`, message: `it is ${code}` },
});

const IMDS_FAULTS: readonly (readonly Fault[])[] = [
  [],
  [],
  [{ answer: { status: 429 }, times: 3 }],
  [{ answer: { status: 503 } }],
  [{ answer: { status: 500, body: '<html>' } }],
  [{ method: 'PUT', wire: 'swallow' }],
  [{ method: 'GET', wire: 'hang' }],
  [{ wire: 'reset' }],
  [{ wire: 'cut' }],
  [{ delayMs: 15 }],
];

const CLOUDWATCH_FAULTS: readonly (readonly Fault[])[] = [
  [],
  [],
  [],
  [awsFault(400, 'Throttling')],
  [awsFault(503, 'ServiceUnavailable')],
  [awsFault(403, 'ExpiredToken')],
  [awsFault(403, 'AccessDenied')],
  [{ wire: 'reset' }],
  [{ wire: 'hang', times: 1 }],
  [{ wire: 'swallow', times: 1 }],
];

const RIGHT: BehaviourChange = {
  imds: { refused: false, faults: [] },
  time: { silent: false, leap: 0, stratum: 3, offsetMs: 0 },
  cloudwatch: { refused: false, faults: [] },
  sts: { refused: false, faults: [] },
};

/** Something goes wrong, or right again. */
function someChange(): BehaviourChange {
  return oneOf<() => BehaviourChange>([
    () => ({ imds: { faults: oneOf(IMDS_FAULTS), refused: random() < 0.1 } }),
    () => ({ cloudwatch: { faults: oneOf(CLOUDWATCH_FAULTS), refused: random() < 0.1 } }),
    () => ({ time: { silent: random() < 0.3, leap: oneOf([0, 0, 3]), offsetMs: oneOf([0, 0, 400_000]) } }),
    () => ({ sts: { refused: random() < 0.5 } }),
    () => ({
      credentials: { updatedAgoSeconds: oneOf([60, 21_000, 25_000]), role: oneOf(['app', 'app', null]) },
    }),
    () => RIGHT,
  ])();
}

/** Takes a folder away at once: nothing can be written into it while it is emptied. */
function clear(place: string): void {
  if (!fs.existsSync(place)) return;
  const gone = `${place}.gone`;
  fs.renameSync(place, gone);
  fs.rmSync(gone, { recursive: true });
}

/** Something happens to the disk of the agent. */
function spoilDisk(): void {
  const file = path.join(folder, 'state', 'recorder.db');
  oneOf<() => void>([
    () => clear(path.join(folder, 'state')),
    () => fs.rmSync(`${file}-wal`, { force: true }),
    () => clear(path.join(folder, 'run')),
    () => {
      // Another program holds the file for a moment; it may just be missing.
      if (!fs.existsSync(file)) return;
      const db = new DatabaseSync(file, { timeout: 200 });
      try {
        db.exec('BEGIN IMMEDIATE');
      } catch {
        // The agent, or another of these, holds it longer than that.
      }
      setTimeout(() => db.close(), 150);
    },
  ])();
}

describe('a soak', () => {
  it(`of ${CYCLES} cycles under random faults leaves heap and file handles where they were`, async () => {
    const box = await startInstance();
    const agent = fork(path.join(import.meta.dirname, 'soak', 'agent.ts'), {
      execArgv: [...LAUNCHER, '--expose-gc', '--no-warnings'],
      env: {
        MALLOC_ARENA_MAX: '1',
        ...box.environment,
        PATH: process.env['PATH'] ?? '',
        NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
        HOME: folder,
        SOAK_FOLDER: folder,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = new Promise<number | null>((resolve) => agent.once('exit', resolve));
    const ask = (what: Asked): void => void agent.send(what);
    let cycles = 0;
    const defects: string[] = [];
    let onMeasured: (measured: Measured) => void = () => {};
    let metrics: Metrics | null = null;
    agent.on('message', (told: Told) => {
      if ('cycles' in told) cycles = told.cycles;
      else if ('measured' in told) onMeasured(told.measured);
      else if ('metrics' in told) metrics = told.metrics;
      else defects.push(told.defect);
    });
    const died = ended.then((code) => {
      throw new Error(`the agent ended with ${code} after ${cycles} cycles`);
    });
    const pause = (ms: number): Promise<void> =>
      Promise.race([new Promise<void>((resolve) => setTimeout(resolve, ms)), died]);

    const troubleUntil = async (enough: number): Promise<void> => {
      while (cycles < enough) {
        await box.change(someChange());
        if (random() < 0.1) box.forgetTokens();
        if (random() < 0.05) spoilDisk();
        await pause(FAULT_EVERY_MS);
      }
    };
    /** All is well again, until the agent has caught up. */
    const atRest = async (): Promise<Measured> => {
      await box.change(RIGHT);
      await box.change({ credentials: { updatedAgoSeconds: 60, role: 'app' } });
      await pause(1_500);
      const measured = new Promise<Measured>((resolve) => {
        onMeasured = resolve;
      });
      ask('measure');
      return Promise.race([measured, died]);
    };

    const started = performance.now();
    await troubleUntil(FIRST);
    const before = await atRest();
    await troubleUntil(CYCLES);
    const after = await atRest();
    const seconds = (performance.now() - started) / 1000;
    ask('stop');
    expect(await ended).toBe(0);
    await box.close();

    const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    const shown = (at: Measured): string =>
      `after ${at.cycles} cycles: heap ${mib(at.heapBytes)}, outside of it ${mib(at.externalBytes)}, resident ${mib(at.rssBytes)}, ${at.handles} file handles, recording ${mib(at.fileBytes)}`;
    console.log(
      `soak, ${seconds.toFixed(0)} s\n${shown(before)}\n${shown(after)}\n${JSON.stringify(after.events)}\n${JSON.stringify(metrics)}`,
    );
    expect(defects).toEqual([]);
    const { measured, accepted, rejected, pending, dropped } = metrics ?? NO_METRICS;
    expect({ lost: measured - accepted - pending, rejected, dropped }).toEqual({
      lost: 0,
      rejected: 0,
      dropped: 0,
    });
    expect(accepted).toBeGreaterThan(0);
    expect(after.handles).toBeLessThanOrEqual(before.handles + 2);
    // Less than 160 bytes a cycle: V8 goes on compiling for a while what is needed seldom.
    expect(after.heapBytes).toBeLessThanOrEqual(before.heapBytes + 3 * 2 ** 20);
    expect(after.externalBytes).toBeLessThanOrEqual(before.externalBytes + 2 ** 20);
    expect(after.rssBytes).toBeLessThanOrEqual(before.rssBytes * 1.1);
    // 20,000 cycles and what came and went with them are well inside the 13 days that are kept.
    expect(after.fileBytes).toBeLessThanOrEqual(16_000_000);
  });
});
