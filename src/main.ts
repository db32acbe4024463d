#!/usr/bin/env node
// The composition root: the process, its signals, and the wiring of every room. Nothing else knows them all.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { runCli } from './cli/cli.ts';
import {
  type Clients,
  type ClientsOptions,
  EXIT_DEFECT,
  type Outlets,
  type Renderers,
  type Supervisor,
  type SupervisorOptions,
  type World,
} from './cli/world.ts';
import type { Ec2 } from './clients/aws/ec2.ts';
import { createSts, STS_TIMEOUT_MS } from './clients/aws/sts.ts';
import { createAwsPort, REACH_LIMIT_MS } from './clients/aws-port.ts';
import { createChainPort } from './clients/chain-port.ts';
import { APART, createApart } from './clients/host/apart.ts';
import { createChainReader } from './clients/host/chain/reader.ts';
import { processVariables, shellHome } from './clients/host/chain/subject.ts';
import { createHost, readAwsShared, readFileOnTime } from './clients/host/host.ts';
import { leave, leaveNow } from './clients/host/leave.ts';
import type { Config } from './config/config.ts';
import { MAX_CONFIG_FILE, readConfigFile } from './config/file.ts';
import type { ClockPort } from './core/ports.ts';
import { shownText } from './core/text.ts';

const clock: ClockPort = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // The second time somebody means it.
    if (stop.signal.aborted) leaveNow(daemon ? 0 : 130);
    stop.abort(signal);
  });
}

// `imds-probe | head` closes the pipe: nobody reads on, so a box need not stay, and the exit code still tells the
// status. The agent has other ends.
let daemon = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (daemon) return;
  if (error.code !== 'EPIPE') {
    process.stderr.write(`imds-probe: standard output can't be written (${error.code ?? error.name})\n`);
  }
  stop.abort(error.code);
});
process.stderr.on('error', () => {});

function tellDefect(error: unknown): never {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  process.stderr.write(`imds-probe: a defect in imds-probe itself, please report it: ${shownText(text)}\n`);
  leaveNow(EXIT_DEFECT);
}
process.on('uncaughtException', tellDefect);
process.on('unhandledRejection', tellDefect);

/** Starts this program once more, for what may have to be left behind. */
const apart = process.argv[1] === undefined ? null : createApart([process.execPath, process.argv[1]]);

