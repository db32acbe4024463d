// CloudWatch throttles the first two requests and is well again.
import { throttling } from '../aws/errors.ts';
import type { Scenario } from './scenario.ts';

export const cloudwatchThrottled: Scenario = {
  title: 'CloudWatch throttles the first two requests, then accepts',
  expects: [],
  change: { cloudwatch: { faults: [{ method: 'POST', times: 2, error: throttling() }] } },
};
