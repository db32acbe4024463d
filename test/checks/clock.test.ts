// Holds each check of the group clock to a table: pass, every edge, fail, unknown, second opinion.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { clockSkewed } from '../../src/checks/clock-skewed.ts';
import { clockUnsynchronised } from '../../src/checks/clock-unsynchronised.ts';
import { timeSourceUnreachable } from '../../src/checks/time-source-unreachable.ts';
import type { TimeServerAnswer } from '../../src/core/clock.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const CHECKS = [clockSkewed, clockUnsynchronised, timeSourceUnreachable];

function judge(id: string, changes: Snapshot) {
  const snapshot = Object.fromEntries(
    Object.entries(healthySnapshot(changes)).filter(([, outcome]) => outcome !== undefined),
  );
  const { verdicts, findings } = assess(
    CHECKS.filter((check) => check.id === id),
    snapshot,
    {},
    POLICY,
  );
  return { verdict: verdicts[0], finding: findings[0], result: findings[0]?.severity ?? verdicts[0]?.status };
}
const commands = (id: string, changes: Snapshot): string =>
  (judge(id, changes).finding?.fix ?? []).map(({ text, command }) => `${text}\n${command ?? ''}`).join('\n');

const offset = (seconds: number): Snapshot => ({
  'clock-offset': seen({
    offsetMs: seconds * 1000,
    errorBoundMs: 0.9,
    server: '169.254.169.123:123',
    stratum: 3,
    leap: 0,
  }),
});
const headers = (seconds: number, boundSeconds = 0.5): Snapshot => ({
  'clock-offset': lost('response-timeout', 'nothing came'),
  'http-date': seen({
    offsetMs: seconds * 1000,
    errorBoundMs: boundSeconds * 1000,
    source: 'IMDS',
    headers: 5,
  }),
});

const anAnswer = (changes: Partial<TimeServerAnswer>): TimeServerAnswer => ({
  server: '10.0.0.1:123',
  state: 'unreachable',
  detail: 'did not answer within 2000 ms',
  offsetMs: null,
  errorBoundMs: null,
  delayMs: null,
  stratum: null,
  leap: null,
  kissCode: null,
  exchanges: 2,
  failure: null,
  ...changes,
});
const VALID = anAnswer({ state: 'valid', stratum: 2, leap: 0, offsetMs: 1, errorBoundMs: 1, delayMs: 1 });
const UNSYNCHRONISED = anAnswer({
  state: 'unsynchronised',
  detail: 'says of itself that it is not synchronised (leap 3, stratum 0)',
  leap: 3,
  stratum: 0,
});
const SILENT = anAnswer({ failure: 'response-timeout' });
const UNROUTABLE = anAnswer({ server: '[fd00:ec2::123]:123', failure: 'unroutable', detail: 'has no route' });
const REFUSED = anAnswer({ failure: 'refused' });
const KISS = anAnswer({
  state: 'kiss',
  kissCode: 'DENY',
  detail: 'refuses to serve this client (kiss code DENY)',
});
const MALFORMED = anAnswer({ state: 'malformed', detail: 'breaks the protocol: stratum 99 does not exist' });
const servers = (...answers: TimeServerAnswer[]): Snapshot => ({
  'time-servers': seen({ servers: answers }),
});

