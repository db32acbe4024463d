// Judges whether EC2 could assume the attached role.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { profileRefusal, unknownBecause } from './context.ts';

const trust = (role: string): Fix[] => [
  {
    text: 'See whom the role trusts; ec2.amazonaws.com has to be among the principals for sts:AssumeRole.',
    command: `aws iam get-role --role-name ${role} --query Role.AssumeRolePolicyDocument`,
  },
  {
    text: 'Let EC2 assume it. This replaces the whole trust policy: add whoever else has to stay in it.',
    command: `aws iam update-assume-role-policy --role-name ${role} --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'`,
  },
];

export const roleNotAssumable = defineCheck({
  id: 'role-not-assumable',
  group: 'role',
  title: 'EC2 cannot assume the attached role',
  severities: ['critical'],
  needs: ['instance-role', 'instance-profile'],
  reference: AWS_PAGES.troubleshootRole,
  runbook: {
    means:
      'A role is attached, but EC2 was refused when it tried to assume it, so the metadata service answers 200 with an error code instead of credentials. SDKs mostly report this as missing credentials.',
    causes: [
      'The role’s trust policy does not name ec2.amazonaws.com.',
      'The role was deleted and made again under the same name: the profile still points at the old one.',
      'A service control policy denies it, or the change has not reached all of IAM yet (it takes minutes).',
    ],
    fixes: [
      ...trust('<role-name>'),
      {
        text: 'After a role was deleted and made again: replace the association.',
        command:
          'aws ec2 replace-iam-instance-profile-association --association-id <association-id> --iam-instance-profile Name=<profile-name>',
      },
    ],
  },
  assess(seen) {
    const role = seen['instance-role'];
    const profile = seen['instance-profile'];
    const roleCode = role.ok ? role.value.code : null;
    // Credentials that are there outweigh a stale code in iam/info.
    const code = roleCode === null ? profileRefusal(profile) : roleCode === 'Success' ? null : roleCode;
    if (code === null) {
      if (!role.ok) return unknownBecause('the role could not be read', role);
      return role.value.roleName === null ? { unknown: 'no role is attached' } : 'pass';
    }
    const message =
      (role.ok ? role.value.message : undefined) ?? (profile.ok ? profile.value.message : undefined);
    const roleName = role.ok ? role.value.roleName : null;
    return {
      severity: 'critical',
      cause: `EC2 may not assume ${roleName === null ? 'the attached role' : `the role ${roleName}`}: the metadata service answers with the code ${code} instead of credentials.`,
      evidence: {
        roleName,
        code,
        ...(message === undefined ? {} : { message }),
        lastUpdated: role.ok ? role.value.lastUpdated : null,
      },
      fix: trust(roleName ?? '<role-name>'),
    };
  },
});
