// Reads and writes measured.tsv: what the real clients did with the table, as test/e2e/proxy-dialects.test.ts saw it.
import { readFileSync, writeFileSync } from 'node:fs';
import type { ProxyRoute } from '../../../src/core/proxy.ts';
import { DIALECTS } from '../../../src/facts/proxy/index.ts';

const FILE = new URL('./measured.tsv', import.meta.url);

export interface Measured {
  readonly variables: Readonly<Record<string, string>>;
  readonly url: string;
  /** By dialect id. */
  readonly routes: Readonly<Record<string, ProxyRoute>>;
}

const LETTERS = { d: 'direct', p: 'proxy', e: 'error' } as const;

export function readMeasured(): readonly Measured[] {
  const rows = readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return rows.map((row) => {
    const [letters = '', url = '', variables = '{}'] = row.split('\t');
    const routes = DIALECTS.map(({ id }, index) => [id, LETTERS[letters[index] as keyof typeof LETTERS]]);
    return { variables: JSON.parse(variables), url, routes: Object.fromEntries(routes) };
  });
}

export function writeMeasured(measured: readonly Measured[]): void {
  const header = [
    '# What real clients did with each pair of URL and variables: d direct, p proxy, e error; one letter a client, in',
    `# this order: ${DIALECTS.map(({ id, measuredOn }) => `${id} (${measuredOn})`).join(', ')}.`,
    '# node-http ran with NODE_USE_ENV_PROXY=1. Made by: WRITE_MEASURED=1 npm run test:e2e -- proxy-dialects',
  ];
  const rows = measured.map(({ variables, url, routes }) =>
    [DIALECTS.map(({ id }) => routes[id]?.[0] ?? '?').join(''), url, JSON.stringify(variables)].join('\t'),
  );
  writeFileSync(FILE, `${[...header, ...rows].join('\n')}\n`);
}
