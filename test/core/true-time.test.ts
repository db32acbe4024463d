// Holds the choice of the clock that is trusted to a table.
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { trueTime } from '../../src/core/true-time.ts';
import { aReach, lost, seen } from '../support/snapshot.ts';

const server = (offsetMs: number): Snapshot => ({
  'clock-offset': seen({ offsetMs, errorBoundMs: 1, server: 'time:123', stratum: 3, leap: 0 }),
});
const noServer: Snapshot = { 'clock-offset': lost('response-timeout') };
const headers = (offsetMs: number, errorBoundMs = 500): Snapshot => ({
  'http-date': seen({ offsetMs, errorBoundMs, source: 'IMDS', headers: 4 }),
});
const away = { at: 'answer', failure: { kind: 'response-timeout', detail: 'silent' } } as const;
const aws = (offsetMs: number, changes: Parameters<typeof aReach>[0] = {}): Snapshot => ({
  'sts-endpoint': aReach({ clock: { offsetMs, errorBoundMs: 500 }, ...changes }),
});
const local = { source: 'local', correctionMs: 0 };

describe('true time', () => {
  it.each<[string, Snapshot, object]>([
    ['nothing looked at', {}, local],
    ['nothing answered', { ...noServer, 'http-date': lost('malformed') }, local],
    ['a time server', server(0.25), { source: 'time-server', correctionMs: 0.25 }],
    ['a time server and a fast clock', server(-400_000), { source: 'time-server', correctionMs: -400_000 }],
    [
      'a time server against headers',
      { ...server(3), ...headers(90_000) },
      { source: 'time-server', correctionMs: 3 },
    ],
    [
      'headers where no server gave time',
      { ...noServer, ...headers(90_000) },
      { source: 'http-date', correctionMs: 90_000 },
    ],
    ['headers alone, fast clock', headers(-90_000), { source: 'http-date', correctionMs: -90_000 }],
    ['headers at their resolution', { ...noServer, ...headers(500) }, local],
    ['headers at their resolution, fast', { ...noServer, ...headers(-500) }, local],
    [
      'headers just beyond it',
      { ...noServer, ...headers(500.001) },
      { source: 'http-date', correctionMs: 500.001 },
    ],
    ['headers just beyond it, fast', headers(-500.001), { source: 'http-date', correctionMs: -500.001 }],
    [
      'the Date of AWS where IMDS gave none',
      { ...noServer, 'http-date': lost('refused'), ...aws(90_000) },
      { source: 'http-date', correctionMs: 90_000 },
    ],
    ['the Date of IMDS against that of AWS', { ...headers(3), ...aws(90_000) }, local],
    ['the Date of AWS at its resolution', aws(-500), local],
    ['a way to AWS that ended', aws(90_000, { stopped: away }), local],
    [
      'CloudWatch where STS did not answer',
      {
        ...aws(3, { stopped: away }),
        'cloudwatch-endpoint': aReach({ clock: { offsetMs: -90_000, errorBoundMs: 500 } }),
      },
      { source: 'http-date', correctionMs: -90_000 },
    ],
  ])('%s', (_, snapshot, expected) => {
    expect(trueTime(snapshot)).toEqual(expected);
  });
});
