// One cycle: observe, correct to true time, judge, and put it into a report. `check` and `agent` share it.
import { assess, type Judgement } from '../checks/assess.ts';
import type { Policy } from '../core/check.ts';
import type { TrueTime } from '../core/clock.ts';
import type { Ports } from '../core/ports.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { dateOf, trueTime } from '../core/true-time.ts';
import { observe } from './observe.ts';
import type { Selection } from './select.ts';

export interface CycleSetup {
  readonly selection: Selection;
  readonly ports: Ports;
  /** Milliseconds for everything the probes do. */
  readonly deadlineMs: number;
}

/** What one cycle saw and how it was judged, before findings are settled over cycles and metrics made. */
export interface Cycle extends Judgement {
  /** Epoch milliseconds by the local clock. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly snapshot: Snapshot;
  readonly trueTime: TrueTime;
}

/**
 * Runs one cycle. `beside` are observations that were made elsewhere, such as the last delivery to CloudWatch. It counts
 * as begun `lateMs` ago: on its beat, so that a busy machine does not give two cycles the same second.
 */
export async function runCycle(
  setup: CycleSetup,
  policy: Policy,
  beside: Snapshot = {},
  stop?: AbortSignal,
  lateMs = 0,
): Promise<Cycle> {
  const { selection, ports, deadlineMs } = setup;
  const wallMs = ports.clock.wallMs();
  const started = ports.clock.monotonicMs();
  const seen = dated({ ...(await observe(selection, ports, deadlineMs, stop)), ...beside });
  const truth = trueTime(seen);
  const snapshot = inTrueTime(seen, wallMs + truth.correctionMs);
  const judgement = assess(selection.checks, snapshot, selection.omitted, policy);
  return {
    startedAtMs: wallMs - lateMs,
    durationMs: Math.round(ports.clock.monotonicMs() - started),
    snapshot,
    trueTime: truth,
    ...judgement,
  };
}

/** However long the cycle took: CloudWatch answers within a few tenths of it. */
const LEAST_PUBLISH_MS = 1000;

/** Milliseconds to publish what a cycle measured: what it has left of its deadline. */
export function timeToPublish(cycle: Cycle, deadlineMs: number): number {
  return Math.max(deadlineMs - cycle.durationMs, LEAST_PUBLISH_MS);
}

/** Where IMDS sent no `Date`, that of AWS takes its place: one clock for what is judged and for what is measured. */
function dated(snapshot: Snapshot): Snapshot {
  const headers = snapshot['http-date'];
  if (headers === undefined || headers.ok) return snapshot;
  const value = dateOf(snapshot);
  return value === null
    ? snapshot
    : { ...snapshot, 'http-date': { ok: true, tookMs: headers.tookMs, attempts: headers.attempts, value } };
}

/** Corrects the role's margin and age, which the client could take by the local clock only. */
function inTrueTime(snapshot: Snapshot, trueMs: number): Snapshot {
  const role = snapshot['instance-role'];
  if (!role?.ok) return snapshot;
  const { expiration, lastUpdated } = role.value;
  const value = {
    ...role.value,
    marginSeconds: expiration === null ? null : Math.floor((Date.parse(expiration) - trueMs) / 1000),
    ageSeconds: lastUpdated === null ? null : Math.floor((trueMs - Date.parse(lastUpdated)) / 1000),
  };
  return { ...snapshot, 'instance-role': { ...role, value } };
}
