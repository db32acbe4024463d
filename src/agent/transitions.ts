// Which findings stand: decides from cycle to cycle what is raised and cleared, so that one blip wakes nobody. Pure.
import type { Check } from '../core/check.ts';
import type { Finding, Verdict } from '../core/report.ts';

/** Cycles in a row that a finding must be seen, or not seen, before it is raised or cleared. */
export const CYCLES_TO_SETTLE = 2;

/** An instance that has just booted answers 401 or refuses for a while: EC2 User Guide, and facts of many boots. */
export const BOOT_GRACE_SECONDS = 60;

export interface Standing {
  readonly finding: Finding;
  /** Epoch milliseconds when it was raised, or last changed its severity. */
  readonly sinceMs: number;
  /** Cycles in a row in which its check passed. */
  readonly passes: number;
}

/** What is remembered between cycles. Starts as `NOTHING_STANDS`. */
export interface Memory {
  readonly standing: ReadonlyMap<string, Standing>;
  /** Cycles in a row that a finding not yet raised was seen. */
  readonly seen: ReadonlyMap<string, number>;
}

export const NOTHING_STANDS: Memory = { standing: new Map(), seen: new Map() };

export interface Cycle {
  readonly verdicts: readonly Verdict[];
  readonly findings: readonly Finding[];
  /** Epoch milliseconds of the cycle's start. */
  readonly atMs: number;
  readonly uptimeSeconds: number | null;
}

export interface Transition {
  readonly memory: Memory;
  /** What stands after this cycle, in the order of the catalogue. */
  readonly standing: readonly Standing[];
  readonly raised: readonly Finding[];
  /** Stood before and stands, with another severity. */
  readonly changed: readonly Finding[];
  readonly cleared: readonly Finding[];
}

/**
 * Takes one cycle into the memory. Expiry is raised and cleared at once (`Check.immediate`), everything else after
 * two cycles. `unknown` and `skipped` neither raise nor clear: not having looked is never health.
 */
export function transition(before: Memory, cycle: Cycle, checks: readonly Check[]): Transition {
  const found = new Map(cycle.findings.map((finding) => [finding.id, finding]));
  const passed = new Set(cycle.verdicts.filter(({ status }) => status === 'pass').map(({ id }) => id));
  const standing = new Map<string, Standing>();
  const seen = new Map<string, number>();
  const told: Record<Step['event'], Finding[]> = { none: [], raised: [], changed: [], cleared: [] };

  for (const check of checks) {
    const { id } = check;
    const finding = found.get(id);
    const stood = before.standing.get(id);
    const settle = check.immediate === true ? 1 : CYCLES_TO_SETTLE;
    if (stood !== undefined) {
      const step =
        finding === undefined ? fade(stood, passed.has(id), settle) : renew(stood, finding, cycle.atMs);
      told[step.event].push(step.standing.finding);
      if (step.event !== 'cleared') standing.set(id, step.standing);
      continue;
    }
    const times = (before.seen.get(id) ?? 0) + (finding === undefined ? 0 : 1);
    if (times > 0 && !passed.has(id)) seen.set(id, times);
    if (finding === undefined || times < settle || isBootNoise(check, finding, cycle.uptimeSeconds)) continue;
    told.raised.push(finding);
    standing.set(id, { finding, sinceMs: cycle.atMs, passes: 0 });
  }
  const { raised, changed, cleared } = told;
  return { memory: { standing, seen }, standing: [...standing.values()], raised, changed, cleared };
}

interface Step {
  readonly event: 'none' | 'raised' | 'changed' | 'cleared';
  readonly standing: Standing;
}

/** What stood was seen again, perhaps worse or better. */
function renew(stood: Standing, finding: Finding, atMs: number): Step {
  const other = finding.severity !== stood.finding.severity;
  return {
    event: other ? 'changed' : 'none',
    standing: { finding, sinceMs: other ? atMs : stood.sinceMs, passes: 0 },
  };
}

/** What stood was not seen: passed, or not judged. */
function fade(stood: Standing, passed: boolean, settle: number): Step {
  const passes = stood.passes + (passed ? 1 : 0);
  return { event: passes >= settle ? 'cleared' : 'none', standing: { ...stood, passes } };
}

function isBootNoise(check: Check, finding: Finding, uptimeSeconds: number | null): boolean {
  return (
    finding.severity === 'critical' &&
    (check.group === 'imds' || check.group === 'role') &&
    uptimeSeconds !== null &&
    uptimeSeconds < BOOT_GRACE_SECONDS
  );
}

/** How long a warning asks for the per-instance series: a fleet's price stays flat, a sick instance can be found. */
export const WARNING_ATTENTION_MS = 3_600_000;

/** Whether this instance needs attention: while anything is critical, and for the first hour of a warning. */
export function needsAttention(standing: readonly Standing[], atMs: number): boolean {
  return standing.some(
    ({ finding, sinceMs }) =>
      finding.severity === 'critical' ||
      (finding.severity === 'warning' && atMs - sinceMs < WARNING_ATTENTION_MS),
  );
}
