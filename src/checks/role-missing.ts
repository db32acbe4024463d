// Judges whether an instance role is attached at all.
import { defineCheck } from '../core/check.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { instanceArguments, profileRefusal, unknownBecause } from './context.ts';

const attach = (instance: string) => ({
  text: 'Attach an instance profile (its role’s credentials appear within seconds; no restart is needed).',
  command: `aws ec2 associate-iam-instance-profile ${instance} --iam-instance-profile Name=<profile-name>`,
});

export const roleMissing = defineCheck({
  id: 'role-missing',
  group: 'role',
  title: 'No role is attached to this instance',
  severities: ['critical'],
  needs: ['instance-role', 'instance-identity', 'host'],
  uses: ['instance-profile'],
  decisive: true,
  reference: AWS_PAGES.attachRole,
  runbook: {
    means:
      'The metadata service works, but no instance profile is attached, so it has no credentials to give. Programs without keys of their own report "Unable to locate credentials".',
    causes: [
      'The instance was launched without an instance profile.',
      'The profile was disassociated, or its role removed from it.',
    ],
    fixes: [
      attach('--instance-id <instance-id> --region <region>'),
      {
        text: 'List the profiles there are.',
        command: 'aws iam list-instance-profiles --query "InstanceProfiles[].InstanceProfileName"',
      },
    ],
  },
  assess(seen) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the role could not be read', role);
    if (role.value.roleName !== null) return 'pass';
    const profile = seen['instance-profile'];
    const refusal = profileRefusal(profile);
    if (refusal !== null) {
      return { unknown: `a profile is attached, but iam/info answers ${refusal}: see role-not-assumable` };
    }
    return {
      severity: 'critical',
      cause:
        'The metadata service lists no role: no instance profile is attached to this instance, or its role was removed.',
      evidence: { roleName: null, ...(profile?.ok ? { profileCode: profile.value.code } : {}) },
      fix: [attach(instanceArguments(seen['instance-identity'], seen.host))],
    };
  },
});
