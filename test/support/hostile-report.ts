// Arbitrary reports whose texts are as hostile as the world can be, for properties of every renderer.
import fc from 'fast-check';
import type { Evidence, Finding, Report, Verdict } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { aFinding, aReport } from './report-builder.ts';
import { aRole, lost, seen } from './snapshot.ts';

/** Escape sequences, line breaks of every kind, bidirectional overrides, markup of our formats, long words. */
const NASTY = [
  '\u001b[2J\u001b[31mowned',
  '\u001b]0;title\u0007',
  'a\r\nb',
  'x | y=1;2;3',
  '\u2028\u2029\u0085',
  '\u202edrawkcab\u202c',
  '\ud800 lone',
  '\u0000',
  `${'w'.repeat(300)}`,
  `https://example.com/${'p'.repeat(200)}`,
  '表示幅が広い文字'.repeat(10),
  '\\"},{"injected":"',
  'cafe\u0301 \u{1f980}',
  ' \u00a0 ',
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 120 }),
  fc.array(fc.constantFrom(...NASTY, 'word', '12 s'), { maxLength: 6 }).map((parts) => parts.join(' ')),
);

const id = fc.constantFrom('imds-slow', 'role-missing', 'a-finding-with-a-rather-long-name-for-columns');

const evidence: fc.Arbitrary<Evidence> = fc.dictionary(
  hostileText,
  fc.oneof(
    hostileText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(hostileText, { maxLength: 3 }),
  ),
  { maxKeys: 4, noNullPrototype: true },
);

const finding: fc.Arbitrary<Finding> = fc
  .record({
    id,
    severity: fc.constantFrom('critical', 'warning', 'info'),
    title: hostileText,
    cause: hostileText,
    evidence,
    fix: fc.array(fc.record({ text: hostileText, command: hostileText }, { requiredKeys: ['text'] }), {
      maxLength: 3,
    }),
  })
  .map((parts) => aFinding(parts as Partial<Finding>));

const verdict: fc.Arbitrary<Verdict> = fc.record({
  id,
  status: fc.constantFrom('pass', 'fail', 'unknown', 'skipped'),
  because: hostileText,
});

const snapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(hostileText, hostileText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())
  .map(([one, two, number, failed]) => ({
    'imds-token': failed
      ? lost('malformed', one)
      : seen({ ttlSeconds: 21_600, reused: false, renewedAfterRejection: false, freshTokenRejected: false }),
    'instance-role': aRole({
      roleName: one,
      code: two,
      expiration: two,
      marginSeconds: number,
      ageSeconds: -number,
    }),
    'clock-offset': failed
      ? lost('unroutable', two)
      : seen({ offsetMs: number, errorBoundMs: 1, server: one, stratum: 2, leap: 0 }),
    'imds-traffic': seen({ endpoint: two, connections: 1, requests: [] }),
  }));

export const hostileReport: fc.Arbitrary<Report> = fc
  .record({
    status: fc.constantFrom('ok', 'warning', 'critical', 'unknown'),
    observations: snapshot,
    findings: fc.array(finding, { maxLength: 3 }),
    verdicts: fc.array(verdict, { maxLength: 6 }),
    roleName: hostileText,
    instanceId: hostileText,
  })
  .map(({ status, observations, findings, verdicts, roleName, instanceId }) =>
    aReport({
      status: status as Report['status'],
      observations,
      findings,
      verdicts,
      instance: { instanceId, roleName, region: roleName, availabilityZone: null, accountId: instanceId },
    }),
  );
