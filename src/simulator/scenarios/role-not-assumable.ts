// The role's trust policy does not name EC2: IMDS answers 200, and a failure inside it (boto/botocore#1519).
import { HEALTHY } from '../behaviour.ts';
import type { Scenario } from './scenario.ts';

export const roleNotAssumable: Scenario = {
  title: 'the role does not let EC2 assume it',
  expects: ['role-not-assumable'],
  change: {
    credentials: {
      code: 'AssumeRoleUnauthorizedAccess',
      message: `EC2 cannot assume the role ${HEALTHY.credentials.role}. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.`,
    },
  },
};
