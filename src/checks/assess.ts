// Runs checks over a snapshot: verdicts in catalogue order, findings with the root cause first. Pure.
import type { Assessment, Check, Policy } from '../core/check.ts';
import type { Finding, Severity, Verdict } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';

/** Why a probe did not run (`--offline`, `--only`, not configured), or a check does not judge (`--skip`), by its id. */
export type Omitted = Readonly<Record<string, string>>;

export interface Judgement {
  readonly verdicts: readonly Verdict[];
  readonly findings: readonly Finding[];
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/**
 * Judges a snapshot. Findings are ordered by severity, then by the catalogue, whose order is from cause to effect.
 * A check that throws is a defect of ours: its verdict is `unknown` and says so.
 */
export function assess(
  checks: readonly Check[],
  snapshot: Snapshot,
  omitted: Omitted,
  policy: Policy,
): Judgement {
  const findings: Finding[] = [];
  const verdicts = checks.map((check): Verdict => {
    const assessment = judge(check, snapshot, omitted, policy);
    if (typeof assessment === 'object' && 'severity' in assessment) {
      findings.push({ id: check.id, title: check.title, ...assessment, reference: check.reference });
      return { id: check.id, status: 'fail', because: assessment.cause };
    }
    return { id: check.id, ...plainVerdict(check, assessment) };
  });
  findings.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return { verdicts, findings };
}

function judge(check: Check, snapshot: Snapshot, omitted: Omitted, policy: Policy): Assessment {
  const leftOut = omitted[check.id];
  if (leftOut !== undefined) return { skipped: leftOut };
  for (const id of check.needs) {
    if (snapshot[id] === undefined) return { skipped: omitted[id] ?? `${id} was not looked at` };
    const outcome = snapshot[id];
    if (!outcome.ok && outcome.failure.kind === 'crashed') {
      return {
        unknown: `${id} could not be observed because of a defect in imds-probe: ${outcome.failure.detail}`,
      };
    }
  }
  try {
    // The catalogue's checks are widened; `needs` was held above, `uses` may be absent by contract.
    return check.assess(snapshot as Parameters<Check['assess']>[0], policy);
  } catch (error) {
    return {
      unknown: `a defect in imds-probe: ${error instanceof Error ? error.name : 'error'} in ${check.id}`,
    };
  }
}

function plainVerdict(
  check: Check,
  assessment: Exclude<Assessment, { readonly severity: Severity }>,
): Omit<Verdict, 'id'> {
  if (assessment === 'pass') return { status: 'pass', because: `not so: ${check.title}` };
  if ('pass' in assessment) return { status: 'pass', because: assessment.pass };
  if ('unknown' in assessment) return { status: 'unknown', because: assessment.unknown };
  return { status: 'skipped', because: assessment.skipped };
}
