// CloudWatch says ExpiredToken to everything, though the credentials have hours to go.
import { expiredToken } from '../aws/errors.ts';
import type { Scenario } from './scenario.ts';

export const cloudwatchExpiredToken: Scenario = {
  title: 'CloudWatch refuses every request with ExpiredToken',
  expects: [],
  change: { cloudwatch: { faults: [{ error: expiredToken() }] } },
};
