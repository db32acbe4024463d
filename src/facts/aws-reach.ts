// What to look at, and to type, when a request does not get to AWS: by the step at which it ended.
import type { ReachedService, ReachStep } from '../core/endpoint.ts';
import type { Fix } from '../core/report.ts';

export const REACH_PAGES: Readonly<Record<ReachedService | 'certificate', string>> = {
  sts: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_endpoint_create.html',
  cloudwatch:
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-interface-VPC.html',
  certificate:
    'https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-troubleshooting.html#tshoot-certificate-verify-failed',
};

/** As AWS PrivateLink calls them: com.amazonaws.<region>.<name>. */
const PRIVATELINK: Readonly<Record<ReachedService, string>> = { sts: 'sts', cloudwatch: 'monitoring' };

export interface Unreached {
  readonly service: ReachedService;
  /** Null where it is not known: the runbook's placeholders then. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** False where the endpoint is the operator's own and no VPC endpoint would help. */
  readonly ofRegion: boolean;
  readonly at: ReachStep;
  readonly proxied: boolean;
}

/** The first thing to try first. Commands are whole lines; hosts and Regions in them were validated. */
export function reachFixes({ service, endpoint, region, ofRegion, at, proxied }: Unreached): readonly Fix[] {
  const url = endpoint ?? `https://${PRIVATELINK[service]}.<region>.amazonaws.com`;
  const host = /^https?:\/\/(\[[^\]]+\]|[^:/]+)/.exec(url)?.[1] ?? url;
  const fixes: Fix[] = [];
  if (proxied) {
    fixes.push({
      text: 'See which proxy variables are set here. Where the VPC has an endpoint for the service, exempt it with NO_PROXY.',
      command: "env | grep -io '^[a-z]*_proxy='",
    });
  }
  if (at === 'name' && !proxied) {
    fixes.push({
      text: 'See what the name server says.',
      command: `getent ahosts ${host}; cat /etc/resolv.conf`,
    });
  }
  fixes.push({
    text: 'See where it ends: a name that does not resolve, no route, a firewall, or TLS.',
    command: `curl -sv -o /dev/null --max-time 10 ${url}`,
  });
  if (ofRegion && !proxied) {
    const where = region ?? '<region>';
    fixes.push({
      text: 'A subnet without a way out needs a NAT gateway, or an interface endpoint whose security group lets TCP 443 in. See whether there is one.',
      command: `aws ec2 describe-vpc-endpoints --region ${where} --filters Name=service-name,Values=com.amazonaws.${where}.${PRIVATELINK[service]}`,
    });
  }
  return fixes;
}

/** A certificate outside of its dates is a matter of the clock or of its owner, not of somebody in between. */
export const DATE_PROBLEMS: readonly string[] = ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'];
