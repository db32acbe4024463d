// The shapes of throttling that are no answer (dropped packets, connections turned away), and EC2's word on the options.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { InstanceOptions } from '../../src/core/endpoint.ts';
import type { ImdsClients } from '../../src/core/link-local.ts';
import type { FailureKind } from '../../src/core/outcome.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { aRequest, aTraffic, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

function judged(id: string, changes: Snapshot) {
  const checks = CHECKS.filter((check) => check.id === id);
  const { verdicts, findings } = assess(checks, healthySnapshot(changes), {}, POLICY);
  return { finding: findings[0], verdict: findings[0]?.severity ?? verdicts[0]?.status };
}

const drops = (growth: number | null, total: number | null = 5000): Snapshot => ({
  'link-local': seen({ total, growth, interfaces: [], detail: null }),
});

const clients = (open: number, closed = 0): Snapshot => ({
  'imds-clients': seen<ImdsClients>({
    open,
    closed,
    clients: [
      { pid: 812, command: 'python3', uid: 1000, connections: open - 1 },
      { pid: null, command: null, uid: 33, connections: 1 },
    ],
    more: 0,
    detail: null,
  }),
});

/** One request that ended so, and then all went well. */
const recovered = (failure: FailureKind): Snapshot => ({
  'imds-traffic': aTraffic([aRequest('token', null, 1000, failure), aRequest('token', 200)]),
});

/** Nothing ever got through. */
const never = (kind: FailureKind): Snapshot => ({
  'imds-token': lost(kind),
  'imds-tokenless': lost(kind),
  'instance-role': lost(kind),
  'imds-traffic': aTraffic([aRequest('token', null, 1000, kind)]),
});

describe('imds-throttled', () => {
  it.each<[string, Snapshot, string]>([
    ['a time-out and drops', { ...recovered('connect-timeout'), ...drops(12) }, 'warning'],
    ['no answer and drops', { ...recovered('response-timeout'), ...drops(1) }, 'warning'],
    ['a time-out, and nothing dropped meanwhile', { ...recovered('connect-timeout'), ...drops(0) }, 'pass'],
    ['a time-out, and nobody knows', { ...recovered('connect-timeout'), ...drops(null) }, 'pass'],
    ['a time-out, and nothing counts', { ...recovered('connect-timeout'), ...drops(null, null) }, 'pass'],
    [
      'a time-out, and the look failed',
      { ...recovered('connect-timeout'), 'link-local': lost('crashed') },
      'pass',
    ],
    ['drops without a time-out', drops(12), 'pass'],
    ['drops are no reason for a refusal', { ...recovered('refused'), ...drops(12) }, 'pass'],
    ['refused under many connections', { ...recovered('refused'), ...clients(20) }, 'warning'],
    ['cut, most of them closed by now', { ...recovered('reset'), ...clients(5, 15) }, 'warning'],
    ['refused under few connections', { ...recovered('refused'), ...clients(19) }, 'pass'],
    ['many connections and no trouble', clients(40), 'pass'],
    [
      'drops, and nothing ever got through: unreachable',
      { ...never('connect-timeout'), ...drops(9) },
      'unknown',
    ],
    [
      'drops, and the role never got through: unreachable',
      { ...recovered('connect-timeout'), 'instance-role': lost('response-timeout'), ...drops(9) },
      'pass',
    ],
  ])('%s', (_, changes, expected) => {
    expect(judged('imds-throttled', changes).verdict).toBe(expected);
  });

  it.each<[string, readonly number[], string]>([
    ['in the end', [503, 503, 200], 'warning'],
    ['never', [503, 429, 503], 'critical'],
    ['never, and not for that alone', [503, 500, 503], 'warning'],
  ])('what goes beside the credentials got through: %s', (_, statuses, expected) => {
    const traffic = aTraffic([
      aRequest('token', 200),
      aRequest('role', 200),
      aRequest('credentials', 200),
      ...statuses.map((status) => aRequest('instance-profile', status)),
    ]);
    const { finding, verdict } = judged('imds-throttled', { 'imds-traffic': traffic });
    expect(verdict).toBe(expected);
    if (expected === 'critical') expect(finding?.cause).toContain('Every try to read the instance profile');
  });

  it('says that packets were dropped, how many, and who talks to IMDS', () => {
    const { finding } = judged('imds-throttled', {
      ...recovered('connect-timeout'),
      ...drops(12),
      ...clients(4, 30),
    });
    expect(finding?.cause).toContain('12 packets were dropped in silence');
    expect(finding?.cause).toContain('1024 a second');
    expect(finding?.evidence).toMatchObject({
      packetsDroppedMeanwhile: 12,
      packetsDroppedSinceDriverLoaded: 5000,
      connectionsOfOthers: 4,
      connectionsJustClosed: 30,
      talkingToImds: ['python3 (pid 812): 3 connections', 'a process of user 33: 1 connection'],
    });
    expect(finding?.fix[0]?.command).toContain('ethtool -S');
  });

  it('shows who talks to IMDS beside an answer of 429, too', () => {
    const traffic = aTraffic([aRequest('token', 429), aRequest('token', 200)]);
    const { finding } = judged('imds-throttled', { 'imds-traffic': traffic, ...clients(3) });
    expect(finding?.evidence).toMatchObject({ throttled: 1, connectionsOfOthers: 3 });
  });

  it('has no evidence of pressure where there is none', () => {
    const traffic = aTraffic([aRequest('token', 429), aRequest('token', 200)]);
    const quiet = judged('imds-throttled', { 'imds-traffic': traffic, ...drops(null, null), ...clients(0) });
    expect(Object.keys(quiet.finding?.evidence ?? {})).toEqual(['requests', 'throttled', 'statuses']);
  });
});

