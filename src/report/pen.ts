// How text output is written: with or without colour, with or without characters beyond ASCII.
import type { Status } from '../core/report.ts';
import { shownCommand, shownText } from '../core/text.ts';
import { boundedWidth, type Paint } from './layout.ts';

/** What the terminal at hand can show. */
export interface TextStyle {
  readonly colour: boolean;
  /** Columns; prose is wrapped there. */
  readonly width: number;
  /** False where the locale is not UTF-8. */
  readonly unicode: boolean;
}

export interface Pen {
  readonly width: number;
  /** Foreign or own prose, clean and in characters that can be shown. */
  text(text: string, limit?: number): string;
  /** A command as it may be pasted, or null where it can't be shown whole. */
  command(command: string): string | null;
  readonly status: Readonly<Record<Status | 'info', Paint>>;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly code: Paint;
}

/** Longest prose that is shown: a cause of a few sentences fits, a hostile page does not. */
const MAX_PROSE = 1200;

/** ISO 6429, "select graphic rendition". */
const sgr =
  (codes: string): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${codes}m${text}\u001b[0m`;

const ASCII: Readonly<Record<string, string>> = {
  '…': '...',
  '±': '+/-',
  '·': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '→': '->',
  '×': 'x',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '≥': '>=',
  '≤': '<=',
  '\u00a0': ' ',
};

function ascii(text: string, other: (character: string) => string): string {
  // A key id is written in one way everywhere: people and scripts look for it.
  return text.replace(/[A-Z0-9]{4}\u2026[A-Z0-9]{4}|[^\u0000-\u007e]/gu, (found) =>
    found.length > 2 ? found : (ASCII[found] ?? other(found)),
  );
}

export function penFor(style: TextStyle): Pen {
  const paint = (codes: string): Paint => (style.colour ? sgr(codes) : (text) => text);
  return {
    width: boundedWidth(style.width),
    text(text, limit = MAX_PROSE) {
      const shown = shownText(text, limit);
      return style.unicode ? shown : ascii(shown, () => '?');
    },
    command(command) {
      const shown = shownCommand(command);
      // A command is changed only where the change is typographic: a file's name must stay what it is.
      return shown === null || style.unicode ? shown : ascii(shown, (character) => character);
    },
    status: {
      ok: paint('1;32'),
      warning: paint('1;33'),
      critical: paint('1;31'),
      unknown: paint('1;35'),
      info: paint('1;34'),
    },
    strong: paint('1'),
    faint: paint('2'),
    code: paint('36'),
  };
}