type Expected = 'pass' | 'unknown' | 'skipped' | 'critical' | 'warning';
const TABLE: Record<string, readonly [string, Snapshot, Expected][]> = {
  'clock-skewed': [
    ['healthy', {}, 'pass'],
    ['29.999 s slow', offset(29.999), 'pass'],
    ['29.999 s fast', offset(-29.999), 'pass'],
    ['30 s slow', offset(30), 'warning'],
    ['30 s fast', offset(-30), 'warning'],
    ['239.999 s slow', offset(239.999), 'warning'],
    ['240 s slow', offset(240), 'critical'],
    ['240 s fast', offset(-240), 'critical'],
    ['400 s slow', offset(400), 'critical'],
    ['the server decides, not the headers', { ...headers(90), ...offset(0) }, 'pass'],
    ['no server, headers agree', headers(0), 'pass'],
    ['no server, headers perhaps at 30 s', headers(30.4), 'pass'],
    ['no server, headers surely at 30 s', headers(30.5), 'warning'],
    ['no server, headers surely at 30 s, fast', headers(-30.5), 'warning'],
    ['no server, headers perhaps at 240 s', headers(240.4), 'warning'],
    ['no server, headers surely at 240 s', headers(-240.5), 'critical'],
    ['no server, headers worth nothing', headers(40, 60), 'pass'],
    ['no server, headers without a date', { ...headers(0), 'http-date': lost('malformed') }, 'unknown'],
    ['our defect', { 'clock-offset': lost('crashed') }, 'unknown'],
  ],
  'clock-unsynchronised': [
    ['healthy', {}, 'pass'],
    ['one valid among others', servers(UNSYNCHRONISED, VALID), 'pass'],
    ['valid, and the kernel says no', { 'local-clock': seen({ daemon: null, synchronised: false }) }, 'pass'],
    ['none synchronised', servers(UNSYNCHRONISED), 'warning'],
    ['one silent, one not synchronised', servers(SILENT, UNSYNCHRONISED), 'warning'],
    ['silent', servers(SILENT, UNROUTABLE), 'unknown'],
    ['refusing', servers(KISS), 'unknown'],
    ['nonsense', servers(MALFORMED), 'unknown'],
    ['none configured', servers(), 'unknown'],
    ['our defect', { 'time-servers': lost('crashed') }, 'unknown'],
  ],
  'time-source-unreachable': [
    ['healthy', {}, 'pass'],
    ['one answers', servers(SILENT, VALID), 'pass'],
    ['one answers without the time', servers(SILENT, UNSYNCHRONISED), 'pass'],
    ['silent', servers(SILENT, UNROUTABLE), 'warning'],
    ['refused', servers(REFUSED), 'warning'],
    ['refusing', servers(KISS), 'warning'],
    ['nonsense', servers(MALFORMED), 'warning'],
    ['none configured', servers(), 'skipped'],
    ['our defect', { 'time-servers': lost('crashed') }, 'unknown'],
  ],
};

for (const [id, rows] of Object.entries(TABLE)) {
  describe(id, () => {
    it.each(rows)('%s', (_, changes, expected) => {
      expect(judge(id, changes).result).toBe(expected);
    });
  });
}

describe('clock-skewed', () => {
  it('is skipped, not unknown, where nobody asked the time servers', () => {
    const { 'clock-offset': _left, ...rest } = healthySnapshot();
    expect(assess([clockSkewed], rest, {}, POLICY).verdicts[0]?.status).toBe('skipped');
  });

  it('is unknown with the reason where neither opinion is to be had', () => {
    const { 'http-date': _left, ...rest } = healthySnapshot({
      'clock-offset': lost('refused', 'time:123 is shut'),
    });
    const { verdicts } = assess([clockSkewed], rest, {}, POLICY);
    expect(verdicts[0]).toMatchObject({
      status: 'unknown',
      because: expect.stringContaining('time:123 is shut'),
    });
    expect(clockSkewed.decisive).toBe(true);
  });

  it('says which way, by whom, and what follows', () => {
    const slow = judge('clock-skewed', offset(400)).finding;
    expect(slow?.cause).toContain('6 min 40 s slow, by the time server 169.254.169.123:123');
    expect(slow?.cause).toContain('most signed requests fail now');
    expect(slow?.cause).toContain('refresh credentials late');
    expect(slow?.evidence).toEqual({
      offsetSeconds: 400,
      errorBoundMs: 0.9,
      measuredBy: 'the time server 169.254.169.123:123',
      localDaemon: 'chronyd',
      localSaysSynchronised: true,
    });
    const fast = judge('clock-skewed', headers(-100)).finding;
    expect(fast?.cause).toContain('100 s fast, by the Date headers of IMDS');
    expect(fast?.cause).toContain('3 min 20 s of that are left');
  });

  it('obeys the thresholds of the settings', () => {
    const strict = { ...POLICY, clockWarningSeconds: 1, clockCriticalSeconds: 2 };
    const at = (seconds: number) =>
      assess([clockSkewed], healthySnapshot(offset(seconds)), {}, strict).findings[0]?.severity;
    expect([at(0.999), at(1), at(2)]).toEqual([undefined, 'warning', 'critical']);
  });

  it('knows nothing of the daemon and says so by leaving it out', () => {
    const { finding } = judge('clock-skewed', { ...offset(400), 'local-clock': lost('permission') });
    expect(finding?.evidence).not.toHaveProperty('localDaemon');
  });

  it.each([
    ['chronyd', 'chronyd', null, /^[^\n]+\nsudo chronyc makestep/],
    ['timesyncd', 'systemd-timesyncd', null, /^[^\n]+\nsudo systemctl restart systemd-timesyncd/],
    ['no daemon', null, null, /^[^\n]+\nsudo timedatectl set-ntp true/],
    ['another daemon', 'ntpd', null, /^Look at ntpd[^\n]+\nsystemctl status ntpd/],
    ['a container', 'chronyd', 'docker', /^The clock of a container/],
  ])('the first thing to do with %s', (_, daemon, container, expected) => {
    const text = commands('clock-skewed', {
      ...offset(400),
      'local-clock': seen({ daemon, synchronised: false }),
      host: seen({ uptimeSeconds: 10, container, ec2: true, instanceId: null }),
    });
    expect(text).toMatch(expected);
  });

  it('types no daemon’s name into a command that is not plainly a name', () => {
    const local = { 'local-clock': seen({ daemon: 'x; reboot', synchronised: null }) };
    expect(commands('clock-skewed', { ...offset(400), ...local })).not.toContain('systemctl status');
  });
});

