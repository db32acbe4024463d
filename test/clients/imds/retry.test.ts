// Back-off, Retry-After, and who goes first.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  backoffMs,
  passing,
  retryAfterMs,
  withRetries,
} from '../../../src/clients/imds/retry.ts';
import { Turnstile } from '../../../src/clients/imds/turnstile.ts';
import type { ClientEvent } from '../../../src/core/ports.ts';
import { clientFor } from '../../support/imds-client.ts';
import { answer, ScriptedImds, token } from '../../support/scripted-imds.ts';

const NOW = Date.UTC(2026, 10, 23, 12);

describe('waiting', () => {
  test('is anything between nothing and the exponential bound', () => {
    expect([1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, () => 0))).toEqual([0, 0, 0, 0, 0, 0]);
    expect([1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, () => 0.999999))).toEqual([
      200, 400, 800, 1600, 2000, 2000,
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (n, chance) => {
          const wait = backoffMs(n, () => chance);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (n - 1)));
        },
      ),
    );
  });

  test.each([
    ['1', 1000],
    [' 0 ', 0],
    ['2', 2000],
    ['120', BACKOFF_CAP_MS],
    ['999999999', BACKOFF_CAP_MS],
    ['1.5', 0],
    ['-1', 0],
    ['soon', 0],
    ['', 0],
    [new Date(NOW + 1000).toUTCString(), 1000],
    [new Date(NOW - 1000).toUTCString(), 0],
    [new Date(NOW + 86_400_000).toUTCString(), BACKOFF_CAP_MS],
    [['1', '2'], 0],
    [undefined, 0],
  ])('Retry-After %j → %d ms', (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });

  test('a Retry-After is honoured, and the event says how long', async () => {
    const imds = await ScriptedImds.start({ token: [answer(503, '', { 'Retry-After': '1' }), token()] });
    const { client, signal, events } = clientFor(imds.endpoint);
    const started = performance.now();
    expect(await client.token(signal)).toMatchObject({ ok: true, attempts: 2 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
    expect(events).toEqual([
      { type: 'retry', purpose: 'token', got: 503, attempt: 1, attempts: 3, waitMs: 1000 },
    ]);
    await client.close();
    await imds.close();
  });

  test('ends with the deadline', async () => {
    const imds = await ScriptedImds.start({ token: answer(503, '', { 'Retry-After': '2' }) });
    const deadline = new AbortController();
    const { client } = clientFor(imds.endpoint, { onEvent: () => deadline.abort() });
    const started = performance.now();
    const result = await client.token(deadline.signal);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'http-status', status: 503 }, attempts: 1 });
    expect(performance.now() - started).toBeLessThan(1500);
    await client.close();
    await imds.close();
  });
});

describe('trying again', () => {
  test.each([
    [200, false],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [429, true],
    [499, false],
    [500, true],
    [503, true],
    [599, true],
    [600, false],
  ])('%d may pass by itself: %s', (status, again) => {
    expect(passing(status)).toBe(again);
  });

  test('a defect of ours is thrown, not tried again', async () => {
    let calls = 0;
    const events: ClientEvent[] = [];
    const retried = withRetries(
      () => {
        calls += 1;
        throw new RangeError('ours');
      },
      {
        purpose: 'role',
        what: 'GET /x',
        attempts: 3,
        random: () => 0,
        wallMs: () => NOW,
        signal: new AbortController().signal,
        onEvent: (event) => events.push(event),
      },
    );
    await expect(retried).rejects.toThrow('ours');
    expect([calls, events.length]).toEqual([1, 0]);
  });
});

describe('turns', () => {
  const never = new AbortController().signal;

  test('among calls made together the lowest rank goes first, then who came first; one at a time', async () => {
    const turns = new Turnstile();
    const order: string[] = [];
    let inside = 0;
    const work = (name: string) => async () => {
      inside += 1;
      expect(inside).toBe(1);
      order.push(name);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside -= 1;
      return name;
    };
    const all = [3, 1, 0, 1, 2].map((rank, index) =>
      turns.through(rank, never, work(`${rank}${'abcde'[index]}`)),
    );
    expect(await Promise.all(all)).toEqual(['3a', '1b', '0c', '1d', '2e']);
    expect(order).toEqual(['0c', '1b', '1d', '2e', '3a']);
  });

  test('who comes while another is inside waits', async () => {
    const turns = new Turnstile();
    let left = false;
    const entered = Promise.withResolvers<void>();
    const first = turns.through(0, never, async () => {
      entered.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      left = true;
    });
    await entered.promise;
    expect(await turns.through(0, never, async () => left)).toBe(true);
    await first;
  });

  test('a throw gives the turn to the next', async () => {
    const turns = new Turnstile();
    const bad = turns.through(0, never, () => Promise.reject(new Error('ours')));
    const good = turns.through(1, never, async () => 'good');
    await expect(bad).rejects.toThrow('ours');
    expect(await good).toBe('good');
  });

  test('who is called away while waiting never runs, and holds nobody up', async () => {
    const turns = new Turnstile();
    const away = new AbortController();
    const first = turns.through(0, never, () => new Promise((resolve) => setTimeout(resolve, 20)));
    const second = turns.through(1, away.signal, async () => 'never');
    const third = turns.through(2, never, async () => 'third');
    away.abort();
    expect(await second).toBeNull();
    await first;
    expect(await third).toBe('third');
    expect(await turns.through(0, away.signal, async () => 'never')).toBeNull();
  });
});
