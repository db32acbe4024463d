// Judges whether the answer to the token request dies on the way back because its IP time-to-live is too small.
import { defineCheck } from '../core/check.ts';
import type { ImdsTraffic } from '../core/imds.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, HOP_LIMIT_CONTAINER, HOP_LIMIT_MOST } from '../facts/imds.ts';
import { inItsNetwork } from './chain/network.ts';
import { instanceArguments, unknownBecause } from './context.ts';

const modify = (instance: string, between: string, limit = HOP_LIMIT_CONTAINER): Fix => ({
  text: `Let the answer cross ${between} (from an identity with ec2:ModifyInstanceMetadataOptions; it takes effect at once). If it is still lost, raise the limit by one more.`,
  command: `aws ec2 modify-instance-metadata-options ${instance} --http-put-response-hop-limit ${limit} --http-endpoint enabled`,
});

export const imdsHopLimit = defineCheck({
  id: 'imds-hop-limit',
  group: 'imds',
  title: 'The session token is lost on its way: hop limit too small',
  severities: ['critical'],
  needs: ['imds-token', 'imds-tokenless', 'instance-identity', 'host', 'imds-traffic'],
  uses: ['instance-options', 'credential-chain'],
  reference: AWS_PAGES.imdsOptions,
  runbook: {
    means:
      'The token request (PUT) reaches the metadata service, but its answer may cross only as many routers as the hop limit says (default 1), and dies one too early. SDKs then report only "401" or "no credentials", because their fallback without a token is refused.',
    causes: [
      'The program runs in a container behind a bridge, and the instance still has the default hop limit of 1.',
      'Another router, VPN or service mesh sits between the program and the instance network.',
    ],
    fixes: [
      modify('--instance-id <instance-id> --region <region>', 'one router'),
      {
        text: 'For instances to come, set it in the launch template.',
        command:
          'aws ec2 create-launch-template-version --launch-template-id <id> --source-version \'$Latest\' --launch-template-data \'{"MetadataOptions":{"HttpTokens":"required","HttpPutResponseHopLimit":2}}\'',
      },
      {
        text: 'Or run the container in the host network, where no router is crossed.',
        command: 'docker run --network host …',
      },
    ],
  },
  assess(seen) {
    const token = seen['imds-token'];
    if (token.ok) {
      const found = inItsNetwork(seen['credential-chain'], 'imds-hop-limit');
      if (found === null) return 'pass';
      const instance = instanceArguments(seen['instance-identity'], seen.host);
      return { ...found.finding, fix: [modify(instance, 'the router between that network and ours')] };
    }
    if (token.failure.kind !== 'response-timeout') return { pass: 'the token request did not go unanswered' };
    if (token.failure.status !== undefined)
      return { pass: 'the answer to the token request began to arrive' };
    const tokenless = seen['imds-tokenless'];
    if (!tokenless.ok) return unknownBecause('a request without a token was lost as well', tokenless);
    if (tokenless.value.status === null)
      return { unknown: 'no request without a token was sent to compare with' };
    const host = seen.host.ok ? seen.host.value : null;
    const container = host?.container ?? null;
    const options = seen['instance-options'];
    const inForce = options?.ok ? options.value.httpPutResponseHopLimit : null;
    return {
      severity: 'critical',
      cause: `A request without a token was answered (HTTP ${tokenless.value.status}), but the answer to the token request never arrived: it may cross fewer routers than lie between the metadata service and this ${container === null ? 'program' : `${container} container`}.`,
      evidence: {
        tokenRequest: token.failure.detail,
        tokenlessStatus: tokenless.value.status,
        tokenlessMs: answeredIn(seen['imds-traffic']),
        container,
        ...(inForce === null ? {} : { hopLimitInForce: inForce }),
      },
      fix: [
        modify(
          instanceArguments(seen['instance-identity'], seen.host),
          container === null ? 'one router' : 'the container bridge',
          inForce === null ? HOP_LIMIT_CONTAINER : Math.min(inForce + 1, HOP_LIMIT_MOST),
        ),
      ],
    };
  },
});

/** Milliseconds the request without a token took on the wire. */
function answeredIn(traffic: Outcome<ImdsTraffic>): number | null {
  const request = traffic.ok
    ? traffic.value.requests.find(({ purpose }) => purpose === 'tokenless')
    : undefined;
  return request === undefined ? null : Math.round(request.tookMs);
}
