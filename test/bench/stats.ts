// Medians and paired ratios: what a noisy machine can still tell.

export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Spread {
  readonly median: number;
  /** The quartiles: half of all values lie between them. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
  count: values.length,
});

/** How many times the partner each value of a pair is; taken in one breath, so that both suffer the same load. */
export function ratios(values: readonly number[], partners: readonly number[]): number[] {
  return values.flatMap((value, index) => {
    const partner = partners[index];
    return partner === undefined || partner === 0 ? [] : [value / partner];
  });
}
