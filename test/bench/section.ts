// What a part of the bench gets and gives.
import type { Table } from './table.ts';

export interface Bench {
  /** The bundle, `dist/imds-probe.mjs`. */
  readonly program: string;
  /** The launcher of an unpacked package, or null. */
  readonly packaged: string | null;
  /** Pairs of runs for each ratio. */
  readonly pairs: number;
  /** Under a minute, for CI: counts and sizes. */
  readonly short: boolean;
  say(text: string): void;
}

/** A figure that does not depend on the machine, and must not be exceeded. */
export interface Limit {
  readonly what: string;
  readonly is: number;
  readonly atMost: number;
}

export interface Result {
  readonly tables: readonly Table[];
  /** Everything that was measured, for the JSON file. */
  readonly data: unknown;
  readonly limits: readonly Limit[];
}

export type Section = (bench: Bench) => Promise<Result>;
