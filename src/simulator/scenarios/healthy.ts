// Nothing is wrong with this instance.
import type { Scenario } from './scenario.ts';

export const healthy: Scenario = {
  title: 'a role with fresh credentials, IMDSv2 required, the clock right',
  expects: [],
  change: {},
};
