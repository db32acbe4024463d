// Explains a pasted error message: what it means, its causes in order, and the findings and commands for each.
import { type RankedCause, type RankedMatch, rankByFindings } from '../facts/error-match.ts';
import { visibleJson } from './json.ts';
import { hanging } from './layout.ts';
import { type Pen, penFor, type TextStyle } from './pen.ts';

/** How many readings of a text are explained; the others are named only. */
const EXPLAINED = 1;

/**
 * The explanation as text that ends with a line break. The pasted text itself is never shown: it may hold secrets.
 *
 * @param matches what `matchErrorText` made of the paste
 * @param failed ids of the findings raised on this instance, the root cause first; null where none were looked for
 */
export function renderErrorExplanation(
  matches: readonly RankedMatch[],
  style: TextStyle,
  failed: readonly string[] | null = null,
): string {
  const pen = penFor(style);
  const sections = matches.length === 0 ? [unknownLines(pen)] : knownSections(matches, pen, failed);
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function knownSections(
  matches: readonly RankedMatch[],
  pen: Pen,
  failed: readonly string[] | null,
): string[][] {
  const explained = matches.slice(0, EXPLAINED);
  // What is true on this instance counts for every reading; what is not, for the first one only.
  const causes = rankByFindings(matches, failed ?? []).filter(
    ({ entry, confirmed }) => confirmed.length > 0 || entry === explained[0]?.entry,
  );
  const sections = [...explained.map((match) => titleLines(match, pen)), causeLines(causes, pen, failed)];
  const others = matches.slice(EXPLAINED).filter((match) => match.score * 2 >= (matches[0]?.score ?? 0));
  if (others.length > 0) sections.push(otherLines(others, pen));
  if (failed === null) sections.push(hintLines(pen));
  return sections;
}

const paragraph = (text: string, pen: Pen, indent: number, paint?: (line: string) => string): string[] =>
  hanging('', pen.text(text), {
    indent,
    column: 0,
    width: pen.width,
    ...(paint === undefined ? {} : { text: paint }),
  });

function titleLines({ entry, partial }: RankedMatch, pen: Pen): string[] {
  const clients = [...new Set(entry.said.map((said) => said.client))].join(', ');
  const source = entry.said[0]?.source;
  return [
    ...paragraph(entry.title, pen, 0, pen.strong),
    ...paragraph(`${partial ? 'Looks like a piece of what is' : 'It is'} said by ${clients}.`, pen, 2),
    ...(source === undefined ? [] : paragraph(`For example: ${source}`, pen, 2, pen.faint)),
  ];
}

function causeLines(causes: readonly RankedCause[], pen: Pen, failed: readonly string[] | null): string[] {
  const confirmed = causes.some((cause) => cause.confirmed.length > 0);
  const heading =
    failed === null
      ? 'Causes, the most frequent first'
      : confirmed
        ? 'Causes, what was found on this instance first'
        : 'None of these was found on this instance; causes, the most frequent first';
  return [
    ...paragraph(heading, pen, 0, pen.strong),
    ...causes.flatMap((cause, index) => oneCause(cause, index + 1, pen)),
  ];
}

function oneCause({ cause, confirmed }: RankedCause, number: number, pen: Pen): string[] {
  const label = `${number}.`;
  const command = cause.command === undefined ? null : pen.command(cause.command);
  const found = confirmed.length > 0 ? `Found here: ${confirmed.join(', ')}. ` : '';
  const lines = hanging(label, pen.text(found + cause.text), {
    indent: 2,
    column: 4,
    width: pen.width,
    ...(confirmed.length > 0 ? { label: pen.status.critical } : {}),
  });
  if (confirmed.length === 0 && cause.findings.length > 0) {
    lines.push(...paragraph(`Finding: ${cause.findings.join(', ')}`, pen, 6, pen.faint));
  }
  if (command !== null) lines.push(`      ${pen.code(command)}`);
  return lines;
}

function otherLines(others: readonly RankedMatch[], pen: Pen): string[] {
  return [
    ...paragraph('It could also mean', pen, 0, pen.strong),
    ...others.flatMap(({ entry }) => paragraph(entry.title, pen, 2)),
  ];
}

const hintLines = (pen: Pen): string[] => [
  ...paragraph('On the instance itself this tells which of them it is:', pen, 0),
  `      ${pen.code('imds-probe check --error "<the same text>"')}`,
];

const unknownLines = (pen: Pen): string[] => [
  ...paragraph('This text is not in the catalogue.', pen, 0, pen.strong),
  ...paragraph(
    'Paste the line with the error itself, not only the stack trace below it. On the instance, a check looks for every cause that is known:',
    pen,
    2,
  ),
  `      ${pen.code('imds-probe check')}`,
];

/** The same as data: `{ "matches": [...], "causes": [...] }`, ending with a line break. */
export function renderErrorExplanationJson(
  matches: readonly RankedMatch[],
  failed: readonly string[] | null = null,
): string {
  return `${visibleJson({
    matches: matches.map(({ entry, score, partial }) => ({
      id: entry.id,
      title: entry.title,
      score,
      partial,
      said: entry.said,
    })),
    causes: rankByFindings(matches, failed ?? []).map(({ cause, entry, confirmed }) => ({
      text: cause.text,
      findings: cause.findings,
      ...(cause.command === undefined ? {} : { command: cause.command }),
      of: entry.id,
      ...(failed === null ? {} : { confirmed }),
    })),
  })}\n`;
}
