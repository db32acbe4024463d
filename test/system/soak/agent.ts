// The agent as `main` wires it, with cycles as close as they come: `--interval` knows no less than a second. Its parent
// tells it when to measure itself. Run with --expose-gc, so that what is measured is what is held, not what waits to be freed.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type Carried, NOTHING_CARRIED, runAgent } from '../../../src/agent/agent.ts';
import { CHECKS } from '../../../src/checks/index.ts';
import { openRun } from '../../../src/cli/agent-run.ts';
import type { Clients, World } from '../../../src/cli/world.ts';
import { createCloudWatch } from '../../../src/clients/aws/cloudwatch.ts';
import { createSts } from '../../../src/clients/aws/sts.ts';
import { createAwsPort } from '../../../src/clients/aws-port.ts';
import { createChainPort } from '../../../src/clients/chain-port.ts';
import { createChainReader } from '../../../src/clients/host/chain/reader.ts';
import { createHost } from '../../../src/clients/host/host.ts';
import { createImdsClient } from '../../../src/clients/imds/client.ts';
import { createProxiedClient } from '../../../src/clients/proxied/client.ts';
import { createTimeClient } from '../../../src/clients/sntp/client.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { TellAgentEvent } from '../../../src/core/agent-event.ts';
import type { Delivery } from '../../../src/core/publishing.ts';
import { openRecorder } from '../../../src/recorder/recorder.ts';
import { renderPrometheus } from '../../../src/report/prometheus.ts';
import { renderStatus } from '../../../src/report/status.ts';
import { createPublisher } from '../../../src/sinks/cloudwatch.ts';
import { createEmfSink } from '../../../src/sinks/emf.ts';
import { createFileSink } from '../../../src/sinks/file.ts';
import { createHttpListener } from '../../../src/sinks/http-listener.ts';
import { createJournal } from '../../../src/sinks/journal.ts';
import { createJournald } from '../../../src/sinks/journald.ts';
import { createNotify } from '../../../src/sinks/notify.ts';

/** From one cycle's start to the next, where it does not take longer. */
const INTERVAL_MS = 3;
const FLUSH_MS = 40;
/** Cycles from one new configuration to the next, as by SIGHUP. */
const RELOAD_EVERY = 250;
/** For one attempt, of whatever is asked. */
const TIMEOUT_MS = 25;

export type Told =
  | { readonly cycles: number }
  | {
      readonly measured: {
        readonly cycles: number;
        readonly heapBytes: number;
        readonly externalBytes: number;
        readonly rssBytes: number;
        readonly handles: number;
        /** The recording, its log included. */
        readonly fileBytes: number;
        readonly pending: number;
        readonly events: Readonly<Record<string, number>>;
      };
    }
  | { readonly defect: string }
  /** Metrics, at its end. */
  | {
      readonly metrics: {
        readonly measured: number;
        readonly accepted: number;
        readonly rejected: number;
        readonly pending: number;
        readonly dropped: number;
      };
    };

export type Asked = 'measure' | 'stop';

const folder = process.env['SOAK_FOLDER'] ?? '';
const env = process.env;
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const resolved = resolveConfig(
  {
    flags: {
      'state-dir': path.join(folder, 'state'),
      'runtime-dir': path.join(folder, 'run'),
      fleet: 'soak',
    },
    env,
    box: null,
    file: null,
    aws: null,
  },
  { command: 'agent', catalogue: CHECKS },
);
if (!resolved.ok) throw new Error(JSON.stringify(resolved.errors));
const { config } = resolved;
const stop = new AbortController();
let cycles = 0;
const metrics = { measured: 0, accepted: 0, rejected: 0 };
const say = (told: Told): void => void process.send?.(told);
const events: Record<string, number> = {};

// The lines go nowhere, but they are made.
const journal = createJournal({ write: () => {} });
const journald = createJournald({
  env: { ...env, JOURNAL_STREAM: '1:1' },
  onTrouble: () => {},
  command: ['/bin/true'],
});
const notify = createNotify({
  env: { ...env, NOTIFY_SOCKET: '/nowhere' },
  pid: process.pid,
  cycleMs: 1000,
  monotonicMicroseconds: () => process.hrtime.bigint() / 1000n,
  statusText: ({ status }) => status,
  onTrouble: () => {},
  command: ['/bin/true'],
});
function settled({ accepted, rejected }: Delivery): void {
  metrics.accepted += accepted;
  metrics.rejected += rejected;
}

const tell: TellAgentEvent = (event) => {
  events[event.type] = (events[event.type] ?? 0) + 1;
  if (event.type === 'defect') say({ defect: event.detail });
  if (event.type === 'published' || event.type === 'publish-failed') settled(event.delivery);
  journal.tell(event);
  journald?.tell(event);
};

const recorder = await openRecorder({ dir: config.stateDir, clock, tell });

