// Judges whether the role's credentials are closer to their end than the thresholds allow.
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, ROTATION_LEAD_SECONDS } from '../facts/imds.ts';
import { ANYWHERE, associations, type Place, placeOf, unknownBecause } from './context.ts';

const fixes = (place: Place): Fix[] => [
  {
    text: 'Watch whether new ones appear (they should, five minutes before the end at the latest).',
    command: 'imds-probe check --only role',
  },
  {
    text: 'When they do not, see whether the profile is still associated.',
    command: associations(place),
  },
];

export const roleCredentialsExpiring = defineCheck({
  id: 'role-credentials-expiring',
  group: 'role',
  title: 'The credentials of the role are about to expire',
  severities: ['critical', 'warning'],
  needs: ['instance-role', 'clock-offset'],
  uses: ['http-date', 'instance-identity', 'host'],
  immediate: true,
  reference: AWS_PAGES.securityCredentials,
  runbook: {
    means: `The credentials that the metadata service serves end soon. EC2 normally makes new ones available at least ${ROTATION_LEAD_SECONDS / 60} minutes before; below that, programs that fetch now get credentials that are about to end.`,
    causes: [
      'The next rotation is due and has not happened yet (a warning that clears by itself).',
      'EC2 has stopped rotating the credentials: see role-rotation-overdue.',
      'The thresholds --margin-warning and --margin-critical are higher than this instance’s rotation leaves.',
    ],
    fixes: fixes(ANYWHERE),
  },
  assess(seen, policy) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the credentials could not be read', role);
    const { marginSeconds, expiration, lastUpdated, ageSeconds, accessKeyId } = role.value;
    if (marginSeconds === null) return { unknown: 'there are no credentials to judge' };
    if (marginSeconds <= 0) return { unknown: 'they have expired already' };
    if (marginSeconds >= policy.marginWarningSeconds) {
      return { pass: `they expire in ${spokenSeconds(marginSeconds)}` };
    }
    const critical = marginSeconds < policy.marginCriticalSeconds;
    const threshold = critical ? policy.marginCriticalSeconds : policy.marginWarningSeconds;
    return {
      severity: critical ? 'critical' : 'warning',
      cause: `The credentials that the metadata service serves expire in ${spokenSeconds(marginSeconds)}, less than the ${spokenSeconds(threshold)} allowed, and no new ones are there.`,
      evidence: {
        expiration,
        marginSeconds,
        thresholdSeconds: threshold,
        lastUpdated,
        ageSeconds,
        accessKeyId,
      },
      fix: fixes(placeOf(seen)),
    };
  },
});
