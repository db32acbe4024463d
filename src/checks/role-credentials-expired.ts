// Judges whether the credentials that the metadata service serves have already run out.
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES } from '../facts/imds.ts';
import { ANYWHERE, associations, type Place, placeOf, unknownBecause } from './context.ts';

/** Makes EC2 issue new credentials. */
export const reattach = (place: Place): Fix[] => [
  {
    text: 'Make EC2 issue new ones: replace the instance profile association with itself.',
    command: `aws ec2 replace-iam-instance-profile-association --region ${place.region} --iam-instance-profile Name=${place.profileName} --association-id $(${associations(place)} --query 'IamInstanceProfileAssociations[0].AssociationId' --output text)`,
  },
  { text: 'If that does not help within a few minutes, stop and start the instance, and tell AWS Support.' },
];

export const roleCredentialsExpired = defineCheck({
  id: 'role-credentials-expired',
  group: 'role',
  title: 'The credentials of the role have expired',
  severities: ['critical'],
  needs: ['instance-role', 'clock-offset', 'instance-identity', 'host'],
  uses: ['http-date', 'instance-profile'],
  decisive: true,
  immediate: true,
  covers: ['role-credentials-expiring', 'role-rotation-overdue'],
  reference: AWS_PAGES.securityCredentials,
  runbook: {
    means:
      'The metadata service itself serves credentials that have run out: every request signed with them is answered "The security token included in the request is expired". Restarting programs does not help, because they read the same ones again.',
    causes: [
      'EC2 has not rotated the credentials of this instance: the role or profile was changed or deleted meanwhile, or the service has a fault.',
      'The instance was resumed from hibernation, or its network was away, and the new ones have not arrived yet.',
      'The local clock is ahead: see clock-skewed.',
    ],
    fixes: reattach(ANYWHERE),
  },
  assess(seen) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the credentials could not be read', role);
    const { marginSeconds, roleName, expiration, lastUpdated, accessKeyId } = role.value;
    if (marginSeconds === null) {
      return { unknown: roleName === null ? 'no role is attached' : 'the role has no credentials to judge' };
    }
    if (marginSeconds > 0) return { pass: `they expire in ${spokenSeconds(marginSeconds)}` };
    return {
      severity: 'critical',
      cause: `The metadata service serves credentials${roleName === null ? '' : ` of the role ${roleName}`} that expired ${spokenSeconds(marginSeconds)} ago: every AWS request signed with them is refused with ExpiredToken.`,
      evidence: { expiration, marginSeconds, lastUpdated, accessKeyId },
      fix: reattach(placeOf(seen)),
    };
  },
});
