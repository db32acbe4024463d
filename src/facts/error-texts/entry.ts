// The shape of an entry in the catalogue of error texts.
import type { FindingId } from '../finding-ids.ts';

/** One way it is said, word for word; what differs from case to case is kept as it was seen or stands in `<…>`. */
export interface SaidText {
  readonly client: string;
  readonly text: string;
  /** Where it was seen: an issue, or the line of source code that says it. */
  readonly source: string;
}

/** Why somebody gets to see it, and what to do about it. */
export interface ErrorCause {
  /** One sentence or two, in plain words. */
  readonly text: string;
  /** Findings that show it is this one; empty where imds-probe can't see it. */
  readonly findings: readonly FindingId[];
  /** One line, complete. */
  readonly command?: string;
}

/** One error with everything it is known to mean. */
export interface ErrorText {
  readonly id: string;
  /** What it means, in plain words. */
  readonly title: string;
  readonly said: readonly SaidText[];
  /**
   * Alternatives; in each, every phrase must occur. Case, blanks, punctuation and line breaks do not count. A phrase
   * that is one word with a capital inside (`ExpiredToken`) is an error code, and has to begin a word.
   */
  readonly patterns: readonly (readonly string[])[];
  /** Most frequent first. */
  readonly causes: readonly ErrorCause[];
}
