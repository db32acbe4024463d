// What CloudWatch costs in us-east-1 by its price list, without the free tier: metrics by the hour, requests by the thousand.

const HOURS_A_MONTH = 730;
const DOLLARS_A_REQUEST = 0.01 / 1000;

/** Custom metrics a month: so many at so much, then the next (CloudWatch pricing, "Metrics"). */
const TIERS: readonly (readonly [metrics: number, dollars: number])[] = [
  [10_000, 0.3],
  [240_000, 0.1],
  [750_000, 0.05],
  [Number.POSITIVE_INFINITY, 0.02],
];

/** @param metricHours hours of all metrics of one month: a metric costs for each hour in which it has data */
export function dollarsForMetrics(metricHours: number): number {
  let left = metricHours / HOURS_A_MONTH;
  let dollars = 0;
  for (const [metrics, price] of TIERS) {
    const taken = Math.min(left, metrics);
    dollars += taken * price;
    left -= taken;
  }
  return dollars;
}

export const dollarsForRequests = (requests: number): number => requests * DOLLARS_A_REQUEST;

/** What the usual way costs: every metric of every instance, one request a minute each. */
export function dollarsPerInstanceEveryMinute(instances: number, metrics: number): number {
  const minutes = HOURS_A_MONTH * 60;
  return dollarsForMetrics(instances * metrics * HOURS_A_MONTH) + dollarsForRequests(instances * minutes);
}

/** One day thirty times, in days of a month. */
export const DAYS_A_MONTH = HOURS_A_MONTH / 24;
