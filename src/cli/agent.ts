// `agent`: cycles until stopped, metrics to CloudWatch, events to the journal; SIGHUP brings a new configuration.
import { type Carried, defectText, NOTHING_CARRIED, runAgent } from '../agent/agent.ts';
import { runCycle, timeToPublish } from '../agent/cycle.ts';
import type { Config } from '../config/config.ts';
import type { TellAgentEvent } from '../core/agent-event.ts';
import type { FlightRecorder } from '../core/history.ts';
import { summaryOf } from '../report/summary.ts';
import { type AgentRun, openRun } from './agent-run.ts';
import { type Flags, type Settled, settle, showConfig, trySettle } from './settle.ts';
import { EXIT_USAGE, type Supervisor, type World } from './world.ts';

/** What is left for the last delivery after SIGTERM; with what else a stop takes, it ends within 5 s. */
const LAST_FLUSH_MS = 3500;

export async function agent(world: World, flags: Flags): Promise<number> {
  const settled = await settle(world, 'agent', flags, null);
  if (settled === null) return EXIT_USAGE;
  const { config } = settled;
  if (flags['show-config'] === true) return showConfig(world, config);
  const journal = await world.openJournal();
  const supervisor = await world.openSupervisor({
    cycleMs: cycleMs(config),
    summary: (report) => `${report.status}: ${summaryOf(report)}`,
    tell: journal,
  });
  const tell: TellAgentEvent = (event) => {
    journal(event);
    supervisor.tell(event);
  };
  try {
    const recorder = await world.openRecorder(config.stateDir, tell);
    tell({
      type: 'started',
      version: world.version,
      intervalSeconds: config.intervalSeconds,
      endpoint: config.endpoint,
    });
    return flags['once'] === true
      ? await once(world, settled, recorder, tell)
      : await forGood({ world, flags, supervisor, tell }, settled, recorder);
  } catch (error) {
    tell({ type: 'defect', detail: defectText(error) });
    throw error;
  } finally {
    await supervisor.idle();
  }
}

/** The longest that can pass between two finished cycles. */
const cycleMs = ({ intervalSeconds, deadlineMs }: Config): number => intervalSeconds * 1000 + deadlineMs;

/** One cycle, published: what it found stands at once. Ends with 1 where CloudWatch did not take all of it. */
async function once(
  world: World,
  settled: Settled,
  recorder: FlightRecorder,
  tell: TellAgentEvent,
): Promise<number> {
  const { setup, project, publisher, close } = await openRun(world, settled, recorder, tell);
  try {
    const cycle = await runCycle(setup.cycle, setup.policy, {}, world.stop);
    // What was cut short by the stop tells nothing about the instance.
    if (world.stop.aborted) return 0;
    const attention = cycle.findings.some(({ severity }) => severity !== 'info');
    const changes = { raised: cycle.findings, changed: [], cleared: [] };
    const report = project(cycle, cycle.findings, attention, changes);
    for (const finding of report.findings) tell({ type: 'raised', finding });
    if (publisher === null) return 0;
    const deadline = AbortSignal.timeout(timeToPublish(cycle, settled.config.deadlineMs));
    const delivery = await publisher.flush(AbortSignal.any([deadline, world.stop]));
    tell({ type: delivery.failure === null ? 'published' : 'publish-failed', delivery });
    return delivery.failure === null || world.stop.aborted ? 0 : 1;
  } finally {
    await close(null);
    recorder.close();
  }
}

interface Daemon {
  readonly world: World;
  readonly flags: Flags;
  readonly supervisor: Supervisor;
  readonly tell: TellAgentEvent;
}

/** Runs until stopped, one configuration after another. */
async function forGood(daemon: Daemon, first: Settled, opened: FlightRecorder): Promise<number> {
  const { world, supervisor, tell } = daemon;
  let settled = first;
  let recorder = opened;
  let carried: Carried = NOTHING_CARRIED;
  const reloads = watchReloads(daemon, first);
  try {
    for (;;) {
      const run = await openRun(world, settled, recorder, tell);
      const { replaced, next } = reloads.begin();
      const sinks = [...run.setup.sinks, ...supervisor.sinks];
      carried = await runAgent({ ...run.setup, sinks, stop: world.stop, replaced }, carried);
      const following = world.stop.aborted ? null : next();
      if (following === null) {
        await stop(daemon, run, recorder);
        return 0;
      }
      await run.close(following.config);
      if (following.config.stateDir !== settled.config.stateDir) {
        recorder.close();
        recorder = await world.openRecorder(following.config.stateDir, tell);
      }
      settled = following;
    }
  } finally {
    recorder.close();
  }
}

async function stop(
  { world, supervisor, tell }: Daemon,
  run: AgentRun,
  recorder: FlightRecorder,
): Promise<void> {
  const reason = String(world.stop.reason ?? 'stopped');
  supervisor.stopping(`stopping: ${reason}`);
  tell({ type: 'stopping', reason, pending: recorder.outbox.depth().pending });
  await run.publisher?.flush(AbortSignal.timeout(LAST_FLUSH_MS));
  tell({ type: 'stopped', pending: recorder.outbox.depth().pending });
  await run.close(null);
}

interface Reloads {
  /** For the run that begins: aborts when another configuration is to follow, which `next` then gives. */
  begin(): { readonly replaced: AbortSignal; next(): Settled | null };
}

/** Each SIGHUP settles the configuration anew. What is wrong with it is told, and the one before stays in force. */
function watchReloads({ world, flags, supervisor, tell }: Daemon, first: Settled): Reloads {
  let latest = first;
  let replaced = new AbortController();
  let following: Settled | null = null;
  let asked = 0;

  const reload = async (): Promise<void> => {
    supervisor.reloading();
    const settled = await trySettle(world, 'agent', flags, null);
    if ('config' in settled) {
      const changed = changedSettings(latest.config, settled.config);
      tell({ type: 'reloaded', changed });
      if (changed.length > 0) {
        latest = settled;
        following = settled;
        supervisor.reconfigured(cycleMs(settled.config));
        replaced.abort();
      }
    } else {
      const mistakes = settled.join('; ');
      tell({ type: 'trouble', what: 'configuration', detail: `${mistakes}; the one before stays in force` });
    }
    supervisor.reloaded();
  };

  world.onReload(() => {
    asked += 1;
    if (asked > 1) return;
    void (async () => {
      // A signal that comes while the files are read may be about what was just written.
      for (let done = 0; done < asked; ) {
        done = asked;
        await reload().catch((error) => tell({ type: 'defect', detail: defectText(error) }));
      }
      asked = 0;
    })();
  });

  return {
    begin() {
      // What was settled while the run was opened is for the next one.
      if (following === null || !replaced.signal.aborted) replaced = new AbortController();
      return {
        replaced: replaced.signal,
        next: () => {
          const settled = following;
          following = null;
          return settled;
        },
      };
    },
  };
}

function changedSettings(before: Config, after: Config): string[] {
  const texts = new Map(before.shown.map(({ setting, text }) => [setting, text]));
  return after.shown.filter(({ setting, text }) => texts.get(setting) !== text).map(({ setting }) => setting);
}
