// The metrics of one cycle as one short text: 13 days of them have to fit into 16 MB. Pure.
import type { Metric, Unit } from '../core/metric.ts';

/** Null stands for a metric that is settled: the others keep their places. */
export type Slot = Metric | null;

/** `[name, unit, index of its dimensions, value]`, or with values and counts; 0 is a settled one. */
type Packed = readonly [string, Unit, number, ...unknown[]] | 0;

/** JSON, with each set of dimensions once: some 40 bytes a metric. */
export function pack(slots: readonly Slot[]): string {
  const dimensions: string[] = [];
  const packed = slots.map((slot): Packed => {
    if (slot === null) return 0;
    const { name, unit, values, counts } = slot;
    const text = JSON.stringify(slot.dimensions);
    const known = dimensions.indexOf(text);
    const index = known === -1 ? dimensions.push(text) - 1 : known;
    return values.length === 1 && counts.length === 1 && counts[0] === 1
      ? [name, unit, index, values[0]]
      : [name, unit, index, values, counts];
  });
  return `[[${dimensions.join(',')}],${JSON.stringify(packed)}]`;
}

/** Reads it back; null where the text is damaged. A number that JSON can't write comes back as NaN. */
export function unpack(text: string): readonly Slot[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(parsed)) return null;
  const [dimensions, packed] = parsed as readonly unknown[];
  if (!isList(dimensions) || !dimensions.every(isDimensions) || !isList(packed)) return null;
  const slots = packed.map((item) => (item === 0 ? null : metricOf(item, dimensions)));
  return slots.includes(undefined) ? null : (slots as readonly Slot[]);
}

const UNITS: readonly unknown[] = ['Seconds', 'Milliseconds', 'Count'] satisfies Unit[];

function metricOf(
  item: unknown,
  dimensions: readonly Readonly<Record<string, string>>[],
): Metric | undefined {
  if (!isList(item)) return undefined;
  const [name, unit, index, first, second] = item;
  const own = typeof index === 'number' ? dimensions[index] : undefined;
  const values = isList(first) ? numbers(first) : numbers([first]);
  const counts = isList(first) ? isList(second) && numbers(second) : [1];
  if (typeof name !== 'string' || !UNITS.includes(unit) || own === undefined) return undefined;
  if (values === false || counts === false) return undefined;
  return { name, unit: unit as Unit, values, counts, dimensions: own };
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const isDimensions = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

/** JSON writes NaN and infinity as null. */
function numbers(items: readonly unknown[]): readonly number[] | false {
  return items.every((item) => typeof item === 'number' || item === null)
    ? items.map((item) => (item === null ? Number.NaN : (item as number)))
    : false;
}
