// Holds each check of the group endpoint to a table: pass, every edge, fail, unknown; and publish-failing beside them.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { EndpointReach, ReachStep, ServerCertificate } from '../../src/core/endpoint.ts';
import type { FailureKind, Outcome } from '../../src/core/outcome.ts';
import type { Finding } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { chain, environment, keyed, profile } from '../support/chain.ts';
import { aDelivery } from '../support/report-builder.ts';
import { aCertificate, aReach, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

function judged(id: string, changes: Snapshot, policy = POLICY) {
  const checks = CHECKS.filter((check) => check.id === id);
  expect(checks).toHaveLength(1);
  const { verdicts, findings } = assess(checks, healthySnapshot(changes), {}, policy);
  const finding: Finding | undefined = findings[0];
  return { finding, verdict: finding?.severity ?? verdicts[0]?.status, because: verdicts[0]?.because ?? '' };
}

const stopped = (at: ReachStep, kind: FailureKind, changes: Partial<EndpointReach> = {}) =>
  aReach({ stopped: { at, failure: { kind, detail: `${kind} at ${at}` } }, status: null, ...changes });

const with_ = (changes: Partial<ServerCertificate>): Partial<EndpointReach> => ({
  certificate: aCertificate(changes),
});

/** A corporate proxy's certificate, not accepted here. */
const foreign = (changes: Partial<ServerCertificate> = {}) =>
  stopped('tls', 'malformed', {
    ...with_({
      amazon: false,
      issuer: 'Inspector CA (Example Corp)',
      trust: 'none',
      problem: 'SELF_SIGNED_CERT_IN_CHAIN',
      ...changes,
    }),
  });

const notLooked: Outcome<never> = lost('unroutable', 'the Region is not known');

describe.each([
  ['sts-unreachable', 'sts-endpoint', 'info'],
  ['cloudwatch-unreachable', 'cloudwatch-endpoint', 'warning'],
] as const)('%s', (id, probe, severity) => {
  it.each<[string, Outcome<EndpointReach>, string]>([
    ['an answer', aReach(), 'pass'],
    ['an answer of 503', aReach({ status: 503 }), 'pass'],
    ['no name', stopped('name', 'unroutable'), severity],
    ['refused', stopped('connect', 'refused'), severity],
    ['no connection in time', stopped('connect', 'connect-timeout'), severity],
    ['a proxy that refuses', stopped('proxy', 'http-status'), severity],
    ['no TLS', stopped('tls', 'reset'), severity],
    ['no answer', stopped('answer', 'response-timeout'), severity],
    ['not looked at', notLooked, 'unknown'],
    ['cut short', lost('response-timeout', 'cut short'), 'unknown'],
    ['a foreign certificate is another finding', foreign(), 'unknown'],
    ["Amazon's own, out of date", foreign({ amazon: true, problem: 'CERT_HAS_EXPIRED' }), severity],
    ['any certificate out of date', foreign({ problem: 'CERT_NOT_YET_VALID' }), severity],
  ])('%s', (_, reach, expected) => {
    expect(judged(id, { [probe]: reach }).verdict).toBe(expected);
  });

  it('names the step, the host and the way, and where to look', () => {
    const proxy = { url: 'http://proxy.example:3128', variable: 'HTTPS_PROXY' };
    const { finding } = judged(id, { [probe]: stopped('proxy', 'http-status', { proxy }) });
    expect(finding?.cause).toContain('ends at the proxy: http-status at proxy');
    expect(finding?.cause).toContain('HTTPS_PROXY');
    expect(finding?.evidence).toMatchObject({ step: 'proxy', failure: 'http-status', proxy: proxy.url });
    expect(finding?.fix[0]?.command).toContain('_proxy=');
  });

  it("offers a VPC endpoint for the Region's own address only", () => {
    const commands = (configured: boolean) =>
      judged(id, { [probe]: stopped('connect', 'connect-timeout', { configured }) })
        .finding?.fix.map(({ command }) => command)
        .join('\n');
    expect(commands(false)).toContain('describe-vpc-endpoints --region eu-west-1');
    expect(commands(true)).not.toContain('vpc-endpoints');
    expect(commands(true)).toContain('curl');
  });
});

describe('a HEAD left unanswered is no finding where a real request was answered', () => {
  const silent = stopped('answer', 'response-timeout');
  const refused = stopped('connect', 'refused');
  const identities = (state: 'accepted' | 'refused' | 'failed' | 'not-asked'): Snapshot => {
    const answer = { state, arn: null, accountId: null, code: null, detail: '', accessKeyId: null };
    const none = { ...answer, state: 'not-asked' as const };
    return {
      'caller-identity': seen({ source: null, winner: none, role: answer, endpoint: 'https://x' }),
    };
  };
  const delivery = (accepted: number, failures: number): Snapshot => ({
    'cloudwatch-delivery': seen(aDelivery({ accepted, failures })),
  });
  it.each<[string, string, Snapshot, string]>([
    ['metrics taken', 'cloudwatch', { 'cloudwatch-endpoint': silent, ...delivery(14, 0) }, 'pass'],
    ['none taken', 'cloudwatch', { 'cloudwatch-endpoint': silent, ...delivery(0, 0) }, 'warning'],
    ['failing', 'cloudwatch', { 'cloudwatch-endpoint': silent, ...delivery(14, 1) }, 'warning'],
    [
      'taken before, refused now',
      'cloudwatch',
      { 'cloudwatch-endpoint': refused, ...delivery(14, 0) },
      'warning',
    ],
    ['keys accepted', 'sts', { 'sts-endpoint': silent, ...identities('accepted') }, 'pass'],
    ['keys refused', 'sts', { 'sts-endpoint': silent, ...identities('refused') }, 'pass'],
    ['nothing heard', 'sts', { 'sts-endpoint': silent, ...identities('failed') }, 'info'],
  ])('%s', (_, service, changes, expected) => {
    expect(judged(`${service}-unreachable`, changes).verdict).toBe(expected);
  });
});

describe('sts-unreachable is a warning for whoever needs STS', () => {
  const refused = stopped('connect', 'refused');
  const role = { roleArn: 'arn:aws:iam::123456789012:role/deploy', credentialSource: 'Ec2InstanceMetadata' };
  const token = {
    path: '/var/run/token',
    state: 'read' as const,
    expiration: null,
    expired: false,
    issuer: null,
    roleArn: true,
  };
  const withProfile = (one: Parameters<typeof profile>[1]): Snapshot => ({
    'credential-chain': seen(chain({ profiles: [profile('deploy', one)] })),
  });
  it.each<[string, Snapshot, string]>([
    ['no chain was seen', {}, 'info'],
    ['the chain was not read', { 'credential-chain': lost('permission') }, 'info'],
    ['a profile with keys', { 'credential-chain': seen(chain({ profiles: [keyed('old')] })) }, 'info'],
    ['a profile that assumes a role', withProfile(role), 'warning'],
    ['a profile with a web identity', withProfile({ roleArn: role.roleArn, webIdentity: token }), 'warning'],
    [
      'a web identity in the environment',
      { 'credential-chain': seen(chain({ environment: environment({ webIdentity: token }) })) },
      'warning',
    ],
  ])('%s', (_, changes, expected) => {
    expect(judged('sts-unreachable', { 'sts-endpoint': refused, ...changes }).verdict).toBe(expected);
  });

  it('and says who', () => {
    const { finding } = judged('sts-unreachable', { 'sts-endpoint': refused, ...withProfile(role) });
    expect(finding?.cause).toContain('the profile deploy');
  });
});

describe('tls-intercepted', () => {
  const both = (sts: Outcome<EndpointReach>, cloudwatch = sts): Snapshot => ({
    'sts-endpoint': sts,
    'cloudwatch-endpoint': cloudwatch,
  });
  const plain = aReach({ endpoint: 'http://127.0.0.1:1', certificate: null });
  it.each<[string, Snapshot, string]>([
    ["Amazon's own", both(aReach()), 'pass'],
    [
      'another public authority, as in some partitions',
      both(aReach(with_({ amazon: false, issuer: 'DigiCert' }))),
      'pass',
    ],
    [
      'accepted for an authority added here',
      both(aReach(with_({ amazon: false, trust: 'private' }))),
      'warning',
    ],
    [
      'an added authority that calls itself Amazon',
      both(aReach(with_({ amazon: true, trust: 'private' }))),
      'warning',
    ],
    ['not accepted', both(foreign()), 'warning'],
    ['one of the two is enough', both(aReach(), foreign()), 'warning'],
    ['one was not looked at', both(foreign(), notLooked), 'warning'],
    ['not accepted, and says Amazon', both(foreign({ amazon: true })), 'pass'],
    ['out of date', both(foreign({ problem: 'CERT_HAS_EXPIRED' })), 'pass'],
    ['plain http', both(plain), 'pass'],
    ['no TLS was reached', both(stopped('connect', 'refused', { certificate: null })), 'unknown'],
    ['neither was looked at', both(notLooked), 'unknown'],
    ['plain http, and the other not looked at', both(plain, notLooked), 'unknown'],
  ])('%s', (_, changes, expected) => {
    expect(judged('tls-intercepted', changes).verdict).toBe(expected);
  });

  it('names the issuer, the services and the way, and how to see it', () => {
    const reach = foreign();
    if (!reach.ok) throw new Error('it is');
    const proxy = { url: 'http://proxy.example:3128', variable: 'https_proxy' };
    const value = { ...reach.value, proxy, caVariables: ['AWS_CA_BUNDLE'] };
    const { finding } = judged(
      'tls-intercepted',
      both({ ...reach, value }, { ...reach, value: { ...value, service: 'cloudwatch' } }),
    );
    expect(finding?.cause).toContain('Inspector CA (Example Corp)');
    expect(finding?.cause).toContain('STS and CloudWatch');
    expect(finding?.cause).toContain('https_proxy');
    expect(finding?.cause).toContain('SELF_SIGNED_CERT_IN_CHAIN');
    expect(finding?.evidence).toMatchObject({ authoritiesAddedBy: ['AWS_CA_BUNDLE'] });
    expect(finding?.fix[0]?.command).toContain('-connect sts.eu-west-1.amazonaws.com:443');
  });

  it('grants that an endpoint of your own may be meant to', () => {
    const cause = (configured: boolean) => {
      const reach = foreign();
      if (!reach.ok) throw new Error('it is');
      return judged('tls-intercepted', both({ ...reach, value: { ...reach.value, configured } })).finding
        ?.cause;
    };
    expect(cause(true)).toContain('may be meant');
    expect(cause(false)).not.toContain('may be meant');
  });
});

describe('request-window-at-risk', () => {
  const reached = (changes: Partial<EndpointReach>): Snapshot => ({
    'sts-endpoint': aReach(changes),
    'cloudwatch-endpoint': aReach(),
  });
  const byDate = (seconds: number): Snapshot =>
    reached({ clock: { offsetMs: seconds * 1000, errorBoundMs: 500 } });
  const offset = (seconds: number) =>
    seen({ offsetMs: seconds * 1000, errorBoundMs: 1, server: 'x', stratum: 2, leap: 0 });
  it.each<[string, Snapshot, string]>([
    ['all is well', {}, 'pass'],
    ['AWS is within the resolution of its Date header', byDate(0.4), 'pass'],
    ['just below the threshold', byDate(30.4), 'pass'],
    ['at the threshold', byDate(30.5), 'warning'],
    ['the other way round', byDate(-60), 'warning'],
    ['beyond the window', byDate(400), 'warning'],
    ['a slow way', reached({ totalMs: 30_000 }), 'warning'],
    [
      'the clock and the way together',
      { ...reached({ totalMs: 1500 }), 'clock-offset': offset(29) },
      'warning',
    ],
    ['the clock alone is another finding', { ...reached({}), 'clock-offset': offset(30) }, 'unknown'],
    [
      'by the Date headers of IMDS as well',
      {
        ...byDate(100),
        'clock-offset': lost('response-timeout'),
        'http-date': seen({ offsetMs: 100_000, errorBoundMs: 500, source: 'IMDS', headers: 2 }),
      },
      'unknown',
    ],
    [
      'no other clock was seen',
      { ...byDate(100), 'clock-offset': lost('refused'), 'http-date': lost('malformed') },
      'warning',
    ],
    ['no Date header, and the clock is right', reached({ clock: null }), 'pass'],
    [
      'no answer',
      { 'sts-endpoint': stopped('connect', 'refused'), 'cloudwatch-endpoint': notLooked },
      'unknown',
    ],
    [
      'one answer is enough to judge by',
      { 'sts-endpoint': notLooked, 'cloudwatch-endpoint': aReach({ totalMs: 40_000 }) },
      'warning',
    ],
  ])('%s', (_, changes, expected) => {
    expect(judged('request-window-at-risk', changes).verdict).toBe(expected);
  });

  it('says by whose clock, and what is left', () => {
    const { finding } = judged('request-window-at-risk', byDate(100));
    expect(finding?.cause).toContain('the Date header of STS');
    expect(finding?.cause).toContain('100 s off');
    expect(finding?.evidence).toMatchObject({ clockErrorSeconds: 99.5, windowSeconds: 300 });
    expect(judged('request-window-at-risk', byDate(500)).finding?.cause).toContain('nothing is left');
  });

  it('heeds the thresholds', () => {
    const policy = { ...POLICY, clockWarningSeconds: 200 };
    expect(judged('request-window-at-risk', byDate(100), policy).verdict).toBe('pass');
  });
});

describe('publish-failing follows from what is on the way', () => {
  const failing = (reason: 'network' | 'proxy' | 'denied') =>
    seen(aDelivery({ failures: 2, failure: { reason, code: 'refused', detail: 'no' } }));
  it.each<[string, Snapshot, string, string]>([
    [
      'not reached',
      { 'cloudwatch-delivery': failing('network'), 'cloudwatch-endpoint': stopped('connect', 'refused') },
      'unknown',
      'cloudwatch-unreachable',
    ],
    [
      'a proxy',
      { 'cloudwatch-delivery': failing('proxy'), 'cloudwatch-endpoint': stopped('proxy', 'http-status') },
      'unknown',
      'cloudwatch-unreachable',
    ],
    [
      'intercepted',
      { 'cloudwatch-delivery': failing('network'), 'cloudwatch-endpoint': foreign() },
      'unknown',
      'tls-intercepted',
    ],
    [
      'reached all the same',
      { 'cloudwatch-delivery': failing('network'), 'cloudwatch-endpoint': aReach() },
      'warning',
      '',
    ],
    [
      'another reason',
      { 'cloudwatch-delivery': failing('denied'), 'cloudwatch-endpoint': stopped('connect', 'refused') },
      'warning',
      '',
    ],
  ])('%s', (_, changes, expected, names) => {
    const { verdict, because } = judged('publish-failing', changes);
    expect(verdict).toBe(expected);
    expect(because).toContain(names);
  });
});