async function openClients(): Promise<Clients> {
  const imds = createImdsClient({
    endpoint: config.endpoint,
    timeoutMs: TIMEOUT_MS,
    attempts: 2,
    imdsv1: false,
    clock,
    random: () => 0,
    onEvent: () => {},
  });
  const time = createTimeClient({ servers: config.timeServers, timeoutMs: TIMEOUT_MS, clock, randomBytes });
  const host = createHost({ env, simulated: true, imdsSettings: config.imdsSettings });
  const userAgent = ['imds-probe', 'soak'] as const;
  const signer = () => imds.signingCredentials();
  const sts = createSts({
    region: () => 'us-east-1',
    endpoint: config.stsEndpoint ?? undefined,
    environment: env,
    clockCorrectionMs: time.correctionMs,
    wallMs: clock.wallMs,
    userAgent,
    timeoutMs: TIMEOUT_MS,
  });
  const chain = createChainPort({
    reader: createChainReader({
      environment: env,
      home: null,
      profile: null,
      pid: null,
      allProcesses: false,
      runCredentialProcess: false,
      askContainers: false,
      networkCommand: null,
      wallMs: clock.wallMs,
    }),
    sts,
    roleCredentials: signer,
    path: '',
  });
  const proxied = createProxiedClient({
    settings: () => host.proxySettings(),
    timeoutMs: TIMEOUT_MS,
    offline: true,
    clock,
  });
  const aws = createAwsPort({
    endpoints: { sts: config.stsEndpoint, cloudwatch: config.cloudwatchEndpoint },
    region: null,
    environment: env,
    clock,
    userAgent,
    limitMs: TIMEOUT_MS,
    ec2: null,
    roleCredentials: signer,
  });
  const ending: (() => unknown)[] = [() => imds.close(), () => time.close(), () => sts.close()];
  return {
    ports: { imds, time, host, chain, proxied, aws, clock },
    openPublisher: async ({ region, clockCorrectionMs, onDelivery }) => {
      const cloudWatch = createCloudWatch({
        region,
        endpoint: config.cloudwatchEndpoint ?? undefined,
        namespace: config.namespace,
        credentials: signer,
        clockCorrectionMs,
        environment: env,
        userAgent,
        timeoutMs: 4 * TIMEOUT_MS,
        random: () => 0,
      });
      ending.push(() => cloudWatch.close());
      return createPublisher({
        outbox: recorder.outbox,
        cloudWatch,
        clock,
        clockCorrectionMs,
        intervalMs: FLUSH_MS,
        phase: 0.5,
        ...(onDelivery === undefined ? {} : { onDelivery }),
      });
    },
    close: async () => {
      for (const end of ending) await end();
    },
  };
}

const world: Pick<World, 'version' | 'random' | 'openClients' | 'openOutlets'> = {
  version: 'soak',
  random: Math.random,
  openClients,
  openOutlets: async () => {
    const status = createFileSink({
      name: 'status file',
      file: path.join(config.runtimeDir, 'status.json'),
      render: (report) => renderStatus(report, 1),
      makeFolder: true,
    });
    const prometheus = createFileSink({
      name: 'prometheus file',
      file: path.join(folder, 'imds.prom'),
      render: (report) => renderPrometheus(report, CHECKS),
    });
    const listener = createHttpListener({
      host: '127.0.0.1',
      port: 0,
      clock,
      staleMs: 1_000,
      metrics: (report) => renderPrometheus(report, CHECKS),
      metricsType: 'text/plain',
      status: (report) => renderStatus(report, 1),
    });
    const emf = createEmfSink({ render: () => 'x', write: () => {}, waiting: () => 0 });
    return {
      sinks: [status.sink, prometheus.sink, listener.sink, emf],
      close: async () => {
        await listener.close();
        await status.close();
        await prometheus.close();
      },
    };
  },
};

function measure(): void {
  for (let times = 0; times < 3; times++) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  say({
    measured: {
      cycles,
      heapBytes: heapUsed,
      externalBytes: external + arrayBuffers,
      rssBytes: rss,
      handles: fs.readdirSync('/proc/self/fd').length,
      fileBytes: fileBytes(),
      pending: recorder.outbox.depth().pending,
      events: { ...events },
    },
  });
}

function fileBytes(): number {
  const sizes = ['recorder.db', 'recorder.db-wal'].map(
    (name) => fs.statSync(path.join(config.stateDir, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

let asked = false;
// Whoever started this is gone: so is its purpose.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: Asked) => {
  if (message === 'measure') asked = true;
  else stop.abort('done');
});

/** One configuration at work, until it is replaced by another that says the same: what it opened has to go with it. */
async function runOne(carried: Carried): Promise<Carried> {
  const run = await openRun(world as World, { config, env }, recorder, tell);
  const replaced = new AbortController();
  const next = await runAgent(
    {
      ...run.setup,
      cycle: { ...run.setup.cycle, deadlineMs: 4 * TIMEOUT_MS },
      intervalMs: INTERVAL_MS,
      sinks: [...run.setup.sinks, ...(notify === null ? [] : [notify.sink])],
      project: (cycle, step) => {
        cycles += 1;
        if (cycles % 100 === 0) say({ cycles });
        if (cycles % RELOAD_EVERY === 0) replaced.abort();
        const report = run.setup.project(cycle, step);
        metrics.measured += report.metrics.length;
        // In rest: nothing waits but what the latest cycles brought.
        if (asked && recorder.outbox.depth().pending < 1_000) {
          asked = false;
          setImmediate(measure);
        }
        return report;
      },
      stop: stop.signal,
      replaced: replaced.signal,
    },
    carried,
  );
  if (stop.signal.aborted && run.publisher !== null)
    settled(await run.publisher.flush(AbortSignal.timeout(3_000)));
  await run.close(null);
  return next;
}

for (let carried = NOTHING_CARRIED; !stop.signal.aborted; ) carried = await runOne(carried);
const { pending, dropped } = recorder.outbox.depth();
say({ metrics: { ...metrics, pending, dropped } });
recorder.close();
process.disconnect?.();
process.exit(0);
