// The runbook and the catalogue, as text, JSON and Markdown.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import {
  GROUPS,
  renderCatalogue,
  renderCatalogueJson,
  renderRunbook,
  renderRunbookJson,
} from '../../src/report/explain.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { findingsMarkdown, metricsMarkdown } from '../../src/report/markdown.ts';

const STYLE = { colour: false, width: 80, unicode: true };
const flat = (text: string) => text.replace(/\s+/g, ' ');

describe.each(CHECKS.map((check) => [check.id, check] as const))('%s', (_id, check) => {
  it('is explained with its meaning, every cause, every fix, and its source', () => {
    const text = renderRunbook(check, STYLE);
    expect(text.split('\n')[0]).toBe(`${check.id}  (${check.group}; ${check.severities.join(' or ')})`);
    for (const part of [
      check.title,
      check.runbook.means,
      ...check.runbook.causes,
      ...check.runbook.fixes.map((fix) => fix.text),
    ]) {
      expect(flat(text)).toContain(flat(part));
    }
    for (const { command } of check.runbook.fixes) {
      if (command !== undefined) expect(text.split('\n').map((line) => line.trim())).toContain(command);
    }
    expect(text).toContain(check.reference);
  });

  it('is wrapped', () => {
    const commands = check.runbook.fixes.map((fix) => fix.command);
    const wide = renderRunbook(check, { ...STYLE, width: 60 })
      .split('\n')
      .filter((line) => displayWidth(line) > 60 && !line.includes('https://'))
      .filter((line) => !commands.includes(line.trim()));
    expect(wide).toEqual([]);
  });

  it('is in the catalogue and in both tables', () => {
    expect(renderCatalogue(CHECKS, STYLE)).toContain(`  ${check.id} `);
    expect(findingsMarkdown(CHECKS)).toContain(`| \`${check.id}\` | ${check.severities.join(' or ')} |`);
  });

  it('has a page in JSON', () => {
    const page = JSON.parse(renderRunbookJson(check));
    expect(page).toMatchObject({ id: check.id, fix: check.runbook.fixes, causes: check.runbook.causes });
    expect(JSON.parse(renderCatalogueJson(CHECKS)).findings).toContainEqual(page);
  });
});

it('every group of a check is listed, in order', () => {
  const groups = CHECKS.map((check) => check.group);
  expect(GROUPS.filter((group) => groups.includes(group))).toEqual(
    [...new Set(groups)].sort((a, b) => GROUPS.indexOf(a) - GROUPS.indexOf(b)),
  );
});

it('Markdown tables have the same number of cells in every row', () => {
  for (const table of [findingsMarkdown(CHECKS), metricsMarkdown()]) {
    let expected: number | null = null;
    for (const line of table.split('\n')) {
      if (!line.startsWith('|')) {
        expected = null;
        continue;
      }
      const cells = line.replace(/\\\|/g, '').split('|').length;
      expected ??= cells;
      expect(cells).toBe(expected);
    }
  }
});
