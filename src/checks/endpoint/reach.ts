// Readings that the checks of the way to AWS share: whether an endpoint was reached, and whose certificate it showed.
import type { Assessment } from '../../core/check.ts';
import { spokenMs } from '../../core/duration.ts';
import type { EndpointReach, ReachStep } from '../../core/endpoint.ts';
import type { InstanceIdentity } from '../../core/imds.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Evidence, Finding } from '../../core/report.ts';
import { DATE_PROBLEMS, reachFixes } from '../../facts/aws-reach.ts';
import { unknownBecause } from '../context.ts';

export const SERVICE_NAMES = { sts: 'STS', cloudwatch: 'CloudWatch' } as const;

const STEP_WORDS: Readonly<Record<ReachStep, string>> = {
  name: 'at its name',
  connect: 'at the connection',
  proxy: 'at the proxy',
  tls: 'at the TLS handshake',
  answer: 'at the answer',
};

/** Whether somebody who is not Amazon shows a certificate that public authorities do not vouch for. */
export function isIntercepted({ certificate }: EndpointReach): boolean {
  if (certificate === null || certificate.trust === 'public') return false;
  if (certificate.trust === 'private') return true;
  return !certificate.amazon && !DATE_PROBLEMS.includes(certificate.problem ?? '');
}

/** The times of the steps that were made, and by which way. */
export function reachEvidence(reach: EndpointReach): Evidence {
  return {
    endpoint: reach.endpoint,
    proxy: reach.proxy?.url ?? null,
    address: reach.address,
    nameMs: reach.nameMs,
    connectMs: reach.connectMs,
    proxyMs: reach.proxyMs,
    tlsMs: reach.tlsMs,
    firstByteMs: reach.firstByteMs,
  };
}

/**
 * The verdict on one endpoint; `worse` gives what a finding says beyond that it was not reached. What looks is a HEAD:
 * a server that leaves it unanswered is reached all the same where it `took` a real request, in the words given.
 */
export function judgeReach(
  outcome: Outcome<EndpointReach>,
  identity: Outcome<InstanceIdentity> | undefined,
  took: string | null,
  worse: (reach: EndpointReach) => Pick<Finding, 'severity'> & { readonly consequence: string },
): Assessment {
  if (!outcome.ok) return unknownBecause('not looked at to the end', outcome);
  const reach = outcome.value;
  const name = SERVICE_NAMES[reach.service];
  if (reach.stopped === null) {
    return { pass: `${name} answered HTTP ${reach.status ?? '?'} within ${spokenMs(reach.totalMs)}` };
  }
  if (isIntercepted(reach)) {
    return { unknown: `the certificate shown for ${reach.endpoint} is not accepted: see tls-intercepted` };
  }
  const { at, failure } = reach.stopped;
  if (at === 'answer' && took !== null) return { pass: took };
  const { severity, consequence } = worse(reach);
  const way = reach.proxy === null ? '' : `, through the proxy that ${reach.proxy.variable} names`;
  return {
    severity,
    cause: `A request to ${name} (${reach.endpoint}${way}) ends ${STEP_WORDS[at]}: ${failure.detail}. ${consequence}`,
    evidence: { step: at, failure: failure.kind, ...reachEvidence(reach) },
    fix: reachFixes({
      service: reach.service,
      endpoint: reach.endpoint,
      region: identity?.ok ? identity.value.region : null,
      ofRegion: !reach.configured,
      at,
      proxied: reach.proxy !== null,
    }),
  };
}
