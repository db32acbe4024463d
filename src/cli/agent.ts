// `agent`: cycles until stopped, metrics to CloudWatch, events to the journal.
import { type AgentSetup, defectText, runAgent } from '../agent/agent.ts';
import { type Cycle, runCycle } from '../agent/cycle.ts';
import { reportOf } from '../agent/project.ts';
import { select } from '../agent/select.ts';
import { needsAttention } from '../agent/transitions.ts';
import { CHECKS } from '../checks/index.ts';
import type { Config } from '../config/config.ts';
import type { Policy } from '../core/check.ts';
import type { Finding, Report } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { PROBES } from '../probes/index.ts';
import { type Changes, recordOf } from '../report/history-record.ts';
import { metricTimestamp } from '../report/metrics.ts';
import { type Flags, settle } from './settle.ts';
import { EXIT_USAGE, type Publisher, type World } from './world.ts';

/** What is left for the last delivery after SIGTERM; with what else a stop takes, it ends within 5 s. */
const LAST_FLUSH_MS = 3500;

export async function agent(world: World, flags: Flags): Promise<number> {
  const settled = await settle(world, 'agent', flags, null);
  if (settled === null) return EXIT_USAGE;
  const { config, env } = settled;
  const tell = await world.openJournal();
  const recorder = await world.openRecorder(config.stateDir, tell);
  const clients = await world.openClients({ config, env, simulated: false, onEvent: () => {} });
  try {
    const truth = { correctionMs: null as number | null, region: null as string | null };
    const publisher = await clients.openPublisher({
      outbox: recorder.outbox,
      region: () => truth.region,
      clockCorrectionMs: () => truth.correctionMs,
      onDelivery: (delivery) =>
        tell({ type: delivery.failures > 0 ? 'publish-failed' : 'published', delivery }),
    });
    const learn = (cycle: Cycle, report: Report) => {
      truth.correctionMs = cycle.trueTime.source === 'local' ? null : cycle.trueTime.correctionMs;
      truth.region = report.instance.region ?? truth.region;
    };
    const selection = select(CHECKS, PROBES, config);
    const policy: Policy = { ...config.thresholds, previousRoleName: null };
    const project = (
      cycle: Cycle,
      findings: readonly Finding[],
      attention: boolean,
      changes: Changes,
    ): Report => {
      const report = reportOf(cycle, {
        version: world.version,
        checks: selection.checks,
        findings,
        attention,
        fleet: config.fleet,
        instanceMetrics: config.instanceMetrics,
        outbox: publisher.outbox.depth(),
      });
      learn(cycle, report);
      recorder.record(recordOf(report, changes, metricTimestamp(cycle.startedAtMs, cycle.trueTime)));
      return report;
    };
    const setup: AgentSetup = {
      cycle: { selection, ports: clients.ports, deadlineMs: config.deadlineMs },
      policy,
      intervalMs: config.intervalSeconds * 1000,
      beside: () => lastDelivery(publisher),
      project: (cycle, step) =>
        project(
          cycle,
          step.standing.map(({ finding }) => finding),
          needsAttention(step.standing, cycle.startedAtMs + cycle.trueTime.correctionMs),
          step,
        ),
      sinks: [publisher.sink],
      tell,
      stop: world.stop,
    };
    tell({
      type: 'started',
      version: world.version,
      intervalSeconds: config.intervalSeconds,
      endpoint: config.endpoint,
    });
    if (flags['once'] === true) return await once(setup, project, publisher, config);
    await runAgent(setup);
    const { pending } = publisher.outbox.depth();
    tell({ type: 'stopping', reason: String(world.stop.reason ?? 'stopped'), pending });
    await publisher.flush(AbortSignal.timeout(LAST_FLUSH_MS));
    tell({ type: 'stopped', pending: publisher.outbox.depth().pending });
    return 0;
  } catch (error) {
    tell({ type: 'defect', detail: defectText(error) });
    throw error;
  } finally {
    await clients.close();
    recorder.close();
  }
}

/** One cycle, published: what it found stands at once. Ends with 1 where CloudWatch did not take all of it. */
async function once(
  setup: AgentSetup,
  project: (cycle: Cycle, findings: readonly Finding[], attention: boolean, changes: Changes) => Report,
  publisher: Publisher,
  config: Config,
): Promise<number> {
  const cycle = await runCycle(setup.cycle, setup.policy, {}, setup.stop);
  const report = project(
    cycle,
    cycle.findings,
    cycle.findings.some(({ severity }) => severity !== 'info'),
    { raised: cycle.findings, changed: [], cleared: [] },
  );
  for (const finding of report.findings) setup.tell({ type: 'raised', finding });
  const delivery = await publisher.flush(
    AbortSignal.any([AbortSignal.timeout(config.deadlineMs), setup.stop]),
  );
  setup.tell({ type: delivery.failure === null ? 'published' : 'publish-failed', delivery });
  return delivery.failure === null ? 0 : 1;
}

/** The last delivery as an observation, once there was one. */
function lastDelivery(publisher: Publisher): Snapshot {
  const delivery = publisher.last();
  if (delivery === null) return {};
  return { 'cloudwatch-delivery': { ok: true, tookMs: 0, attempts: delivery.requests, value: delivery } };
}