describe('imds-unreachable names the limit that gives no answer', () => {
  it.each<[string, Snapshot, RegExp | null]>([
    [
      'drops while packets vanish',
      { ...never('connect-timeout'), ...drops(1) },
      /1 packet was dropped in silence/,
    ],
    ['drops while nothing answers', { ...never('response-timeout'), ...drops(7) }, /7 packets were dropped/],
    ['no drops', { ...never('connect-timeout'), ...drops(0) }, null],
    ['refused under many connections', { ...never('refused'), ...clients(25) }, /25 connections to it/],
    ['cut under many connections', { ...never('reset'), ...clients(25) }, /limit on connections/],
    ['refused under few', { ...never('refused'), ...clients(2) }, null],
    ['no route, whatever else', { ...never('unroutable'), ...clients(25), ...drops(7) }, null],
  ])('%s', (_, changes, expected) => {
    const { finding, verdict } = judged('imds-unreachable', changes);
    expect(verdict).toBe('critical');
    if (expected === null) expect(finding?.cause).not.toMatch(/dropped in silence|limit on connections/);
    else expect(finding?.cause).toMatch(expected);
  });
});

describe('the metadata options by EC2', () => {
  const options = (changes: Partial<InstanceOptions>): Snapshot => ({
    'instance-options': seen({
      asked: true,
      state: 'applied',
      httpEndpoint: 'enabled',
      httpTokens: 'required',
      httpPutResponseHopLimit: 1,
      httpProtocolIpv6: 'disabled',
      ...changes,
    }),
  });
  const tokenless = (status: number | null): Snapshot => ({
    'imds-tokenless': seen({ asked: status !== null, status }),
  });

  it.each<[string, Snapshot, string]>([
    ['optional', options({ httpTokens: 'optional' }), 'info'],
    ['required', options({}), 'pass'],
    ['not asked', options({ asked: false, httpTokens: null }), 'skipped'],
    ['may not be asked', { 'instance-options': lost('permission') }, 'skipped'],
    [
      'optional, but a request without was refused',
      { ...options({ httpTokens: 'optional' }), ...tokenless(401) },
      'pass',
    ],
    ['required, but a request without was answered', { ...options({}), ...tokenless(200) }, 'info'],
    [
      'optional, and the request without was lost',
      { ...options({ httpTokens: 'optional' }), 'imds-tokenless': lost('response-timeout') },
      'info',
    ],
    [
      'required, and the request without was lost',
      { ...options({}), 'imds-tokenless': lost('response-timeout') },
      'unknown',
    ],
  ])('imds-v1-enabled: %s', (_, changes, expected) => {
    expect(judged('imds-v1-enabled', changes).verdict).toBe(expected);
  });

  it.each<[string, Snapshot, number]>([
    ['not known', {}, 2],
    ['not asked', options({ asked: false, httpPutResponseHopLimit: null }), 2],
    ['may not be asked', { 'instance-options': lost('permission') }, 2],
    ['the default', options({ httpPutResponseHopLimit: 1 }), 2],
    ['two, and one more is needed', options({ httpPutResponseHopLimit: 2 }), 3],
    ['the most there is', options({ httpPutResponseHopLimit: 64 }), 64],
  ])('imds-hop-limit raises the limit in force by one: %s', (_, changes, limit) => {
    const { finding } = judged('imds-hop-limit', {
      'imds-token': lost('response-timeout'),
      ...tokenless(401),
      ...changes,
    });
    expect(finding?.fix[0]?.command).toContain(`--http-put-response-hop-limit ${limit} `);
  });

  it.each<[string, Snapshot, number, RegExp]>([
    ['not known', {}, 2, /or something between forbids it/],
    ['disabled', options({ httpEndpoint: 'disabled' }), 2, /or something between forbids it/],
    ['enabled: somebody else forbids', options({}), 1, /EC2 says that its endpoint is enabled/],
  ])('imds-disabled: %s', (_, changes, fixes, cause) => {
    const { finding } = judged('imds-disabled', {
      'imds-token': lost('http-status', '403', 403),
      ...changes,
    });
    expect(finding?.fix).toHaveLength(fixes);
    expect(finding?.cause).toMatch(cause);
  });
});
