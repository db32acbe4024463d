// Holds publish-failing and role-credentials-rejected to a table: pass, every edge, fail, unknown and skipped.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { outboxGrowing } from '../../src/checks/outbox-growing.ts';
import { publishFailing } from '../../src/checks/publish-failing.ts';
import { roleCredentialsRejected } from '../../src/checks/role-credentials-rejected.ts';
import type { CallerIdentities, IdentityAnswer } from '../../src/core/chain.ts';
import type { Check } from '../../src/core/check.ts';
import type { Delivery, DeliveryFailure, DeliveryFailureReason } from '../../src/core/publishing.ts';
import type { Finding } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { aDelivery } from '../support/report-builder.ts';
import { aRole, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const KEY = 'ASIA…WXYZ';

function judge(check: Check, changes: Snapshot) {
  const { verdicts, findings } = assess([check], healthySnapshot(changes), {}, POLICY);
  return { verdict: verdicts[0], finding: findings[0] };
}

/** The finding; fails the test where there is none. */
function found(check: Check, changes: Snapshot): Finding {
  const { finding } = judge(check, changes);
  if (finding === undefined) throw new Error('it found nothing');
  return finding;
}

const delivered = (changes: Partial<Delivery> = {}): Snapshot => ({
  'cloudwatch-delivery': seen(aDelivery({ accessKeyId: KEY, ...changes })),
});

const putOff = (reason: DeliveryFailureReason, code: string, changes: Partial<Delivery> = {}): Snapshot => {
  const failure: DeliveryFailure = { reason, code, detail: `it was ${code}` };
  return delivered({ accepted: 0, pending: 14, oldestSeconds: 600, failures: 3, failure, ...changes });
};

describe('what becomes of the metrics', () => {
  it.each([
    ['an agent sends them later', true, /14 metrics wait, the oldest for 10 min\.$/],
    ['a single run does not', false, /The 14 metrics of this run are not sent later/],
  ])('%s', (_, againLater, expected) => {
    expect(found(publishFailing, putOff('denied', 'AccessDenied', { againLater })).cause).toMatch(expected);
  });
});

const answer = (changes: Partial<IdentityAnswer> = {}): IdentityAnswer => ({
  state: 'accepted',
  arn: 'arn:aws:sts::123456789012:assumed-role/web/i-0123456789abcdef0',
  accountId: '123456789012',
  code: null,
  detail: '',
  accessKeyId: KEY,
  ...changes,
});

const sts = (role: IdentityAnswer): Snapshot => {
  const identities: CallerIdentities = {
    source: 'instance-role',
    winner: answer(),
    role,
    endpoint: 'https://sts.eu-west-1.amazonaws.com',
  };
  return { 'caller-identity': seen(identities) };
};

describe('publish-failing', () => {
  it.each([
    ['nothing was published', {}, 'skipped'],
    ['all was taken', delivered(), 'pass'],
    ['a datum was refused for good', delivered({ rejected: 1, failure: { code: 'X', detail: 'y' } }), 'pass'],
    ['the delivery crashed', { 'cloudwatch-delivery': lost('crashed') }, 'unknown'],
    ['it may not', putOff('denied', 'AccessDenied'), 'fail'],
    ['nobody listens', putOff('network', 'refused'), 'fail'],
    [
      'the credentials are refused, which has its own finding',
      putOff('credentials', 'ExpiredToken'),
      'unknown',
    ],
    [
      'there are no credentials, which has its own finding',
      putOff('credentials', 'no-credentials'),
      'unknown',
    ],
    ['the signature does not match', putOff('credentials', 'SignatureDoesNotMatch'), 'fail'],
    ['the reason is not known', delivered({ failures: 1, failure: null }), 'fail'],
  ])('%s: %s', (_name, changes, status) => {
    expect(judge(publishFailing, changes).verdict?.status).toBe(status);
  });

  it.each([
    ['denied', 'AccessDenied', /put-role-policy --role-name web .*cloudwatch:PutMetricData/],
    ['network', 'connect-timeout', /^curl .* https:\/\/monitoring\.eu-west-1\.amazonaws\.com$/],
    ['proxy', 'http-status', /_proxy=/],
    ['clock', 'RequestExpired', /chronyc makestep/],
    ['throttled', 'Throttling', /service-quotas/],
    ['credentials', 'SignatureDoesNotMatch', /--region eu-west-1$/],
    ['answer', 'no-region', /--region <region>/],
  ] as const)('offers the command that mends %s, %s', (reason, code, command) => {
    expect(found(publishFailing, putOff(reason, code)).fix[0]?.command).toMatch(command);
  });

  it('says how often, why, and what waits', () => {
    const { severity, cause, evidence } = found(publishFailing, putOff('server', 'ServiceUnavailable'));
    expect(severity).toBe('warning');
    expect(cause).toBe(
      'CloudWatch did not take the metrics 3 times in a row: it was ServiceUnavailable. 14 metrics wait, the oldest for 10 min.',
    );
    expect(evidence).toMatchObject({
      code: 'ServiceUnavailable',
      failures: 3,
      pending: 14,
      oldestSeconds: 600,
    });
  });

  it('leaves a placeholder where the role is not known', () => {
    const changes = { ...putOff('denied', 'AccessDenied'), 'instance-role': lost('refused') };
    expect(found(publishFailing, changes).fix[0]?.command).toContain('--role-name <role-name> ');
  });
});

describe('a delivery that failed once', () => {
  const once = { failures: 1 };
  it.each([
    ['a server error is waited for', putOff('server', 'x', once), 'unknown'],
    ['throttling is waited for', putOff('throttled', 'x', once), 'unknown'],
    ['a lost request is waited for', putOff('network', 'x', once), 'unknown'],
    ['what does not pass by itself is told at once', putOff('denied', 'AccessDenied', once), 'fail'],
    ['a clock that is refused is told at once', putOff('clock', 'RequestExpired', once), 'fail'],
    ['a single run has no next delivery', putOff('server', 'x', { ...once, againLater: false }), 'fail'],
    ['twice is told', putOff('server', 'x', { failures: 2 }), 'fail'],
  ])('%s', (_, changes, status) => {
    expect(judge(publishFailing, changes).verdict?.status).toBe(status);
  });
});

describe('outbox-growing', () => {
  const waits = (changes: Partial<Delivery>) =>
    delivered({ pending: 500, pendingBefore: 400, oldestSeconds: 4_000, ...changes });
  it.each([
    ['nothing was published', {}, 'skipped'],
    ['all was taken', delivered(), 'pass'],
    ['what waits came while it delivered', waits({ oldestSeconds: 5 }), 'pass'],
    ['it is not old yet', waits({ oldestSeconds: 599 }), 'pass'],
    ['a backlog becomes smaller', waits({ pending: 399 }), 'pass'],
    ['it stays the same', waits({ pending: 400, oldestSeconds: 600 }), 'fail'],
    ['it grows', waits({}), 'fail'],
    ['deliveries fail', putOff('server', 'x', { pendingBefore: 0 }), 'unknown'],
  ])('%s', (_, changes, status) => {
    expect(judge(outboxGrowing, changes).verdict?.status).toBe(status);
  });

  it('says how many wait, and for how long', () => {
    expect(found(outboxGrowing, waits({})).cause).toBe(
      'The last delivery brought 14 metrics to CloudWatch, and 500 wait now, 400 did before it; the oldest has waited for 1 h 6 min.',
    );
  });
});

const REFUSED = putOff('credentials', 'ExpiredTokenException');

describe('role-credentials-rejected', () => {
  it.each([
    ['nobody asked AWS', {}, 'skipped'],
    ['nothing was sent', delivered({ requests: 0, accepted: 0 }), 'skipped'],
    ['CloudWatch takes them', delivered(), 'pass'],
    ['CloudWatch knows them and denies', putOff('denied', 'AccessDenied'), 'pass'],
    ['CloudWatch knows them and refuses the data', putOff('data', 'InvalidParameterValue'), 'pass'],
    ['STS takes them', sts(answer()), 'pass'],
    ['CloudWatch is down', putOff('server', 'http-status'), 'unknown'],
    ['CloudWatch is down and STS takes them', { ...putOff('server', 'x'), ...sts(answer()) }, 'pass'],
    ['CloudWatch refuses with ExpiredTokenException', REFUSED, 'fail'],
    ['CloudWatch refuses with ExpiredToken', putOff('credentials', 'ExpiredToken'), 'fail'],
    ['CloudWatch refuses with InvalidClientTokenId', putOff('credentials', 'InvalidClientTokenId'), 'fail'],
    [
      'CloudWatch refuses with UnrecognizedClient',
      putOff('credentials', 'UnrecognizedClientException'),
      'fail',
    ],
    ['the signature does not match', putOff('credentials', 'SignatureDoesNotMatch'), 'unknown'],
    ['STS refuses', sts(answer({ state: 'refused', code: 'InvalidClientTokenId' })), 'fail'],
    ['STS denies by policy', sts(answer({ state: 'refused', code: 'AccessDenied' })), 'unknown'],
    ['STS was not asked', sts(answer({ state: 'not-asked' })), 'skipped'],
    ['STS was not reached', sts(answer({ state: 'failed' })), 'unknown'],
    [
      'others were refused before',
      putOff('credentials', 'ExpiredToken', { accessKeyId: 'ASIA…OLD1' }),
      'skipped',
    ],
    [
      'others were refused by STS',
      sts(answer({ state: 'refused', code: 'ExpiredToken', accessKeyId: 'x' })),
      'skipped',
    ],
    ['they have expired', { ...REFUSED, 'instance-role': aRole({ marginSeconds: 0 }) }, 'unknown'],
    ['they expire in a second', { ...REFUSED, 'instance-role': aRole({ marginSeconds: 1 }) }, 'fail'],
    [
      'there is no role',
      { ...REFUSED, 'instance-role': aRole({ marginSeconds: null, accessKeyId: null }) },
      'unknown',
    ],
    ['they could not be read', { ...REFUSED, 'instance-role': lost('refused') }, 'unknown'],
  ])('%s: %s', (_name, changes, status) => {
    expect(judge(roleCredentialsRejected, changes).verdict?.status).toBe(status);
  });

  it('says who refuses, with what, and which role and instance to mend', () => {
    const { severity, cause, evidence, fix } = found(roleCredentialsRejected, REFUSED);
    expect(severity).toBe('critical');
    expect(cause).toMatch(
      /^CloudWatch refuses the credentials of the role web with ExpiredTokenException, although/,
    );
    expect(evidence).toMatchObject({
      service: 'CloudWatch',
      code: 'ExpiredTokenException',
      accessKeyId: KEY,
    });
    const commands = fix.map(({ command }) => command ?? '').join('\n');
    expect(commands).toMatch(/get-caller-identity --region eu-west-1\n.*--role-name web /);
    expect(commands).toContain('Values=i-0123456789abcdef0');
  });
});
