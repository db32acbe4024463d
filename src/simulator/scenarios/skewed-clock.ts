// The local clock is slow: true time, as every server of the box tells it, is 400 seconds ahead.
import type { Scenario } from './scenario.ts';

export const skewedClock: Scenario = {
  title: 'the local clock is 400 seconds behind true time',
  expects: ['clock-skewed'],
  change: { clockOffsetMs: 400_000 },
};
