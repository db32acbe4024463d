// Tables of findings and metrics as Markdown, so that the documentation is made from what the program knows.
import type { Check } from '../core/check.ts';
import { GROUP_TITLES, grouped } from './explain.ts';
import { METRIC_MEANINGS } from './gauges.ts';

/** One table for each group of findings, with a heading; ends with a line break. */
export function findingsMarkdown(checks: readonly Check[]): string {
  return grouped(checks)
    .map(([group, members]) => {
      const rows = members.map((check) => [
        `\`${check.id}\``,
        check.severities.join(' or '),
        cell(check.title),
        cell(check.runbook.means),
        `[why](${check.reference})`,
      ]);
      const heading = ['finding', 'severity', 'title', 'means', 'source'];
      return `### ${GROUP_TITLES[group]}\n\n${markdownTable(heading, rows)}`;
    })
    .join('\n');
}

/** The metrics sent to CloudWatch. */
export function metricsMarkdown(): string {
  const rows = METRIC_MEANINGS.map(({ name, unit, is }) => [`\`${name}\``, unit, cell(is)]);
  return markdownTable(['metric', 'unit', 'is'], rows);
}

function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return line(heading) + line(heading.map(() => '---')) + rows.map(line).join('');
}

/** Text inside a table: bars would end the cell, angle brackets would be markup. */
const cell = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\|]/g, '\\$&').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
