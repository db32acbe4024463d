// Judges whether the metrics get through to CloudWatch, and says what stands in their way.
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { EndpointReach } from '../core/endpoint.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Delivery } from '../core/publishing.ts';
import type { Fix } from '../core/report.ts';
import { CLOUDWATCH_PAGES, CREDENTIALS_REFUSED_CODES } from '../facts/cloudwatch.ts';
import { isIntercepted } from './endpoint/reach.ts';

/** What is filled into commands; a placeholder where it is not known. */
interface Names {
  readonly role: string;
  readonly region: string;
  readonly endpoint: string;
}

const PLACEHOLDERS: Names = {
  role: '<role-name>',
  region: '<region>',
  endpoint: 'https://monitoring.<region>.amazonaws.com',
};

const STATEMENT =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"}]}';

const allow = ({ role }: Names): Fix[] => [
  {
    text: 'Allow the role to publish. It is the one permission that publishing needs.',
    command: `aws iam put-role-policy --role-name ${role} --policy-name imds-probe --policy-document '${STATEMENT}'`,
  },
  {
    text: 'If it is allowed already, look for a deny: a permissions boundary, a service control policy, or the policy of a VPC endpoint.',
    command: `aws iam simulate-principal-policy --policy-source-arn $(aws iam get-role --role-name ${role} --query Role.Arn --output text) --action-names cloudwatch:PutMetricData`,
  },
];

const connect = ({ region, endpoint }: Names): Fix[] => [
  {
    text: 'See where it ends: a name that does not resolve, no route, a firewall, or TLS.',
    command: `curl -sv -o /dev/null --max-time 10 ${endpoint}`,
  },
  {
    text: 'A subnet without a way out needs a NAT gateway, or an interface endpoint for CloudWatch. See whether there is one.',
    command: `aws ec2 describe-vpc-endpoints --region ${region} --filters Name=service-name,Values=com.amazonaws.${region}.monitoring`,
  },
];

const signature = ({ region }: Names): Fix[] => [
  {
    text: 'The signature does not fit: see that the Region is the one of the endpoint, and that no proxy changes the request.',
    command: `imds-probe check --publish --region ${region}`,
  },
];

const PROXY: readonly Fix[] = [
  {
    text: 'See which proxy variables are set here; HTTPS_PROXY and NO_PROXY decide about CloudWatch.',
    command: "env | grep -io '^[a-z]*_proxy='",
  },
];

const CLOCK: readonly Fix[] = [
  {
    text: 'Set the clock now, and see why it drifted: clock-skewed tells more.',
    command: 'sudo chronyc makestep',
  },
];

const THROTTLED: readonly Fix[] = [
  {
    text: 'The account sends more than its quota of PutMetricData in this Region. Send larger requests less often (--flush), or ask for more.',
    command:
      'aws service-quotas list-service-quotas --service-code monitoring --query "Quotas[?contains(QuotaName,\'PutMetricData\')].[QuotaName,Value]"',
  },
];

const WAIT: readonly Fix[] = [
  {
    text: 'CloudWatch is in trouble itself. The metrics are kept and sent when it is back; see the AWS Health Dashboard.',
  },
];

export const publishFailing = defineCheck({
  id: 'publish-failing',
  group: 'agent',
  title: 'The metrics do not get through to CloudWatch',
  severities: ['warning'],
  needs: ['cloudwatch-delivery'],
  uses: ['instance-role', 'instance-identity', 'cloudwatch-endpoint'],
  reference: CLOUDWATCH_PAGES.putMetricData,
  runbook: {
    means:
      'imds-probe measures, and CloudWatch does not get it: dashboards stand still, and alarms see missing data. The agent keeps what it measured, up to 13 days or 16 MB of it, and sends it later.',
    causes: [
      'The role may not call cloudwatch:PutMetricData (AccessDenied).',
      'The network does not let requests through to CloudWatch: no NAT gateway or VPC endpoint, a security group, a proxy.',
      'The clock is wrong, so that AWS refuses the signature.',
      'CloudWatch throttles the account, or is in trouble itself.',
    ],
    fixes: [...allow(PLACEHOLDERS), ...connect(PLACEHOLDERS), ...PROXY],
  },
  assess(seen) {
    const outcome = seen['cloudwatch-delivery'];
    if (!outcome.ok) return { unknown: outcome.failure.detail };
    const delivery = outcome.value;
    const { failure, failures, pending, oldestSeconds, endpoint, accepted, rejected } = delivery;
    if (failures === 0) {
      const aside = rejected === 0 ? '' : `, and refused ${rejected} for good`;
      return { pass: `CloudWatch took ${accepted} metrics${aside}` };
    }
    const code = failure?.code ?? 'unknown';
    const elsewhere = toldElsewhere(delivery, seen['cloudwatch-endpoint']);
    if (elsewhere !== null) return { unknown: elsewhere };
    const role = seen['instance-role'];
    const identity = seen['instance-identity'];
    const names: Names = {
      role: (role?.ok ? role.value.roleName : null) ?? PLACEHOLDERS.role,
      region: (identity?.ok ? identity.value.region : null) ?? PLACEHOLDERS.region,
      endpoint,
    };
    const since = oldestSeconds === null ? '' : `, the oldest for ${spokenSeconds(oldestSeconds)}`;
    const fate = delivery.againLater
      ? `${pending} metrics wait${since}`
      : `The ${pending} metrics of this run are not sent later; those of an agent are`;
    return {
      severity: 'warning',
      cause: `CloudWatch did not take the metrics ${failures === 1 ? 'the last time' : `${failures} times in a row`}: ${failure?.detail ?? code}. ${fate}.`,
      evidence: { code, detail: failure?.detail ?? null, failures, pending, oldestSeconds, endpoint },
      fix: fixesFor(delivery, names),
    };
  },
});

/** What other findings tell, or the next delivery will; null where it is this one's to tell. */
function toldElsewhere(
  { failure, failures, againLater }: Delivery,
  reach: Outcome<EndpointReach> | undefined,
): string | null {
  const code = failure?.code ?? 'unknown';
  if (CREDENTIALS_REFUSED_CODES.includes(code))
    return `AWS refuses the credentials with ${code}: see role-credentials-rejected and role-credentials-expired`;
  if (code === 'no-credentials')
    return 'there are no credentials to publish with: see the findings of the role';
  const onTheWay = failure?.reason === 'network' || failure?.reason === 'proxy';
  if (onTheWay && reach?.ok === true && reach.value.stopped !== null)
    return `no request gets to CloudWatch: see ${isIntercepted(reach.value) ? 'tls-intercepted' : 'cloudwatch-unreachable'}`;
  // A request is lost or put off now and then; the agent sends again, and that tells it from a fault.
  return failures === 1 && againLater && PASSING.includes(failure?.reason)
    ? `the last delivery failed (${code}); the next one will tell`
    : null;
}

const PASSING: readonly unknown[] = ['network', 'server', 'throttled'];

function fixesFor({ failure }: Delivery, names: Names): readonly Fix[] {
  const code = failure?.code ?? '';
  if (code === 'no-region') {
    return [{ text: 'Say which Region to publish to.', command: 'imds-probe agent --region <region>' }];
  }
  switch (failure?.reason) {
    case 'denied':
      return allow(names);
    case 'credentials':
      return signature(names);
    case 'clock':
      return CLOCK;
    case 'throttled':
      return THROTTLED;
    case 'server':
      return WAIT;
    case 'proxy':
      return [...PROXY, ...connect(names)];
    default:
      return [...connect(names), ...PROXY];
  }
}
