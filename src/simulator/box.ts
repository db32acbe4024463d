// The embedded instance: one of the scenarios, running on loopback. `simulate`, `check --simulate` and the tests use it.
import { type Instance, type InstanceOptions, startInstance } from './instance.ts';
import { SCENARIO_TABLE, type ScenarioId } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';

export type { ScenarioId } from './scenarios/index.ts';

export interface Box extends Instance {
  readonly scenario: ScenarioId;
}

/** Every scenario: its name, what is wrong in it, and the findings one `check` must raise there. */
export const SCENARIOS: readonly { id: ScenarioId; title: string; expects: readonly string[] }[] =
  Object.entries<Scenario>(SCENARIO_TABLE).map(([id, { title, expects }]) => ({
    id: id as ScenarioId,
    title,
    expects,
  }));

export const isScenarioId = (text: string): text is ScenarioId => Object.hasOwn(SCENARIO_TABLE, text);

/** Starts a box. It serves until `close`, and keeps the process alive until then. */
export async function startBox(scenario: ScenarioId, options: InstanceOptions = {}): Promise<Box> {
  const instance = await startInstance(SCENARIO_TABLE[scenario].change, options);
  return { ...instance, scenario };
}
