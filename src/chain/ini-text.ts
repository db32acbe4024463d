// Small rules about the text of shared files: blanks, identifiers, and how a key may be shown.
import { SHARED_KEYS } from '../facts/shared-keys.ts';

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

/** A key as a problem may show it: a line that went wrong can have a secret where a key belongs. */
export function shownKey(name: string): string {
  return SHARED_KEYS.has(name.toLowerCase()) ? name : 'a key';
}
