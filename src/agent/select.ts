// Which checks and probes a run needs, from `--only`, `--skip` and `--offline`. Pure.
import type { Omitted } from '../checks/assess.ts';
import type { Check } from '../core/check.ts';
import type { Probe } from '../core/ports.ts';
import type { ProbeId } from '../core/snapshot.ts';

export interface Selection {
  /** Those that are reported; what `--skip` names is among them, and in `omitted`. */
  readonly checks: readonly Check[];
  readonly probes: readonly Probe[];
  /** Those that run only where the probe that they stand in for has failed. */
  readonly standIns: readonly Probe[];
  readonly omitted: Omitted;
}

export interface SelectionOptions {
  /** Finding ids or groups; empty means all. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly offline: boolean;
  /** Metrics will be sent: that takes credentials to sign with, and a Region to send to. */
  readonly publish: boolean;
}

const SIGNING: readonly ProbeId[] = ['instance-role', 'instance-identity'];

/**
 * `--only` runs just the probes its checks need; `--skip` leaves out those that nothing else reads.
 * A probe that asks AWS is left out under `--offline`, and what needs it is skipped with that reason.
 */
export function select(
  checks: readonly Check[],
  probes: readonly Probe[],
  options: SelectionOptions,
): Selection {
  const named = (names: readonly string[], check: Check) =>
    names.includes(check.id) || names.includes(check.group);
  const asked = checks.filter((check) => options.only.length === 0 || named(options.only, check));
  const chosen = asked.filter((check) => !named(options.skip, check));
  const signing = options.publish ? SIGNING : [];
  const wanted = new Set<ProbeId>([...signing, ...chosen.flatMap((check) => check.needs)]);
  if (options.only.length === 0) {
    // What is optional to the checks, and what no check reads at all, belongs to a whole diagnosis too …
    for (const probe of probes) wanted.add(probe.id);
    // … unless only skipped checks ask for it.
    const readBySkipped = new Set(
      checks.filter((check) => !chosen.includes(check)).flatMap((check) => check.needs),
    );
    const readByChosen = new Set<ProbeId>([
      ...signing,
      ...chosen.flatMap((check) => [...check.needs, ...(check.uses ?? [])]),
    ]);
    for (const id of readBySkipped) if (!readByChosen.has(id)) wanted.delete(id);
  }
  const omitted: Record<string, string> = {};
  for (const check of asked) if (!chosen.includes(check)) omitted[check.id] = 'left out by --skip';
  const running = probes.filter((probe) => {
    if (!wanted.has(probe.id)) {
      omitted[probe.id] = options.only.length > 0 ? 'left out by --only' : 'left out by --skip';
      return false;
    }
    if (options.offline && probe.asks === 'aws') {
      omitted[probe.id] = 'left out by --offline';
      return false;
    }
    return true;
  });
  const used = new Set<ProbeId>(chosen.flatMap((check) => check.uses ?? []));
  const standIns = probes.filter(
    ({ id, standsInFor }) =>
      options.only.length > 0 && standsInFor !== undefined && used.has(id) && !wanted.has(id),
  );
  return { checks: asked, probes: running, standIns, omitted };
}
