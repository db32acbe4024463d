// No instance profile is attached: there is no `iam/` in the metadata at all.
import type { Scenario } from './scenario.ts';

export const noRole: Scenario = {
  title: 'no IAM role is attached to the instance',
  expects: ['role-missing'],
  change: { credentials: { role: null } },
};
