// `npm run bench`: what one run, the agent and each verdict cost, against others doing the same; see README.md.
//
// Prints tables and writes everything measured as JSON. `--short` takes under a minute and ends with 1 where a count or
// a size is over its limit; no time is ever a reason.
import { existsSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { agent } from './agent.ts';
import { faults } from './faults.ts';
import { fleet } from './fleet.ts';
import { growth } from './growth.ts';
import { instructions } from './instructions.ts';
import { oneshot } from './oneshot.ts';
import type { Bench, Limit, Section } from './section.ts';
import { sizes } from './sizes.ts';
import { tableText } from './table.ts';
import { traffic } from './traffic.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  sizes,
  traffic,
  oneshot,
  instructions,
  faults,
  agent,
  growth,
  fleet,
};
const SHORT = ['sizes', 'traffic'];

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    out: { type: 'string', default: path.join(root, 'bench.json') },
    program: { type: 'string', default: path.join(root, 'dist/imds-probe.mjs') },
    packaged: { type: 'string' },
  },
});

const program = path.resolve(values.program);
if (!existsSync(program)) throw new Error(`${program} is not there: npm run build makes it`);
const bench: Bench = {
  program,
  packaged: values.packaged === undefined ? null : path.resolve(values.packaged),
  pairs: Number(values.pairs),
  short: values.short,
  say: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  },
};

const names = values.only?.split(',') ?? (values.short ? SHORT : Object.keys(SECTIONS));
const machine = {
  node: process.version,
  arch: process.arch,
  kernel: release(),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
};
const measured: Record<string, unknown> = {};
const limits: Limit[] = [];
for (const name of names) {
  const section = SECTIONS[name];
  if (section === undefined)
    throw new Error(`there is no "${name}"; there are ${Object.keys(SECTIONS).join(', ')}`);
  bench.say(`${name} …`);
  const result = await section(bench);
  bench.say('');
  for (const table of result.tables) console.log(tableText(table));
  measured[name] = result.data;
  limits.push(...result.limits);
}
writeFileSync(
  values.out,
  `${JSON.stringify({ startedAt: new Date().toISOString(), machine, measured, limits }, null, 2)}\n`,
);

const over = limits.filter(({ is, atMost }) => !(is <= atMost));
for (const { what, is, atMost } of over) console.log(`over its limit: ${what}: ${is} > ${atMost}`);
if (over.length === 0 && limits.length > 0)
  console.log(`${limits.length} counts and sizes are within their limits`);
if (over.length > 0) process.exitCode = 1;
