// Takes what looks like a secret out of foreign text: AWS echoes whole signed requests in some of its errors.
import { shownAccessKeyId } from './text.ts';

/** More than this of one text is not looked at, and so not shown either. */
const LONGEST_TEXT = 16_384;

const HIDDEN = '…';

/** `scheme://user:password@host`, as proxy settings carry it. */
const USER_INFO = /(\/\/)[^\s/@]*:[^\s/@]*@/g;

/** `name: value` and `"name":"value"`, where the name says that the value is a secret. */
const NAMED_VALUE =
  /((?:secret[-_ ]?(?:access[-_ ]?)?key|session[-_ ]?token|security[-_ ]?token|metadata[-_ ]?token|password|authorization|signature)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)/gi;

const ACCESS_KEY_ID = /\b(?:AKIA|ASIA)[A-Z0-9]{8,124}\b/g;

/** Secret keys have 40 of these characters, tokens of IMDS 56, session tokens hundreds. ARNs are matched to be kept. */
const ARN_OR_LONG_RUN = /\barn:[\w:/+=,.@-]{1,400}|[A-Za-z0-9+/=%_-]{40,}/g;

/** Random text of that length mixes capitals, small letters and digits; paths and names seldom do. */
function looksRandom(run: string): boolean {
  return run.length >= 100 || (/[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run));
}

/**
 * The text without anything that looks like a secret, nor any of the `known` ones. Bounded, but not yet fit to be
 * shown: `shownText` does that, and has to come after, lest the cut leaves half a secret.
 */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  let clean = text.slice(0, LONGEST_TEXT);
  for (const secret of known) if (secret.length > 0) clean = clean.replaceAll(secret, HIDDEN);
  return clean
    .replace(USER_INFO, `$1${HIDDEN}@`)
    .replace(NAMED_VALUE, `$1${HIDDEN}`)
    .replace(ACCESS_KEY_ID, shownAccessKeyId)
    .replace(ARN_OR_LONG_RUN, (run) => (!run.startsWith('arn:') && looksRandom(run) ? HIDDEN : run));
}

/** Whether a word that is taken for a name, such as an error code, is or holds what looks like a secret. */
export const holdsSecret = (word: string, known: readonly string[] = []): boolean =>
  withoutSecrets(word, known) !== word;