async function openClients({ config, env, simulated, onEvent }: ClientsOptions): Promise<Clients> {
  const [{ createImdsClient }, { createProxiedClient }, { createTimeClient }] = await Promise.all([
    import('./clients/imds/client.ts'),
    import('./clients/proxied/client.ts'),
    import('./clients/sntp/client.ts'),
  ]);
  const { endpoint, timeoutMs, attempts, imdsv1 } = config;
  // Two waits of this, one after the other, leave an agent with short intervals its beat: what else is silent (a time
  // server, AWS) must not delay what is known of the metadata service.
  const asideMs = config.intervalSeconds * 400;
  const imds = createImdsClient({
    endpoint,
    timeoutMs,
    attempts,
    imdsv1,
    clock,
    random: Math.random,
    onEvent,
    dns: !config.offline,
  });
  const time = createTimeClient({
    servers: config.timeServers,
    timeoutMs: Math.min(timeoutMs, asideMs),
    clock,
    randomBytes,
    dns: !config.offline,
  });
  const host = createHost({
    env,
    processEnv: config.pid === null ? undefined : processVariables(config.pid),
    simulated,
    imdsSettings: config.imdsSettings,
  });
  const proxied = createProxiedClient({
    settings: () => host.proxySettings(),
    timeoutMs,
    offline: config.offline,
    clock,
  });
  const userAgent = ['imds-probe', manifest.version] as const;
  const sts = config.offline
    ? null
    : createSts({
        region: () => config.region ?? imds.region(),
        endpoint: config.stsEndpoint ?? undefined,
        environment: env,
        clockCorrectionMs: time.correctionMs,
        wallMs: clock.wallMs,
        userAgent,
        timeoutMs: Math.min(STS_TIMEOUT_MS, asideMs),
      });
  const chain = createChainPort({
    reader: createChainReader({
      environment: env,
      // The box's home is empty, unless a profile is asked for by its flag.
      home: simulated && config.origins.profile !== '--profile' ? null : shellHome(process.env),
      profile: profileAsked(config),
      pid: config.pid,
      allProcesses: config.allProcesses,
      runCredentialProcess: config.runCredentialProcess,
      askContainers: !config.offline,
      networkCommand: networkCommand(config),
      wallMs: clock.wallMs,
      apart,
    }),
    sts,
    roleCredentials: () => imds.signingCredentials(),
    path: simulated ? '' : (env['PATH'] ?? ''),
  });
  const ending: (() => unknown)[] = [() => imds.close(), () => time.close(), () => sts?.close()];
  const openEc2 = async (): Promise<Ec2> => {
    const { createEc2 } = await import('./clients/aws/ec2.ts');
    const ec2 = createEc2({
      region: () => config.region ?? imds.region(),
      endpoint: config.ec2Endpoint ?? undefined,
      environment: env,
      clockCorrectionMs: time.correctionMs,
      wallMs: clock.wallMs,
      userAgent,
    });
    ending.push(() => ec2.close());
    return ec2;
  };
  const aws = createAwsPort({
    endpoints: { sts: config.stsEndpoint, cloudwatch: config.cloudwatchEndpoint },
    region: config.region,
    environment: env,
    clock,
    userAgent,
    limitMs: Math.min(REACH_LIMIT_MS, asideMs),
    ec2: config.instanceOptions ? openEc2 : null,
    roleCredentials: () => imds.signingCredentials(),
  });
  return {
    ports: { imds, time, host, chain, proxied, aws, clock },
    openPublisher: async ({ outbox, region, clockCorrectionMs, onDelivery }) => {
      const [{ createCloudWatch }, { createMemoryOutbox }, { createPublisher }] = await Promise.all([
        import('./clients/aws/cloudwatch.ts'),
        import('./recorder/memory-outbox.ts'),
        import('./sinks/cloudwatch.ts'),
      ]);
      const cloudWatch = createCloudWatch({
        region: () => config.region ?? region(),
        endpoint: config.cloudwatchEndpoint ?? undefined,
        namespace: config.namespace,
        credentials: () => imds.signingCredentials(),
        clockCorrectionMs,
        environment: env,
        userAgent,
      });
      ending.push(() => cloudWatch.close());
      return createPublisher({
        outbox: outbox ?? createMemoryOutbox(),
        cloudWatch,
        clock,
        clockCorrectionMs,
        intervalMs: config.flushSeconds * 1000,
        phase: Math.random(),
        ...(onDelivery === undefined ? {} : { onDelivery }),
      });
    },
    close: async () => {
      for (const end of ending) await end();
    },
  };
}

/** A profile named by a flag hides the environment's credentials; one named by AWS_PROFILE, which the reader sees, does not. */
const profileAsked = ({ profile, origins }: Config): string | null =>
  origins.profile === 'AWS_PROFILE' ? null : profile;

/** How this program looks at the metadata service from inside another network namespace, for `--pid`. */
function networkCommand({ endpoint, timeoutMs }: Config): readonly string[] | null {
  const script = process.argv[1];
  if (script === undefined) return null;
  const findings = 'imds-unreachable,imds-disabled,imds-hop-limit,role-missing';
  const options = ['--only', findings, '--json', '--offline', '--endpoint', endpoint];
  return [process.execPath, script, 'check', ...options, '--timeout', String(timeoutMs / 1000)];
}

/** So many intervals without a finished cycle; where those are short, a cycle may take longer and is no standstill. */
const staleMs = (intervals: number, { intervalSeconds, deadlineMs }: Config): number =>
  Math.max(intervals * intervalSeconds * 1000, 2 * (intervalSeconds * 1000 + deadlineMs));

