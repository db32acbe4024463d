// The query protocol's input: `MetricData.member.1.Dimensions.member.2.Name=…` becomes lists and records.

export interface FormRecord {
  readonly [key: string]: FormValue;
}
export type FormValue = string | FormRecord | readonly FormValue[];

const MAX_PARAMETERS = 200_000;
const MAX_DEPTH = 8;

interface Node {
  text: string | null;
  readonly children: Map<string, Node>;
}

const node = (): Node => ({ text: null, children: new Map() });

function plain(from: Node): FormValue {
  const members = from.children.get('member');
  if (members !== undefined) {
    const numbered = [...members.children].filter(([key]) => /^[1-9]\d{0,6}$/.test(key));
    return numbered.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => plain(child));
  }
  if (from.children.size === 0) return from.text ?? '';
  // No prototype: a parameter called __proto__ is one like any other.
  const record: Record<string, FormValue> = Object.create(null);
  for (const [key, child] of from.children) record[key] = plain(child);
  return record;
}

/** Reads a form. Throws a RangeError where it has too many or too deep parameters. */
export function readForm(form: string): FormValue {
  const root = node();
  let count = 0;
  for (const [name, text] of new URLSearchParams(form)) {
    count += 1;
    const path = name.split('.');
    // A list costs two steps: `member`, then its number.
    if (count > MAX_PARAMETERS || path.length > MAX_DEPTH) throw new RangeError('form too large');
    let at = root;
    for (const step of path) {
      const next = at.children.get(step) ?? node();
      at.children.set(step, next);
      at = next;
    }
    at.text = text;
  }
  return plain(root);
}
