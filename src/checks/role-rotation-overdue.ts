// Judges whether EC2 is late with new credentials.
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, ROTATION_LEAD_SECONDS } from '../facts/imds.ts';
import { ANYWHERE, associations, type Place, placeOf, unknownBecause } from './context.ts';

const fixes = (place: Place): Fix[] => [
  {
    text: 'See whether the role and its profile are still what was attached.',
    command: associations(place),
  },
  {
    text: 'When nothing changes before they expire, replace the association (see role-credentials-expired).',
    command: 'imds-probe explain role-credentials-expired',
  },
];

export const roleRotationOverdue = defineCheck({
  id: 'role-rotation-overdue',
  group: 'role',
  title: 'New credentials are overdue',
  severities: ['warning'],
  needs: ['instance-role', 'clock-offset'],
  uses: ['http-date', 'instance-identity', 'host'],
  immediate: true,
  reference: AWS_PAGES.securityCredentials,
  runbook: {
    means: `AWS says that new credentials are available at least ${ROTATION_LEAD_SECONDS / 60} minutes before the old ones end; that moment has passed. SDKs that refresh five minutes ahead get the old ones again and may keep them past their end.`,
    causes: [
      'EC2 has a fault or is late with the rotation.',
      'The role or its profile was deleted or replaced while the instance runs.',
      'The local clock is ahead and no time server corrects it: see clock-skewed.',
    ],
    fixes: fixes(ANYWHERE),
  },
  assess(seen) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the credentials could not be read', role);
    const { marginSeconds, lastUpdated, ageSeconds, expiration } = role.value;
    if (marginSeconds === null) return { unknown: 'there are no credentials to judge' };
    if (marginSeconds <= 0) return { unknown: 'they have expired: see role-credentials-expired' };
    if (marginSeconds >= ROTATION_LEAD_SECONDS) return 'pass';
    const overdue = ROTATION_LEAD_SECONDS - marginSeconds;
    return {
      severity: 'warning',
      cause: `New credentials should have been there ${spokenSeconds(overdue)} ago; the ones served are from ${lastUpdated ?? 'an unknown time'}.`,
      evidence: { expiration, marginSeconds, overdueSeconds: overdue, lastUpdated, ageSeconds },
      fix: fixes(placeOf(seen)),
    };
  },
});
