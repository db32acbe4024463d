// From a command's arguments to its configuration, with the embedded instance between where one is asked for.

import { CHECKS } from '../checks/index.ts';
import type { Config } from '../config/config.ts';
import { configErrorText } from '../config/error.ts';
import { configLocation } from '../config/file.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Command } from '../config/settings.ts';
import type { Environment, World } from './world.ts';

export type Flags = Readonly<Record<string, unknown>>;

export interface Settled {
  readonly config: Config;
  readonly env: Environment;
}

/**
 * Settles the configuration of a command. Mistakes are told on standard error, each in one line; then the answer is
 * null, and the exit code is 64.
 */
export async function settle(
  world: World,
  command: Command,
  flags: Flags,
  box: Readonly<Record<string, string>> | null,
): Promise<Settled | null> {
  const settled = await trySettle(world, command, flags, box);
  if ('config' in settled) return settled;
  for (const mistake of settled) world.err(`imds-probe: ${mistake}\n`);
  return null;
}

/** The same without telling: the configuration, or the mistakes in it, a line each. */
export async function trySettle(
  world: World,
  command: Command,
  flags: Flags,
  box: Readonly<Record<string, string>> | null,
): Promise<Settled | readonly string[]> {
  const env = box === null ? world.env : boxEnvironment(world.env);
  const resolved = resolveConfig(
    {
      flags,
      env,
      box,
      file: await world.readConfigFile(configLocation(flags, env)),
      aws: box === null ? await world.readAwsShared(env) : null,
    },
    { command, catalogue: CHECKS, knownFlags: OWN[command] },
  );
  return resolved.ok ? { config: resolved.config, env } : resolved.errors.map(configErrorText);
}

/** Options that are no settings: they are about one command's own output. */
const OWN: Readonly<Record<Command, readonly string[]>> = {
  check: ['verbose', 'error'],
  agent: [],
  history: [],
};

/** Variables that stay what they are in the box: our own, and those about the terminal. */
const KEPT = /^(IMDS_PROBE_|LC_|LANG$|TERM$|NO_COLOR$|COLUMNS$|PATH$|TZ$)/;

/** This shell's AWS and proxy variables, and its home, are left outside of the box. */
function boxEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => KEPT.test(name)));
}

/** `--show-config`: every setting, its value and where it came from. */
export async function showConfig(world: World, config: Config): Promise<number> {
  const { showConfigJson, showConfigText } = await import('../config/show.ts');
  world.out(`${config.format === 'json' ? showConfigJson(config) : showConfigText(config)}\n`);
  return 0;
}
