// Judges whether AWS refuses credentials of the role that ought to be good: fresh, unexpired, and no good all the same.
import type { CallerIdentities } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Delivery } from '../core/publishing.ts';
import type { Fix } from '../core/report.ts';
import { CREDENTIALS_REFUSED_CODES } from '../facts/cloudwatch.ts';
import { ANYWHERE, type Place, placeOf, unknownBecause } from './context.ts';
import { reattach } from './role-credentials-expired.ts';

const fixes = (role: string, place: Place): Fix[] => [
  {
    text: 'See what AWS says to these credentials itself; an endpoint of yours or a proxy may be the one that refuses.',
    command: `aws sts get-caller-identity --region ${place.region}`,
  },
  {
    text: 'See that the role still exists, and whether it was deleted and made anew since the credentials were issued.',
    command: `aws iam get-role --role-name ${role} --query 'Role.[Arn,RoleId,CreateDate]'`,
  },
  {
    text: 'With InvalidClientTokenId or UnrecognizedClientException: see that this Region is enabled for the account.',
    command: `aws account get-region-opt-status --region-name ${place.region}`,
  },
  ...reattach(place),
];

export const roleCredentialsRejected = defineCheck({
  id: 'role-credentials-rejected',
  group: 'role',
  title: 'AWS refuses the credentials of the role',
  severities: ['critical'],
  needs: ['instance-role'],
  uses: ['cloudwatch-delivery', 'caller-identity', 'instance-identity', 'instance-profile', 'host'],
  reference: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html',
  runbook: {
    means:
      'The metadata service serves credentials that have not expired by their own date, and AWS refuses whoever signs with them. Every program on this instance that uses the role fails, and restarting it does not help.',
    causes: [
      'The credentials are cut short at the source: the role was deleted, or deleted and made anew under the same name.',
      'Something between serves old or foreign credentials: a proxy that answers for the metadata service, or a cache in front of it.',
      'The request went to a Region that is not enabled for the account, or to another partition.',
      'It went to an endpoint that is not AWS and does not know these credentials.',
    ],
    fixes: fixes('<role-name>', ANYWHERE),
  },
  assess(seen) {
    const role = seen['instance-role'];
    if (!role.ok) return unknownBecause('the credentials could not be read', role);
    const { marginSeconds, roleName, expiration, accessKeyId } = role.value;
    if (marginSeconds === null || accessKeyId === null)
      return { unknown: 'there are no credentials to refuse' };
    if (marginSeconds <= 0) return { unknown: 'they have expired, so AWS is right to refuse them' };
    const answers = [
      ...answerOfSts(seen['caller-identity'], accessKeyId),
      ...answerOfCloudWatch(seen['cloudwatch-delivery'], accessKeyId),
    ];
    const refused = answers.find(({ says }) => says === 'refused');
    if (refused === undefined) {
      if (answers.length === 0) return { skipped: 'nothing was asked of AWS with these credentials' };
      const accepted = answers.find(({ says }) => says === 'accepted');
      return accepted === undefined
        ? { unknown: `no answer tells: ${answers[0]?.detail}` }
        : { pass: `${accepted.service} accepts them` };
    }
    const { service, code, detail, endpoint } = refused;
    return {
      severity: 'critical',
      cause: `${service} refuses the credentials${roleName === null ? '' : ` of the role ${roleName}`} with ${code}, although they are good for another ${spokenSeconds(marginSeconds)} by their own date.`,
      evidence: { service, code, detail, endpoint, accessKeyId, expiration },
      fix: fixes(roleName ?? '<role-name>', placeOf(seen)),
    };
  },
});

interface Answer {
  readonly service: 'STS' | 'CloudWatch';
  readonly says: 'accepted' | 'refused' | 'nothing';
  readonly code: string;
  readonly detail: string;
  readonly endpoint: string;
}

function answerOfSts(seen: Outcome<CallerIdentities> | undefined, accessKeyId: string): readonly Answer[] {
  if (seen?.ok !== true) return [];
  const { role, endpoint } = seen.value;
  if (role.state === 'not-asked' || role.accessKeyId !== accessKeyId) return [];
  const refuses = role.state === 'refused' && CREDENTIALS_REFUSED_CODES.includes(role.code ?? '');
  const says = role.state === 'accepted' ? 'accepted' : refuses ? 'refused' : 'nothing';
  return [{ service: 'STS', says, code: role.code ?? role.state, detail: role.detail, endpoint }];
}

/** A delivery tells nothing about credentials that came after it. */
function answerOfCloudWatch(seen: Outcome<Delivery> | undefined, accessKeyId: string): readonly Answer[] {
  if (seen?.ok !== true) return [];
  const { requests, accepted, failure, endpoint } = seen.value;
  if (requests === 0 || seen.value.accessKeyId !== accessKeyId) return [];
  const code = failure?.code ?? '';
  const refuses = CREDENTIALS_REFUSED_CODES.includes(code);
  // Whoever is told that he may not, or that his data are wrong, was recognised.
  const recognised = accepted > 0 || failure?.reason === 'denied' || failure?.reason === 'data';
  const says = refuses ? 'refused' : recognised ? 'accepted' : 'nothing';
  return [{ service: 'CloudWatch', says, code, detail: failure?.detail ?? '', endpoint }];
}
