// Matches a pasted error message to the catalogue: loosely, so that case, quotes, ids and line breaks do not count.
import type { ErrorCause, ErrorText } from './error-texts/entry.ts';
import { ERROR_TEXTS } from './error-texts.ts';
import type { FindingId } from './finding-ids.ts';

/** What is read of a paste: an error and its stack trace fit many times. */
export const MAX_ERROR_TEXT = 64 * 1024;

export interface RankedMatch {
  readonly entry: ErrorText;
  /** How much of the paste it explains, in characters; comparable within one answer only. */
  readonly score: number;
  /** True where only a piece of a known text was found. */
  readonly partial: boolean;
}

/** Entries that match, the most specific first; empty where nothing is known. Bounded in time and never throws. */
export function matchErrorText(
  text: string,
  catalogue: readonly ErrorText[] = ERROR_TEXTS,
): readonly RankedMatch[] {
  const paste = readPaste(text);
  const whole = ranked(catalogue, (entry) => wholeScore(entry, paste), false);
  return whole.length > 0 ? whole : ranked(catalogue, (entry) => partialScore(entry, paste), true);
}

/** A text in the forms it is compared in. */
interface Paste {
  /** Letters and digits only: line breaks, wraps in the middle of a word, quotes and blanks are gone. */
  readonly squeezed: string;
  readonly words: readonly string[];
  /** The same with lines joined, for a word that a terminal has broken in two. */
  readonly joined: readonly string[];
}

/** Most words that are looked at one by one. */
const MAX_WORDS = 4000;

function readPaste(text: string): Paste {
  const plain = text
    .slice(0, MAX_ERROR_TEXT)
    // Terminal colours, and the escapes of a log line that is itself JSON.
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, ' ')
    .replace(/\\(?:u00[01][0-9a-f]|[nrt"\\/])/gi, ' ')
    .toLowerCase();
  return {
    squeezed: squeezed(plain),
    words: wordsOf(plain),
    joined: wordsOf(plain.replace(/\r?\n[\s|>\u2502]*/g, '')),
  };
}

const wordsOf = (text: string): readonly string[] => text.match(/[a-z0-9]+/g)?.slice(0, MAX_WORDS) ?? [];

const squeezed = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '');

function ranked(
  catalogue: readonly ErrorText[],
  scoreOf: (entry: ErrorText) => number,
  partial: boolean,
): RankedMatch[] {
  return (
    catalogue
      .map((entry) => ({ entry, score: scoreOf(entry), partial }))
      .filter((match) => match.score > 0)
      // Stable: equals keep the order of the catalogue.
      .sort((a, b) => b.score - a.score)
  );
}

/** The longest alternative whose phrases all occur; 0 where none does. */
function wholeScore(entry: ErrorText, paste: Paste): number {
  let best = 0;
  for (const phrases of entry.patterns) {
    if (!phrases.every((phrase) => occurs(phrase, paste))) continue;
    best = Math.max(
      best,
      phrases.reduce((sum, phrase) => sum + squeezed(phrase).length, 0),
    );
  }
  return best;
}

/** One word with a capital inside, as AWS writes its error codes. */
const ERROR_CODE = /^[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+$/;

function occurs(phrase: string, paste: Paste): boolean {
  if (!ERROR_CODE.test(phrase)) return paste.squeezed.includes(squeezed(phrase));
  const code = phrase.toLowerCase();
  const begins = (word: string) => word.startsWith(code);
  return paste.words.some(begins) || paste.joined.some(begins);
}

/** Fewest words in a row that identify a text, and how much of a phrase they have to be. */
const PIECE_WORDS = 5;
const PIECE_SHARE = 0.6;
/** Fewest letters of a paste that may be a piece out of the middle of a text. */
const PIECE_LETTERS = 14;

/** For a paste that was cut: a piece of a known text, or most of a phrase. Half the score of a whole phrase. */
function partialScore(entry: ErrorText, paste: Paste): number {
  if (paste.words.length < 3) return 0;
  let best = 0;
  for (const { text } of entry.said) {
    const inside = paste.squeezed.length >= PIECE_LETTERS && squeezed(text).includes(paste.squeezed);
    if (inside) best = Math.max(best, paste.squeezed.length / 2);
  }
  for (const phrase of entry.patterns.flat()) {
    const words = wordsOf(phrase.toLowerCase());
    const run = longestRun(words, paste.words);
    if (run.length < PIECE_WORDS || run.length < words.length * PIECE_SHARE) continue;
    best = Math.max(best, run.join('').length / 2);
  }
  return best;
}

/** The longest run of words of a phrase that stands in the paste in the same order without a gap. */
function longestRun(phrase: readonly string[], paste: readonly string[]): readonly string[] {
  let best: readonly string[] = [];
  // Row by row of the classic table: how long a run ends at this word of the phrase and that one of the paste.
  let before: number[] = [];
  phrase.forEach((word, row) => {
    const lengths = paste.map((other, column) => (word === other ? (before[column - 1] ?? 0) + 1 : 0));
    const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
    if (longest > best.length) best = phrase.slice(row - longest + 1, row + 1);
    before = lengths;
  });
  return best;
}

/** A cause in the light of what was found on this instance. */
export interface RankedCause {
  readonly cause: ErrorCause;
  /** The entry it comes from. */
  readonly entry: ErrorText;
  /** Findings of this cause that failed here; empty where none did or nothing was looked at. */
  readonly confirmed: readonly FindingId[];
}

/**
 * Every cause of the matches, each once. Those that a failed check confirms come first, then the others in the order
 * of the matches and of each entry.
 *
 * @param failed ids of the findings raised on this instance, the root cause first
 */
export function rankByFindings(
  matches: readonly RankedMatch[],
  failed: readonly string[],
): readonly RankedCause[] {
  const seen = new Set<string>();
  const causes: RankedCause[] = [];
  for (const { entry } of matches) {
    for (const cause of entry.causes) {
      if (seen.has(cause.text)) continue;
      seen.add(cause.text);
      causes.push({ cause, entry, confirmed: cause.findings.filter((id) => failed.includes(id)) });
    }
  }
  const place = ({ confirmed }: RankedCause) =>
    Math.min(...confirmed.map((id) => failed.indexOf(id)), Number.MAX_SAFE_INTEGER);
  return causes.sort((a, b) => place(a) - place(b));
}
