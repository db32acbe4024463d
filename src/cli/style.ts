// How output looks on this terminal.
import type { TextStyle } from '../report/pen.ts';
import type { Environment, World } from './world.ts';

/** Colours on a terminal only, and never under NO_COLOR (no-color.org) or on a dumb one. */
export function styleOf({ env, terminal }: Pick<World, 'env' | 'terminal'>): TextStyle {
  const colour = terminal.stdoutIsTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return { colour, width: terminal.stdoutIsTerminal ? terminal.columns : 80, unicode: isUtf8(env) };
}

/**
 * The locale's character set, as setlocale(3) finds it: the first of these three that is set decides. Where none is
 * (containers, units, CI) what shows the text is hardly ever older than UTF-8.
 */
function isUtf8(env: Environment): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined || /utf-?8/i.test(locale);
}
