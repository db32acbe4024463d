// A covering array: as few rows as a greedy choice finds, in which every two values of different dimensions meet. Pure.

export type Dimensions = Readonly<Record<string, readonly string[]>>;
export type RowOf<D extends Dimensions> = { readonly [N in keyof D]: D[N][number] };

/** Every pair of values of two dimensions, as one word. */
export function pairsOf(row: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(row);
  return entries.flatMap(([name, value], index) =>
    entries.slice(index + 1).map(([other, second]) => `${name}=${value} & ${other}=${second}`),
  );
}

export function allPairs(dimensions: Dimensions): ReadonlySet<string> {
  const names = Object.keys(dimensions);
  const pairs = new Set<string>();
  for (const [index, name] of names.entries())
    for (const other of names.slice(index + 1))
      for (const value of dimensions[name] ?? [])
        for (const second of dimensions[other] ?? []) pairs.add(`${name}=${value} & ${other}=${second}`);
  return pairs;
}

/** The same rows every time: each takes the value that meets most of what has not met, of equals the one met least. */
export function coveringArray<const D extends Dimensions>(dimensions: D): RowOf<D>[] {
  const names = Object.keys(dimensions);
  const left = new Set(allPairs(dimensions));
  const rows: RowOf<D>[] = [];
  const met = new Map<string, number>();
  const timesMet = (name: string, value: string): number => met.get(`${name}=${value}`) ?? 0;
  for (let seed = first(left); seed !== undefined; seed = first(left)) {
    const row: Record<string, string> = {};
    for (const part of seed.split(' & ')) {
      const [name = '', value = ''] = part.split(/=(.*)/s);
      row[name] = value;
    }
    for (const name of names) {
      if (row[name] !== undefined) continue;
      const fresh = (value: string): number =>
        pairsOf(inOrder(names, { ...row, [name]: value })).filter((pair) => left.has(pair)).length;
      const [best = ''] = [...(dimensions[name] ?? [])].sort(
        (a, b) => fresh(b) - fresh(a) || timesMet(name, a) - timesMet(name, b),
      );
      row[name] = best;
    }
    const whole = inOrder(names, row);
    for (const name of names) met.set(`${name}=${whole[name]}`, timesMet(name, whole[name] ?? '') + 1);
    for (const pair of pairsOf(whole)) left.delete(pair);
    rows.push(whole as RowOf<D>);
  }
  return rows;
}

const first = (pairs: ReadonlySet<string>): string | undefined => pairs.values().next().value;

/** Pairs are named in the order of the dimensions. */
const inOrder = (names: readonly string[], row: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name] ?? '']])));
