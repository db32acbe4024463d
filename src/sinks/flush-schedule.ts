// When metrics are sent: every so often, spread over a fleet, and at once when somebody should know. Pure.
import { DELIVERY_FINDINGS } from '../core/publishing.ts';
import type { Finding } from '../core/report.ts';

export interface FlushState {
  /** Now and the start of the last flush (or of the program), in milliseconds of one monotonic clock. */
  readonly nowMs: number;
  readonly lastMs: number;
  /** `--flush`, in milliseconds. */
  readonly intervalMs: number;
  /** From 0 to 1: where in the interval this instance sends, so that a fleet spreads over all of it. */
  readonly phase: number;
  /** Flushes in a row that failed. */
  readonly failures: number;
  /**
   * Flushes that failed since a finding of warning or critical appeared, changed its severity or went away; null where
   * CloudWatch knows of the latest such change.
   */
  readonly alarmTries: number | null;
  /** The role has other credentials than at the last flush. */
  readonly freshCredentials: boolean;
}

/**
 * Whether this cycle sends: in this instance's own place in the interval, and at once where somebody should know. A
 * flush that fails waits for the next place, so that an outage costs CloudWatch no more requests than a good day, and
 * a fleet that comes back from it is spread as it always is. Only what is alarming is tried again with the next cycle,
 * after a quarter and after half of the interval. Credentials that are new since a failure are tried at once.
 */
export function flushDue(state: FlushState): boolean {
  const { nowMs, lastMs, intervalMs, phase, failures, alarmTries } = state;
  if (failures > 0 && state.freshCredentials) return true;
  const slot = (ms: number): number => Math.floor(ms / intervalMs + phase);
  if (slot(nowMs) > slot(lastMs)) return true;
  return alarmTries !== null && nowMs - lastMs >= waitBefore(alarmTries) * intervalMs;
}

/** Parts of the interval between one try with something alarming and the next, the first one of them at once. */
function waitBefore(tries: number): number {
  return [0, 0, 1 / 4, 1 / 2][tries] ?? Number.POSITIVE_INFINITY;
}

/** What somebody should know at once when it differs from the cycle before: what stands of warning and critical. */
export function alarmingState(findings: readonly Finding[]): string {
  return findings
    .filter(({ id, severity }) => severity !== 'info' && !DELIVERY_FINDINGS.includes(id))
    .map(({ id, severity }) => `${severity} ${id}`)
    .sort()
    .join('\n');
}
