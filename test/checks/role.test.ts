// Holds each check of the group role to a table: pass, every edge, fail, unknown.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { InstanceRole } from '../../src/core/imds.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { aRole, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const judge = (id: string, changes: Snapshot, previousRoleName: string | null = null) => {
  const checks = CHECKS.filter((check) => check.id === id);
  const { verdicts, findings } = assess(
    checks,
    healthySnapshot(changes),
    {},
    { ...POLICY, previousRoleName },
  );
  return findings[0]?.severity ?? verdicts[0]?.status;
};
const role = (changes: Partial<InstanceRole>): Snapshot => ({ 'instance-role': aRole(changes) });
const NO_ROLE: Partial<InstanceRole> = {
  roleName: null,
  code: null,
  lastUpdated: null,
  expiration: null,
  marginSeconds: null,
  ageSeconds: null,
  accessKeyId: null,
};
const info = (code: string): Snapshot => ({
  'instance-profile': seen({ code, lastUpdated: null, instanceProfileArn: null, instanceProfileId: null }),
});
const UNREADABLE: Snapshot = { 'instance-role': lost('refused'), 'instance-profile': lost('refused') };

const TABLE: Record<string, readonly [string, Snapshot, string][]> = {
  'role-missing': [
    ['healthy', {}, 'pass'],
    ['none', role(NO_ROLE), 'critical'],
    ['none, the profile was deleted', { ...role(NO_ROLE), ...info('InstanceProfileNotFound') }, 'critical'],
    ['none, EC2 may not assume it', { ...role(NO_ROLE), ...info('AssumeRoleUnauthorizedAccess') }, 'unknown'],
    ['unreadable', UNREADABLE, 'unknown'],
    ['throttled is not missing', { 'instance-role': lost('http-status', 'GET', 503) }, 'unknown'],
  ],
  'role-not-assumable': [
    ['healthy', {}, 'pass'],
    ['a code in a 200', role({ code: 'AssumeRoleUnauthorizedAccess', marginSeconds: null }), 'critical'],
    [
      'iam/info says so',
      {
        'instance-role': lost('http-status', 'GET', 404),
        ...info('AssumeRoleUnauthorizedAccess'),
      },
      'critical',
    ],
    [
      'credentials outweigh a stale code',
      {
        ...info('Failed'),
      },
      'pass',
    ],
    ['no role', role(NO_ROLE), 'unknown'],
    ['the profile was deleted', { ...role(NO_ROLE), ...info('InstanceProfileNotFound') }, 'unknown'],
    ['none listed, for EC2 may not assume it', { ...role(NO_ROLE), ...info('Failed') }, 'critical'],
    ['unreadable', UNREADABLE, 'unknown'],
  ],
  'role-credentials-expired': [
    ['healthy', {}, 'pass'],
    ['a second left', role({ marginSeconds: 1 }), 'pass'],
    ['this very second', role({ marginSeconds: 0 }), 'critical'],
    ['long ago', role({ marginSeconds: -7200 }), 'critical'],
    ['no role', role(NO_ROLE), 'unknown'],
    ['unreadable', UNREADABLE, 'unknown'],
  ],
  'role-credentials-expiring': [
    ['healthy', {}, 'pass'],
    ['at the warning threshold', role({ marginSeconds: 900 }), 'pass'],
    ['below it', role({ marginSeconds: 899 }), 'warning'],
    ['at the critical threshold', role({ marginSeconds: 300 }), 'warning'],
    ['below it', role({ marginSeconds: 299 }), 'critical'],
    ['expired is told elsewhere', role({ marginSeconds: 0 }), 'unknown'],
    ['unreadable', UNREADABLE, 'unknown'],
  ],
  'role-rotation-overdue': [
    ['healthy', {}, 'pass'],
    ['five minutes left', role({ marginSeconds: 300 }), 'pass'],
    ['less', role({ marginSeconds: 299 }), 'warning'],
    ['expired is told elsewhere', role({ marginSeconds: -1 }), 'unknown'],
    ['unreadable', UNREADABLE, 'unknown'],
  ],
};

describe.each(Object.entries(TABLE))('%s', (id, rows) => {
  it.each(rows)('%s', (_name, changes, expected) => {
    expect(judge(id, changes)).toBe(expected);
  });
});

describe('role-changed', () => {
  it.each<[string, string | null, Snapshot, string]>([
    ['nothing to compare with', null, {}, 'skipped'],
    ['the same', 'web', {}, 'pass'],
    ['another', 'old', {}, 'info'],
    ['gone is told by role-missing', 'old', role(NO_ROLE), 'pass'],
    ['unreadable', 'old', UNREADABLE, 'unknown'],
  ])('%s', (_name, before, changes, expected) => {
    expect(judge('role-changed', changes, before)).toBe(expected);
  });
});
