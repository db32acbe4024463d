// Judges whether somebody else than Amazon answers TLS in the name of AWS.
import { defineCheck } from '../core/check.ts';
import type { EndpointReach, ServerCertificate } from '../core/endpoint.ts';
import type { Fix } from '../core/report.ts';
import { REACH_PAGES } from '../facts/aws-reach.ts';
import { unknownBecause } from './context.ts';
import { isIntercepted, SERVICE_NAMES } from './endpoint/reach.ts';

const look = (host: string, port: string): Fix => ({
  text: 'See whose certificate it is.',
  command: `openssl s_client -connect ${host}:${port} -servername ${host} -showcerts </dev/null | openssl x509 -noout -issuer -subject -enddate`,
});

const TRUST: Fix = {
  text: 'If it is meant to be: give programs the certificate of that authority. The AWS CLI and SDKs read AWS_CA_BUNDLE, Node NODE_EXTRA_CA_CERTS; Java has a trust store of its own (keytool -importcert).',
  command: 'export AWS_CA_BUNDLE=/path/to/ca.pem NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
};

const EXEMPT: Fix = {
  text: 'Or have the inspecting proxy or firewall leave the endpoints of AWS alone, or go round it by interface endpoints in the VPC.',
};

export const tlsIntercepted = defineCheck({
  id: 'tls-intercepted',
  group: 'endpoint',
  title: 'Somebody else answers TLS in the name of AWS',
  severities: ['warning'],
  needs: ['sts-endpoint', 'cloudwatch-endpoint'],
  reference: REACH_PAGES.certificate,
  runbook: {
    means:
      'The certificate shown for an endpoint of AWS was not issued by Amazon but by an authority that only this machine, or nobody here, trusts. Programs that do not know that authority fail with "certificate verify failed"; those that do send their signed requests through it.',
    causes: [
      'A proxy or firewall of the company inspects TLS.',
      'The endpoint is set to something of your own, such as a test server.',
      'Somebody is listening who should not.',
    ],
    fixes: [look('<host>', '443'), TRUST, EXEMPT],
  },
  assess(seen) {
    const outcomes = [seen['sts-endpoint'], seen['cloudwatch-endpoint']];
    const reaches = outcomes.filter((outcome) => outcome.ok).map(({ value }) => value);
    const [first, ...others] = reaches.filter(isIntercepted);
    if (first?.certificate) return finding(first, first.certificate, others);
    const shown = reaches.flatMap(({ certificate }) => (certificate === null ? [] : [certificate]));
    if (shown.length > 0) {
      return { pass: `issued by ${[...new Set(shown.map(({ issuer }) => issuer))].join(' and ')}` };
    }
    const failed = outcomes.find((outcome) => !outcome.ok);
    if (failed?.ok === false) return unknownBecause('no certificate was seen', failed);
    const lost = reaches.find(({ endpoint }) => endpoint.startsWith('https:'));
    return lost === undefined
      ? { pass: 'the endpoints are plain http' }
      : { unknown: `no certificate was seen: ${lost.stopped?.failure.detail ?? 'no answer'}` };
  },
});

function finding(reach: EndpointReach, certificate: ServerCertificate, others: readonly EndpointReach[]) {
  const { issuer, subject, trust, problem, validTo } = certificate;
  const url = new URL(reach.endpoint);
  const services = [reach, ...others].map(({ service }) => SERVICE_NAMES[service]).join(' and ');
  const way = reach.proxy === null ? '' : `, through the proxy that ${reach.proxy.variable} names`;
  const own = reach.configured
    ? ' A setting names this endpoint; if it is not AWS’s own, this may be meant.'
    : '';
  const worth =
    trust === 'private'
      ? 'It is accepted here only because its authority was added on this machine; programs with a trust store of their own refuse it.'
      : `It is not accepted here (${problem ?? 'no reason given'}), so programs fail on it unless they were told of its authority.`;
  return {
    severity: 'warning' as const,
    cause: `The certificate shown for ${services} (${url.host}${way}) was issued by ${issuer}, not by Amazon. ${worth}${own}`,
    evidence: {
      endpoint: reach.endpoint,
      issuer,
      subject,
      problem,
      validTo,
      proxy: reach.proxy?.url ?? null,
      authoritiesAddedBy: reach.caVariables,
    },
    fix: [look(url.hostname, url.port === '' ? '443' : url.port), TRUST, EXEMPT],
  };
}
