// `simulate`: an instance in a box on loopback, until interrupted.
import { nearest } from '../config/error.ts';
import { shownText } from '../core/text.ts';
import { type Box, isScenarioId, SCENARIOS, startBox } from '../simulator/box.ts';
import type { Flags } from './settle.ts';
import { EXIT_USAGE, type World } from './world.ts';

/** Starts the scenario's box; where there is none of that name, says so and answers null. */
export async function openScenario(world: World, name: string, origin: string): Promise<Box | null> {
  if (isScenarioId(name)) return startBox(name);
  const ids = SCENARIOS.map(({ id }) => id);
  const meant = nearest(name, ids);
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  world.err(
    `imds-probe: ${origin}: there is no scenario "${shownText(name, 60)}"${hint}; allowed: ${ids.join(', ')}\n`,
  );
  return null;
}

export async function simulate(world: World, flags: Flags): Promise<number> {
  const scenario = flags['scenario'];
  if (scenario === undefined) {
    const width = Math.max(...SCENARIOS.map(({ id }) => id.length));
    for (const { id, title } of SCENARIOS) world.out(`${id.padEnd(width)}  ${title}\n`);
    return 0;
  }
  const box = await openScenario(world, String(scenario), 'simulate');
  if (box === null) return EXIT_USAGE;
  for (const [name, value] of Object.entries(box.environment)) world.out(`export ${name}=${quoted(value)}\n`);
  world.out('ready\n');
  await new Promise<void>((resolve) => {
    if (world.stop.aborted) resolve();
    else world.stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await box.close();
  return 0;
}

/** As a POSIX shell reads it back: bare where nothing needs quoting. */
function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
