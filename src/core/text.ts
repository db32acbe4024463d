// Makes text from outside safe to show: bounded, one line, no control characters.

/** Longest piece of foreign text that is shown, in UTF-16 units. */
export const MAX_SHOWN_TEXT = 300;

// C0, DEL, C1, line and paragraph separators, bidirectional overrides, zero-width characters, lone surrogates.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Foreign text for one line of output: control characters become spaces, runs of blanks shrink, the rest is cut. */
export function shownText(text: string, limit = MAX_SHOWN_TEXT): string {
  // Cut first: a hostile megabyte must not be walked by the expressions below.
  const bounded = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  const clean = bounded.replace(UNSAFE, ' ').replace(/\s+/g, ' ').trim();
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** An access key id as it may be shown: its first four and last four characters. Shorter ones are hidden wholly. */
export function shownAccessKeyId(accessKeyId: string): string {
  const clean = shownText(accessKeyId, 200);
  return clean.length < 12 ? '…' : `${clean.slice(0, 4)}…${clean.slice(-4)}`;
}

/** Longest command that is shown. */
export const MAX_SHOWN_COMMAND = 4000;

/** A command as it may be typed or pasted: one line, its blanks kept, never cut; null when it is too long for that. */
export function shownCommand(command: string): string | null {
  return command.length > MAX_SHOWN_COMMAND ? null : command.replace(UNSAFE, ' ').trim();
}
