// What systemd hears: journal entries of findings, and the agent's state. A script in place of the helper programs writes down what it was given.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { createJournald, journalEntry, MESSAGE_IDS } from '../../src/sinks/journald.ts';
import { createNotify } from '../../src/sinks/notify.ts';
import { aFinding, aReport } from '../support/report-builder.ts';

const signal = new AbortController().signal;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** A program that appends its arguments and its input to a file, then does what `ending` says. */
function notebook(ending = 'exit 0') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-helper-'));
  folders.push(folder);
  const written = path.join(folder, 'written');
  const script = `printf '%s|' "$@" >> ${written}; cat >> ${written}; echo >> ${written}; ${ending}`;
  return {
    command: ['/bin/sh', '-c', script, 'helper'] as const,
    lines: () => (fs.existsSync(written) ? fs.readFileSync(written, 'utf8').split('\n').slice(0, -1) : []),
  };
}

const troubles = () => {
  const told: string[] = [];
  return { told, onTrouble: (detail: string) => void told.push(detail) };
};

describe('journal entries', () => {
  const fields = (entry: string): Record<string, string> =>
    Object.fromEntries(
      entry
        .trimEnd()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );

  it('have stable message ids, distinct and well formed', () => {
    expect(MESSAGE_IDS).toEqual({
      raised: 'fcc2611ed8e94667bfba96ea729b4023',
      changed: '7518ed9b32bb4390ab621e04935ae597',
      cleared: 'ede2fae24fc541d3ad973f2ad015610c',
    });
  });

  it('tell a finding and its cure', () => {
    const finding = aFinding();
    expect(fields(journalEntry({ type: 'raised', finding }))).toEqual({
      MESSAGE_ID: MESSAGE_IDS.raised,
      MESSAGE: `critical role-credentials-expired: ${finding.cause}`,
      PRIORITY: '2',
      SYSLOG_IDENTIFIER: 'imds-probe',
      IMDS_PROBE_EVENT: 'raised',
      IMDS_PROBE_FINDING: 'role-credentials-expired',
      IMDS_PROBE_SEVERITY: 'critical',
      IMDS_PROBE_FIX: 'Replace the association with itself.',
      IMDS_PROBE_COMMAND: 'aws ec2 replace-it --id "a  b"',
      DOCUMENTATION: finding.reference,
    });
    expect(fields(journalEntry({ type: 'cleared', finding }))).toMatchObject({
      MESSAGE: 'cleared role-credentials-expired: The credentials of the role have expired',
      PRIORITY: '5',
    });
  });

  it('can’t be forged by what a finding says', () => {
    const finding = aFinding({
      cause: 'x\nPRIORITY=0\n_UID=0',
      fix: [{ text: 'a\u0000b', command: 'rm\n-rf' }],
    });
    const entry = fields(journalEntry({ type: 'raised', finding }));
    expect(entry).toMatchObject({ PRIORITY: '2', IMDS_PROBE_COMMAND: 'rm -rf', IMDS_PROBE_FIX: 'a b' });
    expect(entry).not.toHaveProperty('_UID');
  });

  it('are written for findings only, in their order, under a journal only', async () => {
    const { command, lines } = notebook();
    const { told, onTrouble } = troubles();
    expect(createJournald({ env: {}, onTrouble, command: [...command] })).toBeNull();
    const journald = createJournald({ env: { JOURNAL_STREAM: '8:1' }, onTrouble, command: [...command] });
    journald?.tell({ type: 'stopped', pending: 0 });
    for (const type of ['raised', 'changed', 'cleared'] as const)
      journald?.tell({ type, finding: aFinding() });
    await journald?.idle();
    expect(lines().filter((line) => line.startsWith('IMDS_PROBE_EVENT'))).toEqual([
      'IMDS_PROBE_EVENT=raised',
      'IMDS_PROBE_EVENT=changed',
      'IMDS_PROBE_EVENT=cleared',
    ]);
    expect(told).toEqual([]);
  });

  it.each<[string, readonly [string, ...string[]]]>([
    ['is missing', ['/nonexistent/logger']],
    ['fails', ['/bin/sh', '-c', 'exit 3']],
  ])('end, told once, where the helper %s', async (_, command) => {
    const { told, onTrouble } = troubles();
    const journald = createJournald({ env: { JOURNAL_STREAM: '8:1' }, onTrouble, command });
    for (let count = 0; count < 3; count++) {
      journald?.tell({ type: 'raised', finding: aFinding() });
      await journald?.idle();
    }
    expect(told).toEqual([expect.stringMatching(/told on standard error only$/)]);
  });
});

describe('the state for systemd', () => {
  const listener = { NOTIFY_SOCKET: '/run/x' };
  const make = (env: Record<string, string>, cycleMs = 70_000, ending?: string) => {
    const { command, lines } = notebook(ending);
    const { told, onTrouble } = troubles();
    const notify = createNotify({
      env,
      pid: 42,
      cycleMs,
      monotonicMicroseconds: () => 123_456n,
      statusText: ({ status }: Report) => `status is ${status}`,
      onTrouble,
      command: [...command],
    });
    const deliver = (report: Report = aReport()) => notify?.sink.deliver(report, signal);
    return { notify, deliver, lines, told };
  };

  it('is for nobody where no systemd listens', () => {
    expect(make({}).notify).toBeNull();
  });

  it('is ready with the first finished cycle, alive with every one, and says what is new', async () => {
    const { notify, deliver, lines } = make({ ...listener, WATCHDOG_USEC: '180000000', WATCHDOG_PID: '42' });
    await deliver();
    await deliver();
    await deliver(aReport({ status: 'critical' }));
    notify?.stopping('stopping: SIGTERM');
    await notify?.idle();
    expect(lines()).toEqual([
      'READY=1|WATCHDOG=1|STATUS=status is ok|',
      'WATCHDOG=1|',
      'WATCHDOG=1|STATUS=status is critical|',
      'STOPPING=1|STATUS=stopping: SIGTERM|',
    ]);
  });

  it.each([
    ['no watchdog', {}],
    ['a watchdog for another process', { WATCHDOG_USEC: '180000000', WATCHDOG_PID: '43' }],
    ['a watchdog that makes no sense', { WATCHDOG_USEC: 'soon' }],
  ])('feeds %s', async (_, env) => {
    const { notify, deliver, lines } = make({ ...listener, ...env });
    await deliver();
    await deliver();
    await notify?.idle();
    expect(lines()).toEqual(['READY=1|STATUS=status is ok|']);
  });

  it('asks for more time where cycles may take longer than the unit allows', async () => {
    const { notify, deliver, lines } = make({ ...listener, WATCHDOG_USEC: '60000000' });
    await deliver();
    notify?.reconfigured(80_000);
    notify?.reconfigured(400_000);
    await notify?.idle();
    expect(lines()).toEqual([
      'READY=1|WATCHDOG_USEC=210000000|WATCHDOG=1|STATUS=status is ok|',
      'WATCHDOG_USEC=1200000000|',
    ]);
  });

  it('brackets a reload, with the time that systemd asks for', async () => {
    const { notify, lines } = make(listener);
    notify?.reloading();
    notify?.reloaded();
    await notify?.idle();
    expect(lines()).toEqual(['RELOADING=1|MONOTONIC_USEC=123456|', 'READY=1|']);
  });

  it('says once that nobody can be told', async () => {
    const { notify, deliver, told } = make({ ...listener, WATCHDOG_USEC: '180000000' }, 70_000, 'exit 1');
    for (let count = 0; count < 3; count++) await deliver();
    await notify?.idle();
    expect(told).toEqual(['/bin/sh ended with 1']);
  });
});
