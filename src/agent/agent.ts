// The agent: one cycle a beat, findings settled from cycle to cycle, reports handed to the sinks, until stopped.

import type { TellAgentEvent } from '../core/agent-event.ts';
import type { Check, Policy } from '../core/check.ts';
import type { Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { shownText } from '../core/text.ts';
import { type Cycle, type CycleSetup, runCycle } from './cycle.ts';
import { firstBeat, lateness, nextBeat } from './schedule.ts';
import { type Memory, NOTHING_STANDS, type Transition, transition } from './transitions.ts';

/** What outlives a change of the configuration. */
export interface Carried {
  readonly memory: Memory;
  readonly previousRoleName: string | null;
}

export const NOTHING_CARRIED: Carried = { memory: NOTHING_STANDS, previousRoleName: null };

export interface AgentSetup {
  readonly cycle: CycleSetup;
  readonly policy: Policy;
  readonly intervalMs: number;
  /** From 0 to 1: where in the interval the beats of this instance lie, see `firstBeat`. */
  readonly phase: number;
  /** Observations made elsewhere that this cycle's checks may read, such as the last delivery. */
  readonly beside: () => Snapshot;
  /** Makes the report of a cycle and of what stands after it, and records it: after this, nothing is lost. */
  readonly project: (cycle: Cycle, step: Transition) => Report;
  readonly sinks: readonly Sink[];
  readonly tell: TellAgentEvent;
  /** SIGTERM, SIGINT: ends even the cycle that runs. */
  readonly stop: AbortSignal;
  /** Ends it between two cycles, for another one with another configuration. */
  readonly replaced: AbortSignal;
}

/** Waits, or ends at once by the signal. */
function sleep(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted || ms <= 0) return resolve();
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener('abort', done, { once: true });
  });
}

/**
 * Runs cycles until stopped or replaced; then the sinks have finished what they had. A cycle that fails is reported as
 * our defect and the next one comes on time. Sinks deliver beside the next cycle; each gets a report only after it has
 * finished with the one before.
 */
export async function runAgent(setup: AgentSetup, carried: Carried): Promise<Carried> {
  const { clock } = setup.cycle.ports;
  const over = AbortSignal.any([setup.stop, setup.replaced]);
  const origin = firstBeat(clock.monotonicMs(), setup.intervalMs, setup.phase);
  const lanes = setup.sinks.map((sink) => lane(sink, over, setup.tell));
  let { memory, previousRoleName } = carried;
  let beat = clock.monotonicMs();
  while (!over.aborted) {
    try {
      const cycle = await runCycle(
        setup.cycle,
        { ...setup.policy, previousRoleName },
        setup.beside(),
        setup.stop,
        lateness(beat, setup.intervalMs, clock.monotonicMs()),
      );
      // What was cut short by the stop tells nothing about the instance.
      if (setup.stop.aborted) break;
      previousRoleName = roleOf(cycle.snapshot) ?? previousRoleName;
      const step = settle(memory, cycle, setup.cycle.selection.checks);
      memory = step.memory;
      const report = setup.project(cycle, step);
      announce(step, report, setup.tell);
      for (const { give } of lanes) give(report);
    } catch (error) {
      setup.tell({ type: 'defect', detail: defectText(error) });
    }
    beat = nextBeat(origin, setup.intervalMs, clock.monotonicMs());
    await sleep(beat - clock.monotonicMs(), over);
  }
  // A stop has no time for them: the last delivery cuts what is under way.
  if (!setup.stop.aborted) await Promise.all(lanes.map(({ idle }) => idle()));
  return { memory, previousRoleName };
}

function settle(memory: Memory, cycle: Cycle, checks: readonly Check[]): Transition {
  const host = cycle.snapshot.host;
  return transition(
    memory,
    {
      verdicts: cycle.verdicts,
      findings: cycle.findings,
      atMs: cycle.startedAtMs + cycle.trueTime.correctionMs,
      uptimeSeconds: host?.ok ? host.value.uptimeSeconds : null,
    },
    checks,
  );
}

function announce(step: Transition, report: Report, tell: TellAgentEvent): void {
  for (const finding of step.raised) tell({ type: 'raised', finding });
  for (const finding of step.changed) tell({ type: 'changed', finding });
  for (const finding of step.cleared) tell({ type: 'cleared', finding });
  const { observations } = report;
  const role = observations['instance-role'];
  const offset = observations['clock-offset'];
  const traffic = observations['imds-traffic'];
  tell({
    type: 'cycle',
    status: report.status,
    durationMs: report.durationMs,
    marginSeconds: role?.ok ? role.value.marginSeconds : null,
    offsetMs: offset?.ok ? offset.value.offsetMs : null,
    requests: traffic?.ok ? traffic.value.requests.length : 0,
    findings: report.findings.map(({ id }) => id),
  });
}

const roleOf = (snapshot: Snapshot): string | null => {
  const role = snapshot['instance-role'];
  return role?.ok ? role.value.roleName : null;
};

interface Lane {
  give(report: Report): void;
  /** Resolves once everything given was delivered. */
  idle(): Promise<void>;
}

/** One sink's queue of one: while it is busy the newest report waits, so a slow sink neither piles up nor lags behind. */
function lane(sink: Sink, over: AbortSignal, tell: TellAgentEvent): Lane {
  let working: Promise<void> | null = null;
  let waiting: Report | null = null;
  let failing: string | null = null;
  const deliver = async (report: Report): Promise<void> => {
    try {
      await sink.deliver(report, over);
      if (failing !== null) tell({ type: 'recovered', what: sink.name, detail: 'it works again' });
      failing = null;
    } catch (error) {
      const detail = defectText(error);
      // Said once, and again only when it fails in another way.
      if (detail !== failing) tell({ type: 'trouble', what: sink.name, detail });
      failing = detail;
    }
  };
  const work = async (first: Report): Promise<void> => {
    for (let report: Report | null = first; report !== null; ) {
      await deliver(report);
      report = waiting;
      waiting = null;
    }
    working = null;
  };
  return {
    give: (report) => {
      if (working === null) working = work(report);
      else waiting = report;
    },
    idle: async () => {
      while (working !== null) await working;
    },
  };
}

export function defectText(error: unknown): string {
  return shownText(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
