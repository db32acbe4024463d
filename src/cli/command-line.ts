// The command line: which command is meant, its help, and its exit code.
import yargs, { type Argv } from 'yargs';
import { nearest } from '../config/error.ts';
import { flagsFor } from '../config/flags.ts';
import type { Command } from '../config/settings.ts';
import { shownText } from '../core/text.ts';
import type { Flags } from './settle.ts';
import { EXIT_USAGE, type World } from './world.ts';

type Run = (world: World, flags: Flags) => number | Promise<number>;

interface CommandRow {
  /** As yargs takes it: the name, aliases, and what stands behind it. */
  readonly usage: string | readonly string[];
  readonly describe: string;
  readonly settings: Command | null;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly options?: (argv: Argv) => Argv;
  /** The names of its options and arguments, where it takes no settings. */
  readonly takes?: readonly string[];
  /** Loads the command; only the one that is called costs anything. */
  readonly load: () => Promise<Run>;
}

const COMMANDS: Readonly<Record<string, CommandRow>> = {
  check: {
    usage: ['check', '$0'],
    describe: 'Diagnose this instance (the default)',
    settings: 'check',
    options: (argv) =>
      argv
        .option('verbose', {
          type: 'boolean',
          describe: 'Print passed checks and every request, too',
          group: 'Output:',
        })
        .option('error', {
          type: 'string',
          requiresArg: true,
          describe: 'Text of an error: rank its causes by what is true here',
          group: 'Output:',
        }),
    examples: [
      ['$0', 'What is wrong here, and which command fixes it?'],
      ['$0 --json | jq .findings', 'The same for a script; the exit code tells the status'],
      ['$0 check --wait 120', 'At boot: wait until credentials are there'],
      ['$0 check --simulate expired', 'See a diagnosis without an instance'],
      ['$0 check --only clock,role', 'Look only at the clock and the role'],
      ['$0 check --error "… is expired"', 'Which cause of this error is true here?'],
    ],
    load: async () => (await import('./check.ts')).check,
  },
  agent: {
    usage: 'agent',
    describe: 'Probe every cycle and publish metrics, until stopped',
    settings: 'agent',
    examples: [
      ['$0 agent --fleet web', 'Watch this instance; metrics carry Fleet=web'],
      ['$0 agent --once', 'One cycle, published'],
    ],
    load: async () => (await import('./agent.ts')).agent,
  },
  history: {
    usage: 'history',
    describe: 'What the flight recorder of the agent saw on this instance',
    settings: 'history',
    examples: [
      ['$0 history', 'The last day: margin, clock, latency, findings and rotations'],
      ['$0 history --since 7d --format csv', 'A week of cycles for a spreadsheet'],
      ['$0 history --file recorder.db', 'A copy from another machine, up to its last cycle'],
    ],
    load: async () => (await import('./history.ts')).history,
  },
  explain: {
    usage: 'explain [finding..]',
    describe: 'What a finding or an error means, its causes and fixes; without one, the catalogue',
    settings: null,
    takes: ['finding', 'json'],
    options: (argv) =>
      argv
        .positional('finding', { type: 'string', describe: 'Id of a finding, or the text of an error' })
        .option('json', { type: 'boolean', describe: 'As JSON' }),
    examples: [
      ['$0 explain', 'Every finding there is'],
      ['$0 explain imds-hop-limit', 'One of them, with the commands that fix it'],
      ['$0 explain "Unable to locate credentials"', 'What causes this error, the most frequent first'],
    ],
    load: async () => (await import('./explain.ts')).explain,
  },
  simulate: {
    usage: 'simulate [scenario]',
    describe: 'Run an instance in a box on loopback; without a scenario, list them',
    settings: null,
    takes: ['scenario'],
    options: (argv) => argv.positional('scenario', { type: 'string', describe: 'What is wrong with it' }),
    examples: [
      ['$0 simulate expired', 'Prints the variables that point a client at the box'],
      ['$0 simulate', 'Which scenarios there are'],
    ],
    load: async () => (await import('./simulate.ts')).simulate,
  },
};

const COMPLETION = 'completion';

