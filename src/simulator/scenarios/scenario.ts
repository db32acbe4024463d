// What a scenario is: an instance that differs from a healthy one, and the findings that are to come of it.
import type { BehaviourChange } from '../behaviour.ts';

export interface Scenario {
  readonly title: string;
  /** Findings that one `check` with default settings must raise, the root cause first. */
  readonly expects: readonly string[];
  readonly change: BehaviourChange;
}
