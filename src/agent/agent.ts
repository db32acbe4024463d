// The agent: one cycle a beat, findings settled from cycle to cycle, reports handed to the sinks, until stopped.

import type { TellAgentEvent } from '../core/agent-event.ts';
import type { Check, Policy } from '../core/check.ts';
import type { Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { shownText } from '../core/text.ts';
import { type Cycle, type CycleSetup, runCycle } from './cycle.ts';
import { nextBeat } from './schedule.ts';
import { type Memory, NOTHING_STANDS, type Transition, transition } from './transitions.ts';

export interface AgentSetup {
  readonly cycle: CycleSetup;
  readonly policy: Policy;
  readonly intervalMs: number;
  /** Observations made elsewhere that this cycle's checks may read, such as the last delivery. */
  readonly beside: () => Snapshot;
  /** Makes the report of a cycle and of what stands after it, and records it: after this, nothing is lost. */
  readonly project: (cycle: Cycle, step: Transition) => Report;
  readonly sinks: readonly Sink[];
  readonly tell: TellAgentEvent;
  /** SIGTERM, SIGINT. */
  readonly stop: AbortSignal;
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
 * Runs cycles until stopped. A cycle that fails is reported as our defect and the next one comes on time. Sinks
 * deliver beside the next cycle; each gets a report only after it has finished with the one before.
 */
export async function runAgent(setup: AgentSetup): Promise<void> {
  const { clock } = setup.cycle.ports;
  const origin = clock.monotonicMs();
  const sinks = setup.sinks.map((sink) => lane(sink, setup));
  let memory: Memory = NOTHING_STANDS;
  let previousRoleName: string | null = null;
  while (!setup.stop.aborted) {
    try {
      const cycle = await runCycle(
        setup.cycle,
        { ...setup.policy, previousRoleName },
        setup.beside(),
        setup.stop,
      );
      // What was cut short by the stop tells nothing about the instance.
      if (setup.stop.aborted) break;
      previousRoleName = roleOf(cycle.snapshot) ?? previousRoleName;
      const step = settle(memory, cycle, setup.cycle.selection.checks);
      memory = step.memory;
      const report = setup.project(cycle, step);
      announce(step, report, setup.tell);
      for (const sink of sinks) sink(report);
    } catch (error) {
      setup.tell({ type: 'defect', detail: defectText(error) });
    }
    await sleep(nextBeat(origin, setup.intervalMs, clock.monotonicMs()) - clock.monotonicMs(), setup.stop);
  }
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

/** One sink's queue of one: while it is busy the newest report waits, so a slow sink neither piles up nor lags behind. */
function lane(sink: Sink, setup: AgentSetup): (report: Report) => void {
  let busy = false;
  let waiting: Report | null = null;
  const deliver = async (report: Report): Promise<void> => {
    busy = true;
    try {
      await sink.deliver(report, setup.stop);
    } catch (error) {
      setup.tell({ type: 'trouble', what: sink.name, detail: defectText(error) });
    }
    busy = false;
    const next = waiting;
    waiting = null;
    if (next !== null) void deliver(next);
  };
  return (report) => {
    if (busy) waiting = report;
    else void deliver(report);
  };
}

export function defectText(error: unknown): string {
  return shownText(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
