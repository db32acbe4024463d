// What a shell offers behind a word of the command line, beside the names of commands and options.
import { CHECKS } from '../checks/index.ts';
import { valuesFor } from '../config/flags.ts';

/** The words before the one that is being completed, and that one, as the shell hands them over. */
export async function offeredBehind(words: readonly string[]): Promise<readonly string[]> {
  const before = words.at(-2) ?? '';
  if (before === 'simulate' || before === '--simulate') {
    const { SCENARIOS } = await import('../simulator/box.ts');
    return SCENARIOS.map(({ id }) => id);
  }
  if (before === 'explain') return CHECKS.map(({ id }) => id);
  if (before === '--only' || before === '--skip') {
    return [...new Set(CHECKS.flatMap(({ id, group }) => [group, id]))];
  }
  return before.startsWith('--') ? valuesFor(before.slice(2)) : [];
}

export const COMPLETION_HELP = `imds-probe completion

Print a completion script for the shell that $SHELL names, bash or zsh

Examples:
  source <(imds-probe completion)        Completion in this shell
  imds-probe completion >> ~/.bashrc     In every one from now on
  SHELL=/bin/zsh imds-probe completion   The script for zsh
`;
