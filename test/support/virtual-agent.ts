// The agent in virtual time: its real judging, settling, metrics, outbox and publishing, fed with recorded observations.
import { type Cycle, runCycle } from '../../src/agent/cycle.ts';
import { reportOf } from '../../src/agent/project.ts';
import { select } from '../../src/agent/select.ts';
import { type Memory, NOTHING_STANDS, needsAttention, transition } from '../../src/agent/transitions.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { PutOutcome } from '../../src/clients/aws/cloudwatch.ts';
import type { Config } from '../../src/config/config.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { Datum, Outbox } from '../../src/core/publishing.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { metricTimestamp } from '../../src/report/metrics.ts';
import { createPublisher } from '../../src/sinks/cloudwatch.ts';

/** The role's credentials as the metadata service serves them; epoch seconds. */
export interface VirtualCredentials {
  readonly key: string;
  readonly lastUpdated: number;
  readonly expiration: number;
}

/** What is true of an instance at one moment. */
export interface Stage {
  /** What its probes see; margins and ages are laid over it by `credentials`. */
  readonly snapshot: Snapshot;
  readonly credentials: VirtualCredentials;
  /** Seconds the local clock is behind true time. */
  readonly slowSeconds: number;
  /** Whether CloudWatch takes what is signed well, or what it, or the network before it, says. */
  readonly cloudWatch: 'accepts' | CloudWatchRefusal;
}

export interface CloudWatchRefusal {
  readonly reason: Extract<PutOutcome, { kind: 'later' }>['reason'];
  readonly code: string;
}

export interface VirtualAgentOptions {
  readonly config: Config;
  readonly instanceId: string;
  readonly fleet: string;
  /** Its place in the flush interval. */
  readonly phase: number;
  /** True time in epoch seconds. */
  readonly now: () => number;
  readonly stage: () => Stage;
  /** Outlives the agent, as the file in its state folder does. */
  readonly outbox: Outbox;
  /** What CloudWatch accepted. */
  readonly accepted: (data: readonly Datum[]) => void;
}

export interface VirtualAgent {
  /** One cycle, its delivery included where one is due. */
  cycle(): Promise<void>;
}

const LEFT_OUT = 'not part of the drill';

/** An agent that starts now. What the wiring in `src/cli/agent.ts` does, with the clock and the wire replaced. */
export function createVirtualAgent(options: VirtualAgentOptions): VirtualAgent {
  const { config, now, stage } = options;
  const started = now();
  const clock = {
    wallMs: () => (now() - stage().slowSeconds) * 1000,
    monotonicMs: () => (now() - started) * 1000,
  };
  const unasked = { beginCycle: () => {} };
  const ports = { imds: unasked, time: unasked, chain: unasked, proxied: unasked, aws: unasked, clock };
  const { checks } = select(CHECKS, [], config);
  const omitted = { 'credential-chain': LEFT_OUT, 'caller-identity': LEFT_OUT, processes: LEFT_OUT };
  const setup = {
    selection: { checks, probes: [], standIns: [], omitted },
    ports: ports as unknown as Ports,
    deadlineMs: config.deadlineMs,
  };
  let memory: Memory = NOTHING_STANDS;
  let correctionMs: number | null = null;
  let previousRoleName: string | null = null;
  /** The last good credentials, until they expire: `ImdsClient.signingCredentials`. */
  let signing: VirtualCredentials | null = null;

  const publisher = createPublisher({
    outbox: options.outbox,
    clock,
    clockCorrectionMs: () => correctionMs,
    intervalMs: config.flushSeconds * 1000,
    phase: options.phase,
    cloudWatch: {
      endpoint: () => 'https://monitoring.eu-central-1.amazonaws.com',
      signer: () => signing?.key ?? null,
      putMetricData: async (data): Promise<PutOutcome> => {
        if (signing === null || signing.expiration <= now())
          return later({ reason: 'credentials', code: 'no-credentials' }, 0);
        const { cloudWatch } = stage();
        if (cloudWatch !== 'accepts') return later(cloudWatch, 1);
        options.accepted(data);
        return { kind: 'accepted', requests: 1 };
      },
    },
  });
  const running = new AbortController().signal;

  return {
    async cycle() {
      const { credentials } = stage();
      const beside = { ...stage().snapshot, ...roleOf(stage()), ...lastDelivery(publisher.last()) };
      const cycle = await runCycle(setup, { ...config.thresholds, previousRoleName }, beside);
      const role = cycle.snapshot['instance-role'];
      if (role?.ok && role.value.accessKeyId !== null && credentials.expiration > now())
        signing = credentials;
      if (role?.ok) previousRoleName = role.value.roleName ?? previousRoleName;
      const atMs = cycle.startedAtMs + cycle.trueTime.correctionMs;
      const { verdicts, findings } = cycle;
      const step = transition(memory, { verdicts, findings, atMs, uptimeSeconds: null }, checks);
      memory = step.memory;
      correctionMs = cycle.trueTime.source === 'local' ? null : cycle.trueTime.correctionMs;
      const report = project(cycle, step.standing);
      publisher.outbox.add(metricTimestamp(cycle.startedAtMs, cycle.trueTime), report.metrics);
      await publisher.sink.deliver(report, running);
    },
  };

  function project(cycle: Cycle, standing: ReturnType<typeof transition>['standing']) {
    const report = reportOf(cycle, {
      version: '0',
      checks,
      findings: standing.map(({ finding }) => finding),
      attention: needsAttention(standing, cycle.startedAtMs + cycle.trueTime.correctionMs),
      fleet: options.fleet,
      instanceMetrics: config.instanceMetrics,
      outbox: publisher.outbox.depth(),
    });
    return report;
  }
}

const later = ({ reason, code }: CloudWatchRefusal, requests: number): PutOutcome => ({
  kind: 'later',
  requests,
  reason,
  code,
  detail: code,
  mayHaveArrived: false,
});

/** The recorded role, with the credentials of this moment where it has any. */
function roleOf({ snapshot, credentials }: Stage): Snapshot {
  const role = snapshot['instance-role'];
  if (!role?.ok || role.value.expiration === null) return {};
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const value = {
    ...role.value,
    lastUpdated: iso(credentials.lastUpdated),
    expiration: iso(credentials.expiration),
    accessKeyId: credentials.key,
  };
  return { 'instance-role': { ...role, value } };
}

function lastDelivery(delivery: ReturnType<ReturnType<typeof createPublisher>['last']>): Snapshot {
  if (delivery === null) return {};
  return { 'cloudwatch-delivery': { ok: true, tookMs: 0, attempts: delivery.requests, value: delivery } };
}
