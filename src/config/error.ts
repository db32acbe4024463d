// The operator's mistakes: which setting, where it came from, what is allowed. Data, so that all can be told at once.
import { shownText } from '../core/text.ts';

export interface ConfigError {
  /** The setting's name, or what was given where no setting has that name. */
  readonly setting: string;
  /** `--timeout`, `IMDS_PROBE_TIMEOUT`, `/etc/imds-probe/config.yaml:3`, `AWS_METADATA_SERVICE_TIMEOUT`, … */
  readonly origin: string;
  /** What is wrong, in one clause. Never holds what could be a secret. */
  readonly what: string;
  /** What would be right, in one clause; null where there is nothing to choose from. */
  readonly allowed: string | null;
}

/** One line for standard error. */
export function configErrorText(error: ConfigError): string {
  return `${error.origin}: ${error.what}${error.allowed === null ? '' : `; allowed: ${error.allowed}`}`;
}

const MAX_SHOWN_VALUE = 60;

/** A wrong value as an error may show it: quoted, short, and not at all where it could be a secret. */
export function shownValue(text: string): string {
  return couldBeSecret(text)
    ? 'this value (not shown: it could hold a secret)'
    : `"${shownText(text, MAX_SHOWN_VALUE)}"`;
}

function couldBeSecret(text: string): boolean {
  return (
    // Anything longer than a setting has reason to be: session tokens are.
    text.length > 200 ||
    // Something in front of an @ in a URL, or behind ? and #.
    (/^[a-z][a-z0-9+.-]*:/i.test(text) && /[@?#]/.test(text)) ||
    // Access key ids, and what is as long as a secret key and made of the same letters.
    /\b(AKIA|ASIA)[A-Z0-9]{8,}/.test(text) ||
    /(^|[^A-Za-z0-9+/=])[A-Za-z0-9+/]{40}($|[^A-Za-z0-9+/=])/.test(text)
  );
}

const MAX_NAME = 64;

/** The candidate that is few typing errors away, or null. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  if (text.length > MAX_NAME) return null;
  let best: string | null = null;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    const away = distance(text, candidate);
    if (away < least) [best, least] = [candidate, away];
  }
  return best;
}

/** Levenshtein's, where two neighbours that changed places count once. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
