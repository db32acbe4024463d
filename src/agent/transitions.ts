// Which findings stand: decides from cycle to cycle what is raised and cleared, so that one blip wakes nobody. Pure.
import type { Check } from '../core/check.ts';
import type { Finding, Severity, Verdict } from '../core/report.ts';

/** Cycles in a row that a finding must be seen, not seen, or seen worse or better, before that counts. */
export const CYCLES_TO_SETTLE = 2;

/** An instance that has just booted answers 401 or refuses for a while: EC2 User Guide, and facts of many boots. */
export const BOOT_GRACE_SECONDS = 60;

export interface Standing {
  readonly finding: Finding;
  /** Epoch milliseconds when it was raised, or last changed its severity. */
  readonly sinceMs: number;
  /** Cycles in a row in which its check passed. */
  readonly passes: number;
  /** Cycles in a row in which it had another severity. */
  readonly shifts: number;
}

/** A finding that is not raised yet. */
export interface Sighting {
  /** Cycles in which it was seen since its check last passed. */
  readonly times: number;
  /** The mildest of them: a blip that makes it worse wakes nobody either. */
  readonly mildest: Finding;
}

/** What is remembered between cycles. Starts as `NOTHING_STANDS`. */
export interface Memory {
  readonly standing: ReadonlyMap<string, Standing>;
  readonly seen: ReadonlyMap<string, Sighting>;
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
 * Takes one cycle into the memory. Expiry is raised, changed and cleared at once (`Check.immediate`), everything else
 * after two cycles. `unknown` and `skipped` neither raise nor clear: not having looked is never health. What another
 * finding that stands says better (`Check.covers`) is cleared with it.
 */
export function transition(before: Memory, cycle: Cycle, checks: readonly Check[]): Transition {
  const standing = new Map<string, Standing>();
  const seen = new Map<string, Sighting>();
  const told: Record<Step['event'], Finding[]> = { none: [], raised: [], changed: [], cleared: [] };
  const found = new Map(cycle.findings.map((finding) => [finding.id, finding]));
  const passed = new Set(cycle.verdicts.filter(({ status }) => status === 'pass').map(({ id }) => id));

  for (const check of checks) {
    const { id } = check;
    const now: Now = {
      finding: found.get(id),
      passed: passed.has(id),
      settle: check.immediate === true ? 1 : CYCLES_TO_SETTLE,
      early: (finding) => isBootNoise(check, finding, cycle.uptimeSeconds),
      atMs: cycle.atMs,
    };
    const stood = before.standing.get(id);
    const sighting = stood === undefined ? sighted(before.seen.get(id), now) : undefined;
    if (sighting !== undefined) seen.set(id, sighting);
    const step = stood === undefined ? raise(sighting, now) : renew(stood, now);
    if (step === null) continue;
    told[step.event].push(step.standing.finding);
    if (step.event !== 'cleared') standing.set(id, step.standing);
  }
  for (const id of checks.flatMap((check) => (standing.has(check.id) ? (check.covers ?? []) : []))) {
    const covered = found.has(id) ? undefined : standing.get(id);
    if (covered === undefined) continue;
    standing.delete(id);
    told.cleared.push(covered.finding);
  }
  const { raised, changed, cleared } = told;
  return { memory: { standing, seen }, standing: [...standing.values()], raised, changed, cleared };
}

/** What this cycle says of one check. */
interface Now {
  readonly finding: Finding | undefined;
  readonly passed: boolean;
  /** Cycles until something counts. */
  readonly settle: number;
  /** Whether it is too early after boot to say so. */
  readonly early: (finding: Finding) => boolean;
  readonly atMs: number;
}

interface Step {
  readonly event: 'none' | 'raised' | 'changed' | 'cleared';
  readonly standing: Standing;
}

const RANK: Readonly<Record<Severity, number>> = { critical: 2, warning: 1, info: 0 };

function sighted(before: Sighting | undefined, { finding, passed }: Now): Sighting | undefined {
  if (passed) return undefined;
  if (finding === undefined) return before;
  if (before === undefined) return { times: 1, mildest: finding };
  const milder = RANK[finding.severity] <= RANK[before.mildest.severity];
  return { times: before.times + 1, mildest: milder ? finding : before.mildest };
}

/** What did not stand does so once it was seen often enough, at first as mild as it was at its mildest. */
function raise(sighting: Sighting | undefined, { finding, settle, early, atMs }: Now): Step | null {
  if (finding === undefined || sighting === undefined || sighting.times < settle) return null;
  const { mildest } = sighting;
  if (early(mildest)) return null;
  const shifts = mildest === finding ? 0 : 1;
  return { event: 'raised', standing: { finding: mildest, sinceMs: atMs, passes: 0, shifts } };
}

/** What stood was seen again, perhaps worse or better, or it was not: its check passed, or could not judge. */
function renew(stood: Standing, { finding, passed, settle, early, atMs }: Now): Step {
  if (finding === undefined) {
    const passes = stood.passes + (passed ? 1 : 0);
    return { event: passes >= settle ? 'cleared' : 'none', standing: { ...stood, passes } };
  }
  if (finding.severity === stood.finding.severity) {
    return { event: 'none', standing: { ...stood, finding, passes: 0, shifts: 0 } };
  }
  const shifts = stood.shifts + 1;
  return shifts < settle || early(finding)
    ? { event: 'none', standing: { ...stood, passes: 0, shifts } }
    : { event: 'changed', standing: { finding, sinceMs: atMs, passes: 0, shifts: 0 } };
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
