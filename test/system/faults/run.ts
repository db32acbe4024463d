// One row of the fault table: an agent as a process in the midst of it, from its start until all is well again.
import fs from 'node:fs';
import path from 'node:path';
import { readHistory } from '../../../src/recorder/reader.ts';
import { startInstance } from '../../../src/simulator/instance.ts';
import { eventually, type Running, start } from '../../support/program.ts';
import { CLOCKS, changesOf, expectedOf, HEALED, type Row } from './dimensions.ts';
import { makeDisk } from './disk.ts';

const [LIBFAKETIME] = fs.globSync('/usr/lib/{*/,}faketime/libfaketime.so.1');
export const HAS_FAKETIME = LIBFAKETIME !== undefined;

export interface Outcome {
  /** Everything that was told, as `finding:<id>` or `<event>:<what>`. */
  readonly told: readonly string[];
  /** Timestamps of cycles, as printed when they were measured: all, and those before a kill. */
  readonly measured: readonly number[];
  readonly beforeKill: readonly number[];
  /** The first of them that was measured after the disk was disturbed, as a place in `measured`. */
  readonly disturbedAt: number;
  /** Heartbeats that CloudWatch took, by timestamp. */
  readonly published: ReadonlyMap<number, number>;
  /** Cycles that the recording has. */
  readonly recorded: ReadonlySet<number>;
  /** Metrics that the agent says it gave up. */
  readonly dropped: number;
  readonly exitCode: number | null;
  readonly seconds: number;
}

interface Line {
  readonly event: string;
  readonly finding?: string;
  readonly what?: string;
}

/** Everything that was said on standard error, as `finding:<id>` or `<event>:<what>`. */
const toldBy = (agents: readonly Running[]): Set<string> =>
  new Set(
    agents
      .flatMap((agent) => agent.output().stderr.split('\n'))
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line)
      .map(({ event, finding, what }) =>
        event === 'raised' ? `finding:${finding}` : `${event}:${what ?? ''}`,
      ),
  );

/** Timestamps in embedded metric format, in seconds. */
const measuredBy = (agent: Running): number[] =>
  agent
    .output()
    .stdout.split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { _aws: { Timestamp: number } })._aws.Timestamp / 1000);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Longest wait for anything; two cores are shared by several runs. */
const PATIENCE_MS = 40_000;

export async function runRow(row: Row, folder: string): Promise<Outcome> {
  const started = performance.now();
  fs.mkdirSync(folder, { recursive: true });
  const box = await startInstance();
  for (const change of changesOf(row)) await box.change(change);
  const disk = makeDisk(row.disk, path.join(folder, 'state'));
  const config = path.join(folder, 'config.yaml');
  const clock = path.join(folder, 'clock');
  const [before, after] = CLOCKS[row.clock];
  fs.writeFileSync(config, 'interval: 1\nflush: 1\nfleet: before\n');
  fs.writeFileSync(clock, `${before}\n`);
  const agents: Running[] = [];
  const launch = (): Running => {
    const agent = start(['agent', '--config', config, '--emf', '--timeout', '0.4'], {
      ...box.environment,
      IMDS_PROBE_STATE_DIR: disk.folder,
      IMDS_PROBE_RUNTIME_DIR: path.join(folder, 'run'),
      ...(row.clock === 'right' ? {} : fakeClock(clock)),
    });
    agents.push(agent);
    return agent;
  };
  try {
    let agent = launch();
    let beforeKill: number[] = [];
    const cycles = (more: number): Promise<unknown> => {
      const enough = measuredBy(agent).length + more;
      return eventually(`${more} more cycles`, () => measuredBy(agent).length >= enough, PATIENCE_MS);
    };
    await cycles(2);
    if (before !== after) fs.writeFileSync(clock, `${after}\n`);
    const disturbedAt = measuredBy(agent).length;
    disk.disturb();
    await cycles(1);
    switch (row.signal) {
      case 'TERM':
        break;
      case 'KILL, started again':
        agent.child.kill('SIGKILL');
        await agent.ended;
        beforeKill = measuredBy(agent);
        agent = launch();
        break;
      case 'HUP, good':
        fs.writeFileSync(config, 'interval: 1\nflush: 1\nfleet: after\n');
        agent.child.kill('SIGHUP');
        break;
      case 'HUP, wrong':
        fs.writeFileSync(config, 'interval: never\n');
        agent.child.kill('SIGHUP');
        break;
      case 'STOP and CONT':
        agent.child.kill('SIGSTOP');
        await wait(2_500);
        agent.child.kill('SIGCONT');
        break;
    }
    await cycles(2);
    const missing = (): string[] => {
      const told = toldBy(agents);
      return expectedOf(row).filter((name) => !told.has(name));
    };
    await eventually('all that must be told', () => missing().length === 0, PATIENCE_MS).catch(
      () => undefined,
    );
    const untold = missing();
    if (untold.length > 0)
      throw new Error(`untold: ${untold.join(', ')}; told: ${[...toldBy(agents)].sort().join(', ')}`);

    disk.mend();
    await box.change(HEALED);
    const published = (): Map<number, number> => {
      const counts = new Map<number, number>();
      for (const { name, dimensions, timestamp } of box.received().metrics)
        if (name === 'Heartbeat' && Object.keys(dimensions).length === 1)
          counts.set(timestamp, (counts.get(timestamp) ?? 0) + 1);
      return counts;
    };
    const measured = (): number[] => agents.flatMap(measuredBy);
    // Well again: what was measured from here on gets through, and with it all that waited.
    await cycles(2);
    const [last = 0] = measured().slice(-1);
    await eventually('a metric measured since', () => published().has(last), PATIENCE_MS);
    agent.child.kill('SIGTERM');
    const { code } = await agent.ended;
    const read = await readHistory(path.join(disk.folder, 'recorder.db'), { seconds: 4e9, end: 4e9 });
    const dropped = box
      .received()
      .metrics.filter(
        ({ name, dimensions }) => name === 'OutboxDropped' && Object.keys(dimensions).length === 1,
      )
      .reduce((sum, { values }) => sum + (values?.[0] ?? 0), 0);
    return {
      told: [...toldBy(agents)],
      measured: measured(),
      beforeKill,
      disturbedAt,
      published: published(),
      recorded: new Set(read.ok ? read.history.cycles.map(({ at }) => at) : []),
      dropped,
      exitCode: code,
      seconds: (performance.now() - started) / 1000,
    };
  } catch (error) {
    const said = agents.map((agent) => agent.output().stderr.slice(-2_000)).join('\n');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said}`);
  } finally {
    for (const agent of agents) agent.child.kill('SIGKILL');
    await Promise.all(agents.map(({ ended }) => ended));
    disk.remove();
    await box.close();
  }
}

/** The wall clock only: what measures durations must not jump. */
const fakeClock = (file: string): Record<string, string> => ({
  LD_PRELOAD: LIBFAKETIME ?? '',
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  DONT_FAKE_MONOTONIC: '1',
});
