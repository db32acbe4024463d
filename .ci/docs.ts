// Writes the generated tables into README.md, between their markers. `--check` only tells whether they are current.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKS } from '../src/checks/index.ts';
import { settingsMarkdown } from '../src/config/show.ts';
import { findingsMarkdown, metricsMarkdown } from '../src/report/markdown.ts';
import { faultsMarkdown } from '../test/system/faults/table.ts';

const README = path.resolve(import.meta.dirname, '../README.md');

const SECTIONS: Readonly<Record<string, () => string>> = {
  settings: settingsMarkdown,
  findings: () => findingsMarkdown(CHECKS),
  metrics: metricsMarkdown,
  faults: faultsMarkdown,
};

/** The text with every generated section as it has to be now. Throws where a marker is missing. */
export function withTables(text: string): string {
  return Object.entries(SECTIONS).reduce((document, [name, make]) => {
    const begin = `<!-- ${name}: npm run docs -->`;
    const end = `<!-- /${name} -->`;
    const from = document.indexOf(begin);
    const to = document.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md has no section ${name}`);
    return `${document.slice(0, from + begin.length)}\n${make().trim()}\n${document.slice(to)}`;
  }, text);
}

if (import.meta.main) {
  const text = readFileSync(README, 'utf8');
  const current = withTables(text);
  if (text !== current) writeFileSync(README, current);
  console.log(text === current ? 'README.md is current' : 'README.md is written anew');
}
