// One configuration of the agent at work: its clients, publisher and outlets, from its first cycle to its last.
import type { AgentSetup } from '../agent/agent.ts';
import type { Cycle } from '../agent/cycle.ts';
import { reportOf } from '../agent/project.ts';
import { select } from '../agent/select.ts';
import { needsAttention } from '../agent/transitions.ts';
import { CHECKS } from '../checks/index.ts';
import type { Config } from '../config/config.ts';
import type { TellAgentEvent } from '../core/agent-event.ts';
import type { Policy } from '../core/check.ts';
import type { FlightRecorder } from '../core/history.ts';
import type { Finding, Report } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { PROBES } from '../probes/index.ts';
import { renderEmf } from '../report/emf.ts';
import { type Changes, recordOf } from '../report/history-record.ts';
import { metricTimestamp } from '../report/metrics.ts';
import { renderPrometheus } from '../report/prometheus.ts';
import { renderStatus } from '../report/status.ts';
import { progressAbout, progressText } from './progress.ts';
import type { Settled } from './settle.ts';
import type { Publisher, World } from './world.ts';

export interface AgentRun {
  readonly setup: Omit<AgentSetup, 'stop' | 'replaced'>;
  /** Null under `--offline`: nothing is sent, and nothing kept to be sent. */
  readonly publisher: Publisher | null;
  /** Makes the report of a cycle and records it. */
  project(cycle: Cycle, findings: readonly Finding[], attention: boolean, changes: Changes): Report;
  /** `next` is the configuration that follows, null at the end. */
  close(next: Config | null): Promise<void>;
}

export async function openRun(
  world: World,
  { config, env }: Settled,
  recorder: FlightRecorder,
  tell: TellAgentEvent,
): Promise<AgentRun> {
  const clients = await world.openClients({
    config,
    env,
    simulated: false,
    onEvent: (event) => tell({ type: 'imds', about: progressAbout(event), detail: progressText(event) }),
  });
  const truth = { correctionMs: null as number | null, region: null as string | null };
  const publisher = config.offline
    ? null
    : await clients.openPublisher({
        outbox: recorder.outbox,
        region: () => truth.region,
        clockCorrectionMs: () => truth.correctionMs,
        onDelivery: (delivery) =>
          tell({ type: delivery.failures > 0 ? 'publish-failed' : 'published', delivery }),
      });
  const outlets = await world.openOutlets(config, {
    status: (report) => renderStatus(report, config.intervalSeconds),
    prometheus: (report) => renderPrometheus(report, CHECKS),
    emf: (report) => renderEmf(report, config.namespace),
  });
  const selection = select(CHECKS, PROBES, { ...config, publish: !config.offline });
  const policy: Policy = { ...config.thresholds, previousRoleName: null };

  const project: AgentRun['project'] = (cycle, findings, attention, changes) => {
    const report = reportOf(cycle, {
      version: world.version,
      checks: selection.checks,
      findings,
      attention,
      fleet: config.fleet,
      instanceMetrics: config.instanceMetrics,
      outbox: recorder.outbox.depth(),
    });
    truth.correctionMs = cycle.trueTime.source === 'local' ? null : cycle.trueTime.correctionMs;
    truth.region = report.instance.region ?? truth.region;
    const record = recordOf(report, changes, metricTimestamp(cycle.startedAtMs, cycle.trueTime));
    recorder.record(publisher === null ? { ...record, metrics: [] } : record);
    return report;
  };

  return {
    publisher,
    project,
    setup: {
      cycle: { selection, ports: clients.ports, deadlineMs: config.deadlineMs },
      policy,
      intervalMs: config.intervalSeconds * 1000,
      phase: world.random(),
      beside: () => (publisher === null ? {} : lastDelivery(publisher)),
      project: (cycle, step) =>
        project(
          cycle,
          step.standing.map(({ finding }) => finding),
          needsAttention(step.standing, cycle.startedAtMs + cycle.trueTime.correctionMs),
          step,
        ),
      sinks: [...(publisher === null ? [] : [publisher.sink]), ...outlets.sinks],
      tell,
    },
    close: async (next) => {
      await outlets.close(next);
      await clients.close();
    },
  };
}

/** The last delivery as an observation, once there was one. */
function lastDelivery(publisher: Publisher): Snapshot {
  const delivery = publisher.last();
  if (delivery === null) return {};
  return { 'cloudwatch-delivery': { ok: true, tookMs: 0, attempts: delivery.requests, value: delivery } };
}
