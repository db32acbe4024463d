// npm run drill: every fault against the alarms of deploy/cloudformation/alarms.yaml in virtual time; the tables go
// into deploy/README.md. Ends with 1 where a target is missed. --days and --timings make it shorter, and write nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { drillMarkdown, shortfalls, WHOLE, wholeDrill } from '../support/drill-table.ts';

const README = path.resolve(import.meta.dirname, '../../deploy/README.md');
const BEGIN = '<!-- drill-table -->';
const END = '<!-- /drill-table -->';

const { values } = parseArgs({ options: { days: { type: 'string' }, timings: { type: 'string' } } });
const shortened = values.days !== undefined || values.timings !== undefined;

const result = await wholeDrill({
  days: Number(values.days ?? WHOLE.days),
  timings: Number(values.timings ?? WHOLE.timings),
  say: (text) => console.error(text),
});
const tables = drillMarkdown(result);
console.log(tables);
const missed = shortfalls(result);
for (const line of missed) console.error(`missed: ${line}`);

if (!shortened) {
  const text = readFileSync(README, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${README} has no place for the tables`);
  writeFileSync(README, `${text.slice(0, from + BEGIN.length)}\n${tables}\n${text.slice(to)}`);
}
process.exit(missed.length === 0 ? 0 : 1);
