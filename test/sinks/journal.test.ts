// What the agent tells, as lines of JSON.
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import { createJournal, type JournalOptions, REPEAT_EVERY_MS } from '../../src/sinks/journal.ts';
import { CREDENTIALS } from '../support/cloudwatch-server.ts';
import { aDelivery, aFinding } from '../support/report-builder.ts';

const START = Date.parse('2026-11-23T12:00:00.000Z');

type Told = Record<string, unknown>;

/** Tells events, each so many milliseconds after the one before, and returns the lines. */
function lines(events: readonly (AgentEvent | number)[], options: JournalOptions = {}): Told[] {
  const written: string[] = [];
  let ms = 0;
  const { tell } = createJournal({
    write: (line) => written.push(line),
    wallMs: () => START + ms,
    monotonicMs: () => ms,
    ...options,
  });
  for (const event of events) {
    if (typeof event === 'number') ms += event;
    else tell(event);
  }
  expect(written.every((line) => line.endsWith('}\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
  return written.map((line) => JSON.parse(line) as Told);
}

const cycle = (changes: Partial<Extract<AgentEvent, { type: 'cycle' }>> = {}): AgentEvent => ({
  type: 'cycle',
  status: 'ok',
  durationMs: 12,
  marginSeconds: 20_000,
  offsetMs: 0.4,
  requests: 2,
  findings: [],
  ...changes,
});

const EXPIRED = { code: 'ExpiredToken', detail: 'the token is expired' };
const failed = (failures: number, code = 'ExpiredToken'): AgentEvent => ({
  type: 'publish-failed',
  delivery: aDelivery({
    failures,
    failure: { ...EXPIRED, code },
    pending: 14,
    accepted: 0,
    oldestSeconds: 60,
  }),
});
const published = (changes = {}): AgentEvent => ({ type: 'published', delivery: aDelivery(changes) });

describe('the journal', () => {
  it.each([
    [
      'the start',
      { type: 'started', version: '1.2.3', intervalSeconds: 60, endpoint: 'http://x' } as const,
      {
        level: 'info',
        version: '1.2.3',
        intervalSeconds: 60,
        endpoint: 'http://x',
        msg: 'imds-probe 1.2.3 started',
      },
    ],
    [
      'a critical finding',
      { type: 'raised', finding: aFinding() } as const,
      {
        level: 'error',
        finding: 'role-credentials-expired',
        severity: 'critical',
        title: aFinding().title,
        cause: aFinding().cause,
        fix: 'Replace the association with itself.',
        command: 'aws ec2 replace-it --id "a  b"',
        evidence: { expiration: '2026-11-23T11:47:00Z', marginSeconds: -720 },
        msg: `critical role-credentials-expired: ${aFinding().cause}`,
      },
    ],
    [
      'a warning that changed',
      { type: 'changed', finding: aFinding({ severity: 'warning', fix: [] }) } as const,
      { level: 'warn', severity: 'warning', fix: null, command: null },
    ],
    [
      'a cleared finding',
      { type: 'cleared', finding: aFinding() } as const,
      { level: 'info', finding: 'role-credentials-expired', severity: 'critical' },
    ],
    ['trouble', { type: 'trouble', what: 'x', detail: 'broke' } as const, { level: 'warn', msg: 'x: broke' }],
    [
      'a defect',
      { type: 'defect', detail: 'TypeError: y' } as const,
      { level: 'error', detail: 'TypeError: y' },
    ],
    ['the stop', { type: 'stopping', reason: 'SIGTERM', pending: 3 } as const, { level: 'info', pending: 3 }],
    ['the end', { type: 'stopped', pending: 0 } as const, { level: 'info', pending: 0 }],
  ])('tells %s', (_name, event, expected) => {
    expect(lines([event])).toEqual([
      expect.objectContaining({ time: '2026-11-23T12:00:00.000Z', event: event.type, ...expected }),
    ]);
  });

  it('tells a cycle where something changed, and every cycle when debugging', () => {
    const events = [
      cycle(),
      cycle({ durationMs: 99 }),
      cycle({ status: 'warning', findings: ['imds-slow'] }),
      cycle(),
    ];
    expect(lines(events).map(({ status, msg }) => [status, msg])).toEqual([
      ['ok', 'this instance is ok'],
      ['warning', 'this instance is warning: imds-slow'],
      ['ok', 'this instance is ok'],
    ]);
    expect(lines(events, { level: 'debug' })).toHaveLength(4);
  });

  it('tells a failing delivery at once, then now and then with a count, and its end', () => {
    const minute = 60_000;
    const told = lines([
      published(),
      failed(1),
      ...[2, 3, 4].flatMap((failures) => [minute, failed(failures)]),
      REPEAT_EVERY_MS,
      failed(5),
      minute,
      failed(6, 'Throttling'),
      published({ accepted: 70 }),
      failed(1),
    ]);
    expect(
      told.map(({ event, code, failures, suppressed, afterFailures }) => [
        event,
        code,
        failures,
        suppressed ?? afterFailures,
      ]),
    ).toEqual([
      ['publish-failed', 'ExpiredToken', 1, undefined],
      ['publish-failed', 'ExpiredToken', 5, 3],
      ['publish-failed', 'Throttling', 6, undefined],
      ['published', undefined, 0, 6],
      ['publish-failed', 'ExpiredToken', 1, undefined],
    ]);
    expect(told[0]?.['msg']).toBe(
      'CloudWatch did not take the metrics: ExpiredToken: the token is expired; 14 are kept and sent later',
    );
  });

  it('warns of data that can never be taken', () => {
    const failure = { code: 'InvalidParameterValue', detail: 'bad' };
    expect(lines([published({ accepted: 9, rejected: 1, failure })])).toMatchObject([
      {
        level: 'warn',
        rejected: 1,
        msg: 'CloudWatch took 9 metrics, 1 can never be taken (InvalidParameterValue); 0 wait',
      },
    ]);
  });

  it('holds a repeated defect back, and not another one', () => {
    const defect = (detail: string): AgentEvent => ({ type: 'defect', detail });
    expect(lines([defect('a'), defect('a'), defect('b')]).map(({ detail }) => detail)).toEqual(['a', 'b']);
  });

  it('writes no secret, wherever one may have slipped in', () => {
    const { secretAccessKey, sessionToken, accessKeyId } = CREDENTIALS;
    const finding = aFinding({
      cause: `signed with ${secretAccessKey}`,
      evidence: {
        password: 'hunter2',
        token: 'x',
        header: `x-amz-security-token:${sessionToken}`,
        proxy: 'http://joe:hunter2@proxy:3128',
        key: accessKeyId,
        list: [`Bearer ${sessionToken}`],
      },
    });
    const detail = `failed for ${sessionToken}`;
    const told = JSON.stringify(
      lines([
        { type: 'raised', finding },
        { type: 'trouble', what: 'w', detail },
      ]),
    );
    for (const secret of [secretAccessKey, sessionToken.slice(0, 50), accessKeyId, 'hunter2']) {
      expect(told).not.toContain(secret);
    }
  });

  it("leaves the page of every finding's runbook whole", () => {
    for (const { id, reference } of CHECKS) {
      const [line] = lines([{ type: 'raised', finding: { ...aFinding(), id, reference } }]);
      expect(line).toMatchObject({ finding: id, reference });
    }
  });

  it('keeps a line short and clean, whatever a finding says', () => {
    const evidence = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `k${index}`,
        Array.from({ length: 100 }, () => 'x y '.repeat(300)),
      ]),
    );
    const written: string[] = [];
    const { tell } = createJournal({ write: (line) => written.push(line) });
    tell({
      type: 'raised',
      finding: aFinding({ evidence, cause: `a\nb\u001b[31m\u2028c ${'y z '.repeat(2_000)}` }),
    });
    expect(written[0]?.length).toBeLessThan(8_192);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      shortened: true,
      command: 'aws ec2 replace-it --id "a  b"',
    });
    expect(written[0]).not.toMatch(/\\u001b|\\n|\u2028/);
  });

  it('never throws', () => {
    const { tell } = createJournal({
      write: () => {
        throw new Error('EPIPE');
      },
    });
    expect(() => tell({ type: 'stopped', pending: 0 })).not.toThrow();
  });
});
