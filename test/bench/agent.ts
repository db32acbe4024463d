// The agent as it runs for months: memory and CPU time at three rhythms, beside Node with nothing to do and two exporters.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BenchBox, openBox } from './box.ts';
import { type Argv, commandOf, program } from './peers.ts';
import { cpuMsOf, type Memory, memoryOf } from './process-stat.ts';
import type { Bench, Result } from './section.ts';
import { median } from './stats.ts';
import { figure } from './table.ts';

/** First cycles, first publishing and V8's own settling are not what an hour consists of. */
const SETTLE_SECONDS = 90;
const WATCHED_SECONDS = 360;
const HOUR_SECONDS = 3600;

interface Daemon {
  readonly name: string;
  readonly argv: Argv;
  readonly env?: Readonly<Record<string, string>>;
  /** What has to be done to it each second, where its work is to be asked for. */
  readonly eachSecond?: () => void;
}

interface Watched {
  readonly name: string;
  readonly memory: Memory;
  readonly cpuSecondsAnHour: number;
}

const RHYTHMS = [1, 10, 60];

export async function agent(bench: Bench): Promise<Result> {
  const box = await openBox();
  try {
    const daemons = [...ours(bench), bare(), ...(await exporters(box))];
    const running = daemons.map((daemon) => ({ daemon, child: start(daemon, box) }));
    const ticking = setInterval(() => {
      for (const { eachSecond } of daemons) eachSecond?.();
    }, 1000);
    try {
      bench.say(`agent: ${running.length} daemons settle for ${SETTLE_SECONDS} s`);
      await seconds(SETTLE_SECONDS);
      const before = running.map(({ child }) => cpuMsOf(pidOf(child)));
      bench.say(`agent: watched for ${WATCHED_SECONDS} s`);
      const memories = running.map((): Memory[] => []);
      for (let at = 0; at < WATCHED_SECONDS; at += 15) {
        await seconds(15);
        for (const [index, { child }] of running.entries()) memories[index]?.push(memoryOf(pidOf(child)));
      }
      const watched = running.map(({ daemon, child }, index): Watched => {
        const cpuMs = cpuMsOf(pidOf(child)) - (before[index] ?? 0);
        const all = memories[index] ?? [];
        return {
          name: daemon.name,
          memory: {
            rssMiB: median(all.map(({ rssMiB }) => rssMiB)),
            anonymousMiB: median(all.map(({ anonymousMiB }) => anonymousMiB)),
          },
          cpuSecondsAnHour: (cpuMs / 1000 / WATCHED_SECONDS) * HOUR_SECONDS,
        };
      });
      return report(watched);
    } finally {
      clearInterval(ticking);
      await Promise.all(running.map(({ child }) => stop(child)));
    }
  } finally {
    await box.close();
  }
}

function ours({ program: bundle, packaged }: Bench): readonly Daemon[] {
  const rhythm = (interval: number): readonly string[] => [
    'agent',
    '--interval',
    String(interval),
    '--flush',
    String(Math.max(60, interval * 5)),
    '--state-dir',
    mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-state-')),
  ];
  return RHYTHMS.flatMap((interval): Daemon[] => [
    {
      name: `imds-probe agent, every ${interval} s`,
      argv: [process.execPath, bundle, ...rhythm(interval)],
    },
    ...(packaged === null
      ? []
      : [{ name: `as packaged, every ${interval} s`, argv: [packaged, ...rhythm(interval)] as Argv }]),
  ]);
}

const bare = (): Daemon => ({
  name: 'node, a timer each second',
  argv: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
});

/** Debian's exporters, scraped each second; blackbox sends the token request that a probe by hand would. */
async function exporters(box: BenchBox): Promise<readonly Daemon[]> {
  const found: Daemon[] = [];
  const node = program('prometheus-node-exporter');
  if (node !== null) {
    const port = await freePort();
    found.push({
      name: 'prometheus-node-exporter',
      argv: [node, `--web.listen-address=127.0.0.1:${port}`],
      eachSecond: () => get(`http://127.0.0.1:${port}/metrics`),
    });
  }
  const blackbox = program('prometheus-blackbox-exporter');
  if (blackbox !== null) {
    const port = await freePort();
    const config = path.join(mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-')), 'blackbox.yml');
    writeFileSync(
      config,
      'modules: {token: {prober: http, http: {method: PUT, headers: {X-aws-ec2-metadata-token-ttl-seconds: "21600"}}}}\n',
    );
    const target = `${box.environment['AWS_EC2_METADATA_SERVICE_ENDPOINT']}/latest/api/token`;
    found.push({
      name: 'prometheus-blackbox-exporter, token PUT',
      argv: [blackbox, `--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`],
      eachSecond: () =>
        get(`http://127.0.0.1:${port}/probe?module=token&target=${encodeURIComponent(target)}`),
    });
  }
  return found;
}

function start(daemon: Daemon, box: BenchBox): ChildProcess {
  const { argv, env } = commandOf(daemon, box.environment);
  const [file, ...args] = argv;
  return spawn(file, args, { env, stdio: 'ignore' });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined || child.exitCode !== null) throw new Error(`${child.spawnfile} has ended`);
  return child.pid;
}

function get(url: string): void {
  request(url, (answer) => answer.resume())
    .on('error', () => undefined)
    .end();
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

function report(watched: readonly Watched[]): Result {
  const floor = watched.find(({ name }) => name.startsWith('node,'));
  return {
    tables: [
      {
        title: `Agents over ${WATCHED_SECONDS / 60} min after ${SETTLE_SECONDS} s`,
        columns: ['', 'RSS MiB', '×', 'anonymous MiB', 'CPU s an hour'],
        rows: watched.map(({ name, memory, cpuSecondsAnHour }) => [
          name,
          figure(memory.rssMiB),
          figure(memory.rssMiB / (floor?.memory.rssMiB ?? Number.NaN), 2),
          figure(memory.anonymousMiB),
          figure(cpuSecondsAnHour, 2),
        ]),
      },
    ],
    data: watched,
    limits: [],
  };
}

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });
