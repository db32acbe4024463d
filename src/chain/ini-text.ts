// Small rules about the text of shared files: blanks, identifiers, and how a key may be shown.

/** The SDKs' parser knows two blanks only; other white space belongs to the value. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** What names of profiles, sessions and keys may be made of (the SDKs' parser vectors). */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z0-9_\-/.%@:+]+$/.test(text);
}

/**
 * A key as a problem may show it. A line that went wrong can have a secret where a key belongs, so only what looks
 * like a setting is shown: shorter than a secret key (40), and no access key id.
 */
export function shownKey(name: string): string {
  return /^[A-Za-z][A-Za-z0-9_]{0,38}$/.test(name) && !/^A[A-Z]IA/i.test(name) ? name : 'a key';
}