describe('clock-unsynchronised', () => {
  it('repeats what the server says, and points to Amazon Time Sync where it was not asked', () => {
    const { finding } = judge('clock-unsynchronised', servers(UNSYNCHRONISED));
    expect(finding?.cause).toContain('not synchronised (leap 3, stratum 0)');
    expect(finding?.evidence).toMatchObject({ servers: ['10.0.0.1:123'], leap: 3, stratum: 0 });
    const own = servers({ ...UNSYNCHRONISED, server: '169.254.169.123:123' });
    expect(commands('clock-unsynchronised', servers(UNSYNCHRONISED))).toContain(
      '--time-server 169.254.169.123',
    );
    expect(commands('clock-unsynchronised', own)).not.toContain('--time-server 169.254.169.123');
    expect(commands('clock-unsynchronised', own)).toContain('--time-server time.aws.com');
  });
});

describe('time-source-unreachable', () => {
  it('tells of every server, and how good the second opinion is', () => {
    const { finding } = judge('time-source-unreachable', servers(SILENT, UNROUTABLE));
    expect(finding?.cause).toContain(
      '10.0.0.1:123 did not answer within 2000 ms; [fd00:ec2::123]:123 has no route',
    );
    expect(finding?.cause).toContain('Only the Date headers of IMDS');
    const { 'http-date': _left, ...rest } = healthySnapshot(servers(SILENT));
    const alone = assess([timeSourceUnreachable], rest, {}, POLICY).findings[0];
    expect(alone?.cause).toContain('Nothing tells');
  });

  it.each([
    ['silence', [SILENT, UNROUTABLE], 'nft list ruleset'],
    ['no route', [UNROUTABLE], 'ip route get'],
    ['refused', [SILENT, REFUSED], 'nft list ruleset'],
    ['a kiss of death', [SILENT, KISS], 'ss -uapn'],
    ['nonsense', [SILENT, MALFORMED], '--show-config'],
  ])('the first thing to do about %s', (_, answers, words) => {
    const first = judge('time-source-unreachable', servers(...answers)).finding?.fix[0];
    expect(first?.command).toContain(words);
  });
});

describe('one cause, one finding', () => {
  it.each([
    ['no server reached, headers fine', { ...headers(0), ...servers(SILENT) }, ['time-source-unreachable']],
    [
      'server without the time, headers fine',
      { ...headers(0), ...servers(UNSYNCHRONISED) },
      ['clock-unsynchronised'],
    ],
    ['clock wrong', offset(400), ['clock-skewed']],
    [
      'clock wrong and no server',
      { ...headers(400), ...servers(SILENT) },
      ['clock-skewed', 'time-source-unreachable'],
    ],
  ])('%s', (_, changes, expected) => {
    const { findings } = assess(CHECKS, healthySnapshot(changes), {}, POLICY);
    expect(findings.map(({ id }) => id)).toEqual(expected);
  });
});

describe('what is to be typed', () => {
  it.each(CHECKS.map((check) => [check.id, check] as const))(
    '%s has a runbook that assumes no home',
    (_, check) => {
      expect(check.runbook.causes.length).toBeGreaterThan(2);
      expect(JSON.stringify(check.runbook)).not.toMatch(/\/root|~\//);
      expect(check.runbook.fixes.filter(({ command }) => command).length).toBeGreaterThan(1);
    },
  );
});
