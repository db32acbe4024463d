// Holds the README to the program: its generated tables, the scenarios and commands it names.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { withTables } from '../.ci/docs.ts';
import manifest from '../package.json' with { type: 'json' };

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
