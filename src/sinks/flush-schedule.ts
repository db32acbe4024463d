// When metrics are sent: every so often, spread over a fleet, and at once when somebody should know. Pure.
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
  /** A finding of warning or critical appeared, changed its severity or went away in this cycle. */
  readonly urgent: boolean;
  /** The role has other credentials than at the last flush. */
  readonly freshCredentials: boolean;
}

/**
 * Whether this cycle sends. A failed flush is repeated with the next cycle, then after a quarter and a half of the
 * interval, and then only in this instance's own place in it: so a fleet that comes back from an outage is spread as
 * it always is. Credentials that are new since a failure are tried at once.
 */
export function flushDue(state: FlushState): boolean {
  const { nowMs, lastMs, intervalMs, phase, failures } = state;
  if (state.urgent || (failures > 0 && state.freshCredentials)) return true;
  const slot = (ms: number): number => Math.floor(ms / intervalMs + phase);
  if (slot(nowMs) > slot(lastMs)) return true;
  return failures > 0 && nowMs - lastMs >= retryAfterMs(failures, intervalMs);
}

function retryAfterMs(failures: number, intervalMs: number): number {
  const shares = [0, 1 / 4, 1 / 2];
  return (shares[failures - 1] ?? 1) * intervalMs;
}

/** What makes a cycle urgent when it differs from the cycle before: what stands of warning and critical. */
export function alarmingState(findings: readonly Finding[]): string {
  return findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ id, severity }) => `${severity} ${id}`)
    .sort()
    .join('\n');
}
