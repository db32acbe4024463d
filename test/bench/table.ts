// Tables as Markdown, for the terminal and for README.md alike.

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes?: readonly string[];
}

export function tableText({ title, columns, rows, notes = [] }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0), 3));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => pad(row[at] ?? '', width, at)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    line(head),
    rule,
    ...body.map(line),
    ...notes.map((note) => `\n${note}`),
    '',
  ].join('\n');
}

const pad = (text: string, width: number, at: number): string =>
  at === 0 ? text.padEnd(width) : text.padStart(width);

/** A number with as many digits as it deserves; a dash where there is none. */
export function figure(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  return value.toFixed(Math.abs(value) >= 100 ? 0 : digits);
}
