// Holds the choice of the clock that is trusted to a table.
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { trueTime } from '../../src/core/true-time.ts';
import { lost, seen } from '../support/snapshot.ts';

const server = (offsetMs: number): Snapshot => ({
  'clock-offset': seen({ offsetMs, errorBoundMs: 1, server: 'time:123', stratum: 3, leap: 0 }),
});
const noServer: Snapshot = { 'clock-offset': lost('response-timeout') };
const headers = (offsetMs: number, errorBoundMs = 500): Snapshot => ({
  'http-date': seen({ offsetMs, errorBoundMs, source: 'IMDS', headers: 4 }),
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
  ])('%s', (_, snapshot, expected) => {
    expect(trueTime(snapshot)).toEqual(expected);
  });
});
