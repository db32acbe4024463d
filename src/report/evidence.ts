// Evidence as rows a person reads: names become words, and numbers say their unit.
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { Evidence } from '../core/report.ts';
import type { Row } from './layout.ts';

/** Names whose words would mislead or be clumsy. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['ec2', 'EC2'],
  ['imds', 'IMDS'],
  ['id', 'id'],
  ['url', 'URL'],
  ['arn', 'ARN'],
  ['http', 'HTTP'],
  ['sts', 'STS'],
  ['sdk', 'SDK'],
  ['cli', 'CLI'],
]);

const UNITS: readonly (readonly [suffix: string, spoken: (value: number) => string])[] = [
  ['Ms', signed(spokenMs)],
  ['Seconds', signed(spokenSeconds)],
];

function signed(spoken: (size: number) => string): (value: number) => string {
  return (value) => (value < 0 ? `−${spoken(value)}` : spoken(value));
}

/** `marginSeconds: -720` becomes `margin: −12 min`. What is null is not evidence, and left out. */
export function evidenceRows(evidence: Evidence): Row[] {
  const rows: Row[] = [];
  for (const [name, value] of Object.entries(evidence)) {
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    rows.push(...rowsOf(name, value));
  }
  return rows;
}

/** A list longer than this has a line for each item. */
const ONE_LINE = 56;
/** Most items that are shown. */
const MAX_ITEMS = 8;

function rowsOf(name: string, value: NonNullable<Evidence[string]>): Row[] {
  if (typeof value === 'number') {
    for (const [suffix, spoken] of UNITS) {
      if (name.endsWith(suffix) && name.length > suffix.length) {
        return [[wordsOf(name.slice(0, -suffix.length)), spoken(value)]];
      }
    }
  }
  if (typeof value === 'object' && value.join(', ').length > ONE_LINE) {
    const items = value.slice(0, MAX_ITEMS);
    if (value.length > items.length) items.push(`and ${value.length - items.length} more`);
    return items.map((item, index): Row => [index === 0 ? wordsOf(name) : '', item]);
  }
  return [[wordsOf(name), spokenValue(value)]];
}

function spokenValue(value: NonNullable<Evidence[string]>): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object') return value.join(', ');
  return String(value);
}

/** `accessKeyId` becomes `access key id`; names that are no camelCase identifier stay as they are. */
function wordsOf(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) return name;
  return name
    .split(/(?=[A-Z])/)
    .map((word) => WORDS.get(word.toLowerCase()) ?? word.toLowerCase())
    .join(' ');
}
