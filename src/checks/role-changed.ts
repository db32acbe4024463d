// Tells that another role is attached than in the cycle before.
import { defineCheck } from '../core/check.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { unknownBecause } from './context.ts';

const FIXES = [
  {
    text: 'Programs keep the old role’s credentials until they refresh; restart those that must change at once.',
    command: 'sudo systemctl restart <service>',
  },
];

export const roleChanged = defineCheck({
  id: 'role-changed',
  group: 'role',
  title: 'The attached role has changed',
  severities: ['info'],
  needs: ['instance-role'],
  immediate: true,
  reference: AWS_PAGES.attachRole,
  runbook: {
    means:
      'The metadata service now serves another role than in the cycle before. Running programs sign with the old role’s credentials until they refresh, and those stop working when the old role is deleted.',
    causes: ['Somebody replaced the instance profile, or the role in it.'],
    fixes: FIXES,
  },
  assess(seen, policy) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the role could not be read', role);
    if (policy.previousRoleName === null) return { skipped: 'no earlier cycle to compare with' };
    const now = role.value.roleName;
    if (now === null || now === policy.previousRoleName) return 'pass';
    return {
      severity: 'info',
      cause: `The role was ${policy.previousRoleName} in the cycle before and is ${now} now.`,
      evidence: { before: policy.previousRoleName, now },
      fix: FIXES,
    };
  },
});