/** What yargs's completion script calls this program with. */
const COMPLETING = '--get-yargs-completions';

/** Runs the command line; answers the exit code. What is wrong with it is told in one line, with 64. */
export async function runCommandLine(world: World): Promise<number> {
  let chosen: { readonly row: CommandRow; readonly flags: Flags } | null = null;
  const complete = (_word: string, _flags: unknown, names: () => void, done: (words: string[]) => void) => {
    void import('./completion.ts').then(async ({ offeredBehind }) => {
      const offered = await offeredBehind(world.args);
      if (offered.length > 0) done([...offered]);
      else names();
    });
  };
  const parser = yargs([])
    .scriptName('imds-probe')
    .usage(
      '$0 [command] [options]\n\nFinds out why AWS credentials on this EC2 instance expire, go missing or are refused.',
    )
    .locale('en')
    .version(world.version)
    .help()
    .alias('help', 'h')
    .exitProcess(false)
    .wrap(Math.min(Math.max(world.terminal.columns, 60), 100))
    .completion(COMPLETION, 'Print a completion script for bash or zsh', complete)
    .recommendCommands()
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': true,
    });
  for (const row of Object.values(COMMANDS)) {
    parser.command(
      row.usage,
      row.describe,
      (argv) => {
        for (const [name, flag] of Object.entries(row.settings === null ? {} : flagsFor(row.settings)))
          argv.option(name, flag);
        row.options?.(argv);
        for (const [command, what] of row.examples) argv.example(command, what);
        return argv;
      },
      (flags) => {
        chosen = { row, flags };
      },
    );
  }
  // Asked for through `parse`, yargs makes the script, and loses it on its way to the default command.
  if (world.args[0] === COMPLETION) {
    if (world.args.length === 1) parser.showCompletionScript();
    else if (!world.args.slice(1).every((word) => word === '--help' || word === '-h')) {
      return usage(world, `${COMPLETION} stands alone`);
    } else {
      const { COMPLETION_HELP } = await import('./completion.ts');
      world.out(COMPLETION_HELP);
    }
    return 0;
  }
  let told = '';
  let mistake: string | null = null;
  await parser.parse([...world.args], {}, (error: Error | undefined, _argv: unknown, output: string) => {
    if (error !== undefined && error !== null) mistake = error.message;
    told = output;
  });
  if (world.args[0] === COMPLETING) return 0;
  if (mistake !== null) return usage(world, mistake);
  if (chosen === null) {
    if (told !== '') world.out(`${told}\n`);
    return 0;
  }
  const { row, flags } = chosen as { row: CommandRow; flags: Flags };
  const wrong = unknownWord(flags) ?? unknownOption(row, flags);
  if (wrong !== null) return usage(world, wrong);
  const run = await row.load();
  return run(world, flags);
}

/** What stands behind a command, or in its place, and has no meaning there. */
function unknownWord(flags: Flags): string | null {
  const [first, second] = (flags['_'] as readonly unknown[]).map(String);
  if (first === undefined) return null;
  if (!Object.hasOwn(COMMANDS, first)) return unknownCommand(first);
  return second === undefined ? null : `${first} takes no "${shownText(second, 60)}"`;
}

/** An option that a command without settings does not have; with settings, all mistakes are told together. */
function unknownOption({ settings, takes = [] }: CommandRow, flags: Flags): string | null {
  if (settings !== null) return null;
  const known = ['_', '$0', 'help', 'h', 'version', ...takes];
  const unknown = Object.keys(flags).find((name) => !known.includes(name));
  if (unknown === undefined) return null;
  const dashes = unknown.length === 1 ? '-' : '--';
  return `${dashes}${shownText(unknown, 60)}: there is no such option here`;
}

function unknownCommand(word: string): string {
  const meant = nearest(word, [...Object.keys(COMMANDS), COMPLETION]);
  return `there is no command "${shownText(word, 60)}"${meant === null ? '' : `; did you mean ${meant}?`}`;
}

function usage(world: World, mistake: string): number {
  world.err(`imds-probe: ${shownText(mistake)} (imds-probe --help shows what there is)\n`);
  return EXIT_USAGE;
}
