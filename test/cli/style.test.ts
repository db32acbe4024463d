// How output looks by terminal and locale.
import { describe, expect, it } from 'vitest';
import { styleOf } from '../../src/cli/style.ts';

const terminal = { stdoutIsTerminal: true, stderrIsTerminal: true, columns: 120 };

describe('styleOf', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['no locale, as in containers and units', {}, true],
    ['an empty one', { LANG: '', LC_ALL: '' }, true],
    ['UTF-8', { LANG: 'en_US.UTF-8' }, true],
    ['utf8', { LANG: 'C.utf8' }, true],
    ['the plain one', { LANG: 'C' }, false],
    ['another character set', { LANG: 'de_DE.ISO-8859-1' }, false],
    ['LC_ALL before LANG', { LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, false],
  ])('%s', (_, env, unicode) => {
    expect(styleOf({ env, terminal }).unicode).toBe(unicode);
  });

  it.each<[string, Record<string, string>, boolean, boolean]>([
    ['a terminal', { TERM: 'xterm' }, true, true],
    ['a pipe', { TERM: 'xterm' }, false, false],
    ['NO_COLOR', { TERM: 'xterm', NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR', { TERM: 'xterm', NO_COLOR: '' }, true, true],
    ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ])('colours: %s', (_, env, stdoutIsTerminal, colour) => {
    expect(styleOf({ env, terminal: { ...terminal, stdoutIsTerminal } }).colour).toBe(colour);
  });
});
