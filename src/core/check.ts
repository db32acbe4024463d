// The contract of a check: it judges what probes saw, purely, against a policy.
import type { Outcome } from './outcome.ts';
import type { Finding, Fix, Severity } from './report.ts';
import type { Observations, ProbeId } from './snapshot.ts';

export type Group = 'imds' | 'role' | 'clock' | 'chain' | 'endpoint' | 'tooling' | 'agent';

/** Thresholds and circumstances that judging needs; all of them settings or facts of this run. */
export interface Policy {
  readonly marginWarningSeconds: number;
  readonly marginCriticalSeconds: number;
  readonly clockWarningSeconds: number;
  readonly clockCriticalSeconds: number;
  readonly slowWarningMs: number;
  /** The role seen in the cycle before, or null where there is none to compare with. */
  readonly previousRoleName: string | null;
}

/** What `explain` tells of a finding: timeless, where a Finding speaks about one instance. */
export interface Runbook {
  /** What it means for whoever uses this instance, in plain words. */
  readonly means: string;
  /** Most frequent first. */
  readonly causes: readonly string[];
  readonly fixes: readonly Fix[];
}

/** Outcomes a check asked for (`needs`, always there) or would like (`uses`, perhaps not looked at). */
export type Seen<N extends ProbeId, U extends ProbeId = never> = {
  readonly [K in N]: Outcome<Observations[K]>;
} & { readonly [K in U]?: Outcome<Observations[K]> };

/** A check's answer. A finding takes its id, title and reference from the check. */
export type Assessment =
  | 'pass'
  | { readonly pass: string }
  | { readonly unknown: string }
  | { readonly skipped: string }
  | Omit<Finding, 'id' | 'title' | 'reference'>;

/**
 * One rule. Where an observation in `needs` was left out (`--offline`, `--skip`), the verdict is `skipped`
 * without asking the check; where it failed, the check itself says what that means.
 */
export interface Check<N extends ProbeId = ProbeId, U extends ProbeId = ProbeId> {
  /** Equal to the file's name. Once released, it keeps its meaning. */
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  /** Severities it can raise, the worst first. */
  readonly severities: readonly Severity[];
  readonly needs: readonly N[];
  readonly uses?: readonly U[];
  /** True where an `unknown` here means that IMDS, the credentials or the clock could not be judged: status unknown. */
  readonly decisive?: boolean;
  /** True where the agent raises and clears at once, without waiting for a second cycle: expiry does not blip. */
  readonly immediate?: boolean;
  /** Findings that are over once this one stands, because it says the same and more: one cause, one finding. */
  readonly covers?: readonly string[];
  readonly runbook: Runbook;
  /** Where AWS, an RFC or a maintainer says so. */
  readonly reference: string;
  assess(seen: Seen<N, U>, policy: Policy): Assessment;
}

/** Declares a check, so that reading an observation it did not list is a compile error. */
export function defineCheck<N extends ProbeId, U extends ProbeId = never>(check: Check<N, U>): Check {
  // Widened for the catalogue: the runner hands over exactly what `needs` and `uses` name.
  return check as unknown as Check;
}
