// Holds the walls of the house: who may import whom, no circles, which rooms are pure, and how things are named.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../src/checks/index.ts';
import { FINDING_IDS } from '../src/facts/finding-ids.ts';

const SRC = path.resolve(import.meta.dirname, '../src');

/** Room → what it may import: rooms, packages, or `node:`. `main.ts` may import all. */
const WALLS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  facts: ['core'],
  chain: ['core', 'facts'],
  clients: ['core', 'facts', 'chain', 'node:', 'undici', 'p-retry', '@aws-sdk/*', '@smithy/*'],
  probes: ['core', 'facts', 'chain'],
  checks: ['core', 'facts'],
  report: ['core', 'facts'],
  recorder: ['core', 'node:'],
  sinks: ['core', 'clients/aws', 'pino', 'node:', 'p-retry'],
  agent: ['core', 'checks', 'probes', 'report', 'node:'],
  simulator: ['core', 'facts', 'node:'],
  config: ['core', 'facts', 'chain', 'yaml'],
  cli: ['agent', 'config', 'report', 'simulator', 'core', 'facts', 'checks', 'probes', 'yargs', 'node:'],
};
const PURE = ['core', 'facts', 'chain', 'checks', 'report'];

interface Source {
  /** Path below src, with slashes. */
  readonly file: string;
  readonly text: string;
  /** As written. */
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
    const imports = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^'\s,]+)'/g)].map(
      (match) => match[1] ?? '',
    );
    return { file: file.split(path.sep).join('/'), text: code, imports };
  });

const roomOf = (file: string): string => file.split('/')[0] ?? '';

/** What an import reaches: a path below src, `node:`, or a package's name. */
function target(from: string, spec: string): string {
  if (spec.startsWith('.')) return path.posix.normalize(path.posix.join(path.posix.dirname(from), spec));
  if (spec.startsWith('node:')) return 'node:';
  return spec.startsWith('@') ? spec.split('/').slice(0, 2).join('/') : (spec.split('/')[0] ?? spec);
}

const allows = (rule: string, reached: string): boolean =>
  rule.endsWith('*')
    ? reached.startsWith(rule.slice(0, -1))
    : reached === rule || reached.startsWith(`${rule}/`);

describe('walls', () => {
  it('every room is in the table', () => {
    const rooms = new Set(sources.map(({ file }) => roomOf(file)).filter((room) => room !== 'main.ts'));
    expect([...rooms].filter((room) => WALLS[room] === undefined)).toEqual([]);
  });

  it('each room imports only what the table allows', () => {
    const broken = sources
      .filter(({ file }) => file !== 'main.ts')
      .flatMap(({ file, imports }) =>
        imports
          .map((spec) => target(file, spec))
          .filter((reached) => roomOf(reached) !== roomOf(file))
          .filter((reached) => !(WALLS[roomOf(file)] ?? []).some((rule) => allows(rule, reached)))
          .map((reached) => `${file} imports ${reached}`),
      );
    expect(broken).toEqual([]);
  });

  // In the bundle a CommonJS package that is imported lazily by itself has a default export and no names.
  it('what loads lazily is a file of ours, or of Node', () => {
    const lazily = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\bimport\('([^'.][^']*)'\)/g)].map((match) => ({ file, spec: match[1] ?? '' })),
    );
    expect(lazily.filter(({ spec }) => !spec.startsWith('node:'))).toEqual([]);
  });

  it('there is no circle', () => {
    const edges = new Map(
      sources.map(({ file, imports }) => [
        file,
        imports.filter((spec) => spec.startsWith('.')).map((spec) => target(file, spec)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      if (done.has(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of edges.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('pure rooms know neither the process, nor the time, nor chance', () => {
    const forbidden =
      /\bprocess\.(?:env|argv|exit|stdout|stderr|stdin|cwd|pid|platform|hrtime|uptime|memoryUsage|on|kill)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bcrypto\./;
    expect(
      sources
        .filter(({ file, text }) => PURE.includes(roomOf(file)) && forbidden.test(text))
        .map(({ file }) => file),
    ).toEqual([]);
  });

  it('nothing is exported by default or wholesale', () => {
    expect(sources.filter(({ text }) => /^export (default|\*)/m.test(text)).map(({ file }) => file)).toEqual(
      [],
    );
  });

  it('every file says in its first line what it is for', () => {
    const silent = sources
      .map(({ file }) => file)
      .filter((file) => !/^(#!.*\n)?\/\/ \S/.test(readFileSync(path.join(SRC, file), 'utf8')));
    expect(silent).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('has one file for each check, named by its id', () => {
    const files = readdirSync(path.join(SRC, 'checks'))
      .filter(
        (file) => /^[a-z0-9-]+\.ts$/.test(file) && !['index.ts', 'assess.ts', 'context.ts'].includes(file),
      )
      .map((file) => file.replace(/\.ts$/, ''));
    expect(files.sort()).toEqual(CHECKS.map((check) => check.id).sort());
  });

  it('uses only ids of the contract, each once', () => {
    const ids = CHECKS.map((check) => check.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !FINDING_IDS.some((released) => released === id))).toEqual([]);
  });

  it.each(CHECKS.map((check) => [check.id, check] as const))('%s can be explained', (_id, check) => {
    expect(check.title).not.toMatch(/[.!]$/);
    expect(check.runbook.means.length).toBeGreaterThan(40);
    expect(check.runbook.causes.length).toBeGreaterThan(0);
    expect(check.runbook.fixes.length).toBeGreaterThan(0);
    expect(check.severities.length).toBeGreaterThan(0);
    expect(check.reference).toMatch(/^https:\/\//);
    for (const fix of check.runbook.fixes) expect(fix.command ?? '').not.toMatch(/\n/);
  });

  it('has a test that names it', () => {
    const tests = readdirSync(path.resolve(import.meta.dirname, 'checks'), {
      encoding: 'utf8',
      recursive: true,
    })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => readFileSync(path.resolve(import.meta.dirname, 'checks', file), 'utf8'))
      .join('\n');
    expect(CHECKS.filter((check) => !tests.includes(check.id)).map((check) => check.id)).toEqual([]);
  });
});
