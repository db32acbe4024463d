// An IMDS client in a test's hands: short time-outs, a clock that can be moved, every event kept.
import { performance } from 'node:perf_hooks';
import { createImdsClient, type ImdsClient, type ImdsClientOptions } from '../../src/clients/imds/client.ts';
import type { ClientEvent } from '../../src/core/ports.ts';

/** A real clock that a test can move forward. */
export class MovableClock {
  #aheadMs = 0;
  /** Moves both clocks, as time passing does. */
  pass(ms: number): void {
    this.#aheadMs += ms;
  }
  wallMs(): number {
    return Date.now() + this.#aheadMs;
  }
  monotonicMs(): number {
    return performance.now() + this.#aheadMs;
  }
}

export interface ClientInHand {
  readonly client: ImdsClient;
  readonly clock: MovableClock;
  readonly events: ClientEvent[];
  /** Long enough for everything a test does. */
  readonly signal: AbortSignal;
}

/** `random` is 0 unless a test says otherwise: no waiting between tries. */
export function clientFor(endpoint: string, over: Partial<ImdsClientOptions> = {}): ClientInHand {
  const clock = new MovableClock();
  const events: ClientEvent[] = [];
  const client = createImdsClient({
    endpoint,
    timeoutMs: 2000,
    attempts: 3,
    imdsv1: false,
    clock,
    random: () => 0,
    onEvent: (event) => events.push(event),
    ...over,
  });
  client.beginCycle();
  return { client, clock, events, signal: AbortSignal.timeout(15_000) };
}

/** Everything the probes ask for, side by side as the runner does; in the runner's data, not in its words. */
export async function wholeCycle({ client, signal }: Pick<ClientInHand, 'client' | 'signal'>) {
  const [token, tokenless, role, profile, identity] = await Promise.all([
    client.token(signal),
    client.tokenless(signal),
    client.role(signal),
    client.profile(signal),
    client.identity(signal),
  ]);
  return { token, tokenless, role, profile, identity, traffic: client.traffic(), date: client.httpDate() };
}
