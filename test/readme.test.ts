// Holds the README to the program: its generated tables, the scenarios and commands it names.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTables } from '../.ci/docs.ts';
import manifest from '../package.json' with { type: 'json' };
import { CHECKS } from '../src/checks/index.ts';
import { PROBES } from '../src/probes/index.ts';

const README = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');

it('has the tables that the program makes (npm run docs)', () => {
  expect(withTables(README)).toBe(README);
});

it('names only npm scripts that there are', () => {
  const named = [...README.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
  expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
});

it('names only files and folders that there are', async () => {
  const { existsSync } = await import('node:fs');
  const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? '');
  expect(links.filter((link) => !existsSync(path.resolve(import.meta.dirname, '..', link)))).toEqual([]);
});

describe('what the troubleshooting guides ask', () => {
  const [, section = ''] = README.split('## What the troubleshooting guides ask, and what looks\n');
  const rows = (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (---|the guides ask)/.test(line))
    // An escaped bar stands in a command.
    .map((line) => line.replaceAll('\\|', '').split('|'));
  const named = (cell: string | undefined) =>
    [...(cell ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id ?? '');

  it('is answered row by row', () => {
    expect(rows.length).toBe(17);
    for (const row of rows) expect(row).toHaveLength(5);
  });

  it('names observations and findings that there are', () => {
    const probes = PROBES.map(({ id }): string => id);
    const checks = CHECKS.map(({ id }) => id);
    expect(
      rows.flatMap((row) => named(row[2])).filter((id) => !id.startsWith('--') && !probes.includes(id)),
    ).toEqual([]);
    expect(rows.flatMap((row) => named(row[3])).filter((id) => !checks.includes(id))).toEqual([]);
  });
});
