// Where the program begins: the call at 3 a.m. without arguments straight away, all others by the command line.
import type { World } from './world.ts';

/** Runs the program; answers the exit code. */
export async function runCli(world: World): Promise<number> {
  standSomewhere();
  // Nothing to parse, so nothing waits for the parser.
  if (world.args.length === 0) return (await import('./check.ts')).check(world, {});
  return (await import('./command-line.ts')).runCommandLine(world);
}

/** Where the working folder was deleted, yargs and others can't even be loaded; the root is as good a place to stand. */
function standSomewhere(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}
