// Lays text out in a terminal: display width, wrapping, hanging indents and aligned columns. Knows nothing of reports.

/** Narrowest width that is laid out for; a smaller terminal folds lines itself. */
export const MIN_WIDTH = 40;
/** Prose wider than this is hard to read, however wide the terminal. */
export const MAX_WIDTH = 100;

export const boundedWidth = (width: number): number =>
  Number.isFinite(width) ? Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(width))) : MAX_WIDTH;

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
// East Asian wide and full-width blocks and emoji (Unicode TR 11), coarsely: too wide is harmless, too narrow is not.
const DOUBLE_WIDTH =
  /^[\u1100-\u115f\u231a-\u23ff\u2600-\u27bf\u2b00-\u2bff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

function widthOfCharacter(character: string): number {
  if (character <= '~') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

/** Columns a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

/** Pads to a width, for columns. */
export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** A URL stays whole, so that it can be clicked. */
const isUrl = (word: string): boolean => /^\(?https?:\/\//.test(word);

/** Cuts a text into pieces no wider than `width`, wherever that falls. */
function chop(text: string, width: number): string[] {
  const cut: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of text) {
    const columns = widthOfCharacter(character);
    if (used + columns > width && piece !== '') {
      cut.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += columns;
  }
  return [...cut, piece];
}

/** A word that fits no line becomes pieces that do. No character takes more than two columns. */
const pieces = (word: string, width: number): string[] =>
  word.length * 2 <= width || isUrl(word) ? [word] : chop(word, width);

/** What must not be torn apart; `wrap` puts the blanks back. */
export const together = (text: string): string => text.replaceAll(' ', '\u00a0');

/** A number and its unit stay together. */
const withUnits = (text: string): string => text.replace(/(\d) (?=(?:ms|s|min|h|d)\b)/g, '$1\u00a0');

/** Breaks prose at blanks into lines no wider than `width`; only a URL may stand out. Never empty. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of withUnits(text)
    .split(/[ \n]+/)
    .flatMap((part) => pieces(part, width))) {
    if (word === '') continue;
    const columns = displayWidth(word);
    if (line !== '' && used + 1 + columns > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line = line === '' ? word : `${line} ${word}`;
    used += columns + (used === 0 ? 0 : 1);
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines.map((whole) => whole.replaceAll('\u00a0', ' '));
}

/** Turns a piece of a line into the same piece with colour. */
export type Paint = (text: string) => string;
const bare: Paint = (text) => text;

export interface Hanging {
  /** Columns before the label. */
  readonly indent: number;
  /** Columns from the start of the label to the text; at least the label's width and one. */
  readonly column: number;
  readonly width: number;
  readonly label?: Paint;
  readonly text?: Paint;
}

/** A label with wrapped text beside it; further lines stand under the text. */
export function hanging(label: string, text: string, shape: Hanging): string[] {
  const paintLabel = shape.label ?? bare;
  const paintText = shape.text ?? bare;
  const column = Math.max(shape.column, label === '' ? 0 : displayWidth(label) + 1);
  const margin = ' '.repeat(shape.indent);
  const gap = ' '.repeat(column - displayWidth(label));
  const under = ' '.repeat(shape.indent + column);
  return wrap(text, shape.width - shape.indent - column).map((line, index) =>
    index === 0 ? `${margin}${paintLabel(label)}${gap}${paintText(line)}` : `${under}${paintText(line)}`,
  );
}

export type Row = readonly [label: string, value: string];

/** Labels in one column, wrapped values in the next. Labels are cut where they would leave no room. */
export function table(rows: readonly Row[], shape: Omit<Hanging, 'column'>): string[] {
  const most = Math.floor((shape.width - shape.indent) / 2);
  const labels = rows.map(([label]) => chop(label, most)[0] ?? '');
  const column = Math.max(0, ...labels.map(displayWidth)) + 2;
  return rows.flatMap(([, value], index) => hanging(labels[index] ?? '', value, { ...shape, column }));
}

/**
 * Cells in aligned columns under a heading, one line a row; what is too wide for the line is cut with `ellipsis`.
 */
export function grid(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  shape: {
    readonly indent: number;
    readonly width: number;
    readonly heading: Paint;
    readonly ellipsis: string;
  },
): string[] {
  const widths = heading.map((title, index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const lineOf = (cells: readonly string[]): string => {
    const full = heading.map((_, index) => padded(cells[index] ?? '', widths[index] ?? 0)).join('  ');
    return cutTo(full.trimEnd(), shape.width - shape.indent, shape.ellipsis);
  };
  const margin = ' '.repeat(shape.indent);
  return [margin + shape.heading(lineOf(heading)), ...rows.map((row) => margin + lineOf(row))];
}

/** Cuts to a width, with a mark where something is missing. */
export function cutTo(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  return (chop(text, width - displayWidth(ellipsis))[0] ?? '') + ellipsis;
}
