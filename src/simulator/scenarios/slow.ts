// Every answer is late, and none so late that an attempt of one second gives up.
import type { Scenario } from './scenario.ts';

export const slow: Scenario = {
  title: 'every answer of IMDS takes 400 milliseconds',
  expects: ['imds-slow'],
  change: { imds: { faults: [{ delayMs: 400 }] } },
};
