// Nothing listens where CloudWatch should be.
import type { Scenario } from './scenario.ts';

export const cloudwatchDown: Scenario = {
  title: 'connections to CloudWatch are refused',
  expects: ['cloudwatch-unreachable'],
  change: { cloudwatch: { refused: true } },
};
