// The runner: asks all probes side by side and records time, attempts and failure of each.

import { failed, type Outcome, type Result } from '../core/outcome.ts';
import type { ClockPort, Ports, Probe } from '../core/ports.ts';
import type { Observations, ProbeId, Snapshot } from '../core/snapshot.ts';
import { shownText } from '../core/text.ts';
import type { Selection } from './select.ts';

/** Extra time for a client to end by the signal on its own before it is given up. */
const GRACE_MS = 250;

/**
 * Observes with every probe; those that read what others left behind (`asks: 'cycle'`) run last, and then those that
 * stand in for one that failed.
 * Never rejects, and never outlasts the deadline by more than a moment.
 */
export async function observe(
  { probes, standIns }: Pick<Selection, 'probes' | 'standIns'>,
  ports: Ports,
  deadlineMs: number,
  stop?: AbortSignal,
): Promise<Snapshot> {
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)));
  const signal = stop === undefined ? deadline : AbortSignal.any([deadline, stop]);
  ports.imds.beginCycle();
  ports.time.beginCycle();
  ports.chain.beginCycle();
  const snapshot: { [K in ProbeId]?: Outcome<Observations[K]> } = {};
  const run = async (probe: Probe) => {
    (snapshot as Record<string, Outcome<unknown>>)[probe.id] = await outcomeOf(probe, ports, signal);
  };
  await Promise.all(probes.filter((probe) => probe.asks !== 'cycle').map(run));
  await Promise.all(probes.filter((probe) => probe.asks === 'cycle').map(run));
  const needed = ({ standsInFor }: Probe) => standsInFor !== undefined && snapshot[standsInFor]?.ok === false;
  await Promise.all(standIns.filter(needed).map(run));
  return snapshot;
}

async function outcomeOf(probe: Probe, ports: Ports, signal: AbortSignal): Promise<Outcome<unknown>> {
  const started = ports.clock.monotonicMs();
  const result = await bounded(probe, ports, signal);
  return finished(result, started, ports.clock);
}

function finished(result: Result<unknown>, startedMs: number, clock: ClockPort): Outcome<unknown> {
  const tookMs = Math.round((clock.monotonicMs() - startedMs) * 1000) / 1000;
  const attempts = result.attempts ?? 1;
  return result.ok
    ? { ok: true, tookMs, attempts, value: result.value }
    : { ok: false, tookMs, attempts, failure: result.failure };
}

async function bounded(probe: Probe, ports: Ports, signal: AbortSignal): Promise<Result<unknown>> {
  let timer: NodeJS.Timeout | undefined;
  let giveUp = (): void => {};
  const late = new Promise<Result<unknown>>((resolve) => {
    giveUp = () => {
      timer = setTimeout(
        () => resolve(failed('response-timeout', `${probe.id}: no result within the deadline`)),
        GRACE_MS,
      );
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([probe.observe(ports, signal), late]);
  } catch (error) {
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return failed('crashed', shownText(name));
  } finally {
    signal.removeEventListener('abort', giveUp);
    clearTimeout(timer);
  }
}