async function openOutlets(config: Config, renderers: Renderers): Promise<Outlets> {
  const [{ createFileSink }, { createEmfSink }, { createHttpListener }, prometheus, status] =
    await Promise.all([
      import('./sinks/file.ts'),
      import('./sinks/emf.ts'),
      import('./sinks/http-listener.ts'),
      import('./report/prometheus.ts'),
      import('./report/status.ts'),
    ]);
  const { prometheusFile, listen } = config;
  const statusFile = path.join(config.runtimeDir, 'status.json');
  const files = [
    { name: 'status file', file: statusFile, render: renderers.status, makeFolder: true },
    ...(prometheusFile === null
      ? []
      : [{ name: 'prometheus file', file: prometheusFile, render: renderers.prometheus }]),
  ].map((options) => ({ file: options.file, ...createFileSink(options) }));
  const listener =
    listen === null
      ? null
      : createHttpListener({
          ...listen,
          clock,
          staleMs: staleMs(status.STALE_INTERVALS, config),
          metrics: renderers.prometheus,
          metricsType: prometheus.PROMETHEUS_CONTENT_TYPE,
          status: renderers.status,
        });
  const emf = config.emf
    ? createEmfSink({
        render: renderers.emf,
        write: (line) => void process.stdout.write(line),
        waiting: () => process.stdout.writableLength,
      })
    : null;
  return {
    sinks: [...files.map(({ sink }) => sink), ...[listener?.sink, emf].filter((sink) => sink != null)],
    close: async (next) => {
      await listener?.close();
      const kept = next === null ? [] : [path.join(next.runtimeDir, 'status.json'), next.prometheusFile];
      for (const { file, close } of files) if (!kept.includes(file)) await close();
    },
  };
}

async function openSupervisor({ cycleMs, summary, tell }: SupervisorOptions): Promise<Supervisor> {
  daemon = true;
  const [{ createJournald }, { createNotify }] = await Promise.all([
    import('./sinks/journald.ts'),
    import('./sinks/notify.ts'),
  ]);
  const { env, pid } = process;
  const trouble = (what: string) => (detail: string) => tell({ type: 'trouble', what, detail });
  const journald = createJournald({ env, onTrouble: trouble('journald') });
  const notify = createNotify({
    env,
    pid,
    cycleMs,
    monotonicMicroseconds: () => process.hrtime.bigint() / 1000n,
    statusText: summary,
    onTrouble: trouble('systemd-notify'),
  });
  return {
    sinks: notify === null ? [] : [notify.sink],
    tell: (event) => journald?.tell(event),
    reconfigured: (ms) => notify?.reconfigured(ms),
    reloading: () => notify?.reloading(),
    reloaded: () => notify?.reloaded(),
    stopping: (why) => notify?.stopping(why),
    idle: async () => {
      await notify?.idle();
      await journald?.idle();
    },
  };
}

const world: World = {
  args: process.argv.slice(2),
  version: manifest.version,
  // A copy: each look into the real one searches all of it, and its variables are listed many times over.
  env: { ...process.env },
  terminal: {
    stdoutIsTerminal: process.stdout.isTTY === true,
    stderrIsTerminal: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 80,
  },
  clock,
  stop: stop.signal,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  readConfigFile: async (location) =>
    readConfigFile(location, await readFileOnTime(location.path, MAX_CONFIG_FILE, apart)),
  readAwsShared: (env) =>
    readAwsShared(env, shellHome(env), apart, (file) => {
      process.stderr.write(
        `imds-probe: ${shownText(file)}: its file system does not answer; settings in it are left out\n`,
      );
    }),
  openClients,
  openJournal: async () => {
    const { createJournal } = await import('./sinks/journal.ts');
    return createJournal().tell;
  },
  openRecorder: async (dir, tell) => {
    const { openRecorder } = await import('./recorder/recorder.ts');
    return openRecorder({ dir, clock, tell });
  },
  openOutlets,
  openSupervisor,
  onReload: (listener) => void process.on('SIGHUP', listener),
  random: Math.random,
  readHistory: async (file, period) => {
    const { readHistory } = await import('./recorder/reader.ts');
    return readHistory(file, period);
  },
};

if (world.args[0] === APART && process.send !== undefined) {
  void import('./clients/host/apart-process.ts').then(({ serveApart }) => serveApart());
} else void runCli(world).then(leave);
