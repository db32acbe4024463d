// Holds each check of the group imds to a table: pass, every edge, fail, unknown.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { aRequest, aRole, aTraffic, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

type Expected = 'pass' | 'unknown' | 'skipped' | 'critical' | 'warning' | 'info';

function verdictOf(id: string, changes: Snapshot): { expected: Expected; cause: string; commands: string } {
  const checks = CHECKS.filter((check) => check.id === id);
  expect(checks).toHaveLength(1);
  const { verdicts, findings } = assess(checks, healthySnapshot(changes), {}, POLICY);
  const finding = findings[0];
  const status = verdicts[0]?.status;
  return {
    expected: finding ? finding.severity : (status as Expected),
    cause: finding?.cause ?? verdicts[0]?.because ?? '',
    commands: (finding?.fix ?? []).map((fix) => fix.command ?? '').join('\n'),
  };
}

const tokenLost = (kind: Parameters<typeof lost>[0], status?: number): Snapshot => {
  const failure = lost(kind, `PUT: ${kind}`, status);
  return {
    'imds-token': failure,
    'instance-role': failure,
    'instance-profile': failure,
    'instance-identity': failure,
    'imds-tokenless': lost(kind === 'response-timeout' ? 'response-timeout' : kind, 'GET too', status),
    'imds-traffic': aTraffic([aRequest('token', status ?? null, 1000, status ? null : kind)]),
  };
};
const answeredWithoutToken = (status: number): Snapshot => ({
  ...tokenLost('response-timeout'),
  'imds-tokenless': seen({ asked: true, status }),
});

/** The head of the answer to the PUT came, its body did not: no hop limit lets half of an answer through. */
const BEGUN: Snapshot = { 'imds-token': lost('response-timeout', 'the body was not complete', 200) };

const TABLE: Record<string, readonly [string, Snapshot, Expected][]> = {
  'imds-unreachable': [
    ['healthy', {}, 'pass'],
    ['refused', tokenLost('refused'), 'critical'],
    ['unroutable', tokenLost('unroutable'), 'critical'],
    ['connect time-out', tokenLost('connect-timeout'), 'critical'],
    ['reset', tokenLost('reset'), 'critical'],
    ['everything hangs', tokenLost('response-timeout'), 'critical'],
    ['hop limit', answeredWithoutToken(401), 'pass'],
    ['an answer that begins, and does not end', { ...answeredWithoutToken(401), ...BEGUN }, 'critical'],
    ['403', tokenLost('http-status', 403), 'pass'],
    ['malformed', tokenLost('malformed'), 'pass'],
    ['token good, then silence', { 'instance-role': lost('response-timeout') }, 'critical'],
    ['our defect', { 'imds-token': lost('crashed') }, 'unknown'],
    ['not allowed to ask', { 'imds-token': lost('permission') }, 'unknown'],
  ],
  'imds-hop-limit': [
    ['healthy', {}, 'pass'],
    ['answered 401 without a token', answeredWithoutToken(401), 'critical'],
    ['answered 200 without a token', answeredWithoutToken(200), 'critical'],
    ['both hang', tokenLost('response-timeout'), 'unknown'],
    ['its answer begins, and does not end', { ...answeredWithoutToken(401), ...BEGUN }, 'pass'],
    ['refused', tokenLost('refused'), 'pass'],
    [
      'not compared',
      { ...tokenLost('response-timeout'), 'imds-tokenless': seen({ asked: false, status: null }) },
      'unknown',
    ],
  ],
  'imds-disabled': [
    ['healthy', {}, 'pass'],
    ['403 to the PUT', tokenLost('http-status', 403), 'critical'],
    ['403 to the GET', { 'instance-role': lost('http-status', 'GET', 403) }, 'critical'],
    ['429', tokenLost('http-status', 429), 'pass'],
    ['refused', tokenLost('refused'), 'unknown'],
  ],
  'imds-throttled': [
    ['healthy', {}, 'pass'],
    ['never recovered', tokenLost('http-status', 429), 'critical'],
    ['never recovered, 503', tokenLost('http-status', 503), 'critical'],
    [
      'recovered',
      { 'imds-traffic': aTraffic([aRequest('token', 429), aRequest('token', 503), aRequest('token', 200)]) },
      'warning',
    ],
    ['role throttled for good', { 'instance-role': lost('http-status', 'GET', 503) }, 'critical'],
    ['no answer at all', tokenLost('refused'), 'unknown'],
    ['500 is no throttle', tokenLost('http-status', 500), 'pass'],
  ],
  'imds-slow': [
    ['healthy', {}, 'pass'],
    [
      'at the threshold',
      { 'imds-traffic': aTraffic([aRequest('token', 200, 250), aRequest('role', 200, 250)]) },
      'pass',
    ],
    [
      'above it',
      { 'imds-traffic': aTraffic([aRequest('token', 200, 251), aRequest('role', 200, 251)]) },
      'warning',
    ],
    [
      'no identity document in all tries',
      {
        'imds-traffic': aTraffic([
          aRequest('token', 200),
          aRequest('role', 200),
          aRequest('credentials', 200),
          ...[1, 2, 3].map(() => aRequest('identity', null, 1000, 'response-timeout')),
        ]),
      },
      'warning',
    ],
    [
      'no credentials is told elsewhere',
      {
        'instance-role': lost('response-timeout'),
        'imds-traffic': aTraffic([
          aRequest('token', 200),
          aRequest('role', null, 1000, 'response-timeout'),
          aRequest('identity', null, 1000, 'response-timeout'),
        ]),
      },
      'pass',
    ],
    [
      'one hiccup',
      {
        'imds-traffic': aTraffic([
          aRequest('token', 200, 499),
          aRequest('role', 200, 2),
          aRequest('identity', 200, 2),
        ]),
      },
      'pass',
    ],
    [
      'one very late',
      {
        'imds-traffic': aTraffic([
          aRequest('token', 200, 501),
          aRequest('role', 200, 2),
          aRequest('identity', 200, 2),
        ]),
      },
      'warning',
    ],
    ['nothing answered', tokenLost('refused'), 'unknown'],
  ],
  'imds-v1-enabled': [
    ['not asked', {}, 'skipped'],
    ['200', { 'imds-tokenless': seen({ asked: true, status: 200 }) }, 'info'],
    ['401', { 'imds-tokenless': seen({ asked: true, status: 401 }) }, 'pass'],
    ['no answer', { 'imds-tokenless': lost('response-timeout') }, 'unknown'],
  ],
  'imds-token-rejected': [
    ['healthy', {}, 'pass'],
    [
      'renewed',
      {
        'imds-token': seen({
          ttlSeconds: 21600,
          reused: true,
          renewedAfterRejection: true,
          freshTokenRejected: false,
        }),
      },
      'warning',
    ],
    [
      'fresh one refused',
      {
        'imds-token': seen({
          ttlSeconds: 21600,
          reused: false,
          renewedAfterRejection: true,
          freshTokenRejected: true,
        }),
      },
      'critical',
    ],
    ['role 401', { 'instance-role': lost('http-status', 'GET', 401) }, 'critical'],
    ['PUT 401', tokenLost('http-status', 401), 'critical'],
    ['no token', tokenLost('refused'), 'unknown'],
  ],
  'imds-malformed': [
    ['healthy', {}, 'pass'],
    ['500', tokenLost('http-status', 500), 'critical'],
    ['400 to the PUT', tokenLost('http-status', 400), 'critical'],
    ['404 to the PUT', tokenLost('http-status', 404), 'critical'],
    ['401', tokenLost('http-status', 401), 'pass'],
    ['403', tokenLost('http-status', 403), 'pass'],
    ['503', tokenLost('http-status', 503), 'pass'],
    ['credentials cut off', { 'instance-role': lost('malformed') }, 'critical'],
    ['identity document broken', { 'instance-identity': lost('malformed') }, 'critical'],
    ['identity document absent', { 'instance-identity': lost('http-status', 'GET', 404) }, 'pass'],
    ['refused', tokenLost('refused'), 'unknown'],
  ],
};

