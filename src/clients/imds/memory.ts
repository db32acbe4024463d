// What is remembered over cycles, so that a steady cycle asks IMDS for the credentials and nothing else.
import type { InstanceIdentity, InstanceProfile } from '../../core/imds.ts';
import type { ClockPort } from '../../core/ports.ts';
import type { Cycle } from './cycle.ts';

/**
 * What may change is read again after this many cycles, and no sooner than after this time (short intervals are for
 * looking closely at the credentials, not at what hardly ever changes). A change that matters shows at once: the
 * credentials of a role that was taken away are a 404, and any oddity ends the trust in what is remembered.
 */
export const REREAD_CYCLES = 10;
export const REREAD_MS = 300_000;

/** One remembered answer. */
class Remembered<T> {
  readonly #clock: ClockPort;
  #value: T | undefined;
  #cycle = 0;
  #readMs = 0;
  #trusted = true;

  constructor(clock: ClockPort) {
    this.#clock = clock;
  }

  /** The last answer, trusted or not; undefined before the first. */
  get last(): T | undefined {
    return this.#value;
  }

  /**
   * The value, or undefined where it is to be read (again). Ask when this cycle's token is settled: there is one
   * re-reading a cycle, and none beside a PUT.
   */
  recall(cycle: Cycle): T | undefined {
    if (this.#value === undefined || (!this.#trusted && this.#cycle < cycle.number)) return undefined;
    const due =
      cycle.number - this.#cycle >= REREAD_CYCLES && this.#clock.monotonicMs() - this.#readMs >= REREAD_MS;
    if (!due || cycle.reread || cycle.putSent) return this.#value;
    cycle.reread = true;
    return undefined;
  }

  keep(value: T, cycle: Cycle): void {
    this.#value = value;
    this.#cycle = cycle.number;
    this.#readMs = this.#clock.monotonicMs();
    this.#trusted = true;
  }

  distrust(): void {
    this.#trusted = false;
  }
}

export class Memory {
  readonly roleName: Remembered<string>;
  readonly profile: Remembered<InstanceProfile>;
  identity: InstanceIdentity | null = null;
  #lastRole: string | null | undefined;

  constructor(clock: ClockPort) {
    this.roleName = new Remembered(clock);
    this.profile = new Remembered(clock);
  }

  keepRole(name: string, cycle: Cycle): void {
    this.#note(name);
    this.roleName.keep(name, cycle);
  }

  /** No role is attached: the list is asked in every cycle until one is. */
  forgetRole(): void {
    this.#note(null);
    this.roleName.distrust();
  }

  /** Something was odd: role and profile are read again in the next cycle. */
  distrust(): void {
    this.roleName.distrust();
    this.profile.distrust();
  }

  #note(name: string | null): void {
    if (this.#lastRole !== undefined && this.#lastRole !== name) this.distrust();
    this.#lastRole = name;
  }
}