describe.each(Object.entries(TABLE))('%s', (id, rows) => {
  it.each(rows)('%s', (_name, changes, expected) => {
    expect(verdictOf(id, changes).expected).toBe(expected);
  });
});

describe('one cause, one finding', () => {
  const checks = CHECKS.filter((check) => check.group === 'imds' || check.group === 'role');
  it.each<[string, Snapshot, string]>([
    ['hop limit', answeredWithoutToken(401), 'imds-hop-limit'],
    ['refused', tokenLost('refused'), 'imds-unreachable'],
    ['all hangs', tokenLost('response-timeout'), 'imds-unreachable'],
    ['disabled', tokenLost('http-status', 403), 'imds-disabled'],
    ['throttled', tokenLost('http-status', 429), 'imds-throttled'],
    ['broken', tokenLost('malformed'), 'imds-malformed'],
    [
      'no role',
      { 'instance-role': aRole({ roleName: null, code: null, marginSeconds: null }) },
      'role-missing',
    ],
    [
      'not assumable',
      { 'instance-role': aRole({ code: 'AssumeRoleUnauthorizedAccess', marginSeconds: null }) },
      'role-not-assumable',
    ],
    ['expired', { 'instance-role': aRole({ marginSeconds: -60 }) }, 'role-credentials-expired'],
  ])('%s', (_name, changes, id) => {
    const { findings } = assess(checks, healthySnapshot(changes), {}, POLICY);
    expect(findings.map((finding) => finding.id)).toEqual([id]);
  });

  it('a healthy instance has none', () => {
    expect(assess(CHECKS, healthySnapshot(), {}, POLICY).findings).toEqual([]);
  });
});

describe('the command that fixes it', () => {
  it('names the instance that the firmware tells, and two hops for a container', () => {
    const { commands } = verdictOf('imds-hop-limit', {
      ...answeredWithoutToken(401),
      host: seen({ uptimeSeconds: 9999, container: 'docker', ec2: true, instanceId: 'i-0aaaabbbbccccdddd' }),
    });
    expect(commands).toContain(
      'aws ec2 modify-instance-metadata-options --instance-id i-0aaaabbbbccccdddd --region <region> --http-put-response-hop-limit 2',
    );
  });

  it('names id and Region of the identity document', () => {
    const { commands } = verdictOf('imds-disabled', { 'instance-role': lost('http-status', 'GET', 403) });
    expect(commands).toContain(
      '--instance-id i-0123456789abcdef0 --region eu-west-1 --http-endpoint enabled',
    );
  });
});

it('an endpoint whose name leads nowhere is told from a machine without a route', () => {
  const traffic = (endpoint: string) => seen({ endpoint, connections: 0, requests: [] });
  const named = verdictOf('imds-unreachable', {
    ...tokenLost('unroutable'),
    'imds-traffic': traffic('http://imds.example:8080'),
  });
  expect(named.cause).toContain('a name that leads nowhere: imds.example');
  expect(named.commands).toContain('getent ahosts imds.example');
  for (const endpoint of ['http://169.254.169.254', 'http://[fd00:ec2::254]']) {
    const { commands } = verdictOf('imds-unreachable', {
      ...tokenLost('unroutable'),
      'imds-traffic': traffic(endpoint),
    });
    expect(commands).toContain('ip route get');
  }
});
