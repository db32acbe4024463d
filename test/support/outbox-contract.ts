// What every outbox has to hold, in memory or on disk: one set of tests for each implementation.
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { type Datum, lossReported, type Outbox } from '../../src/core/publishing.ts';
import { aMetric } from './datum.ts';

export interface OutboxSetup {
  /** A new, empty outbox that holds at most about `maxBytes`. */
  readonly open: (maxBytes: number) => Outbox;
}

const ROOMY = 1_000_000;

/** Declares the tests; call it inside a `describe`. */
export function holdsOutboxContract({ open }: OutboxSetup): void {
  const opened: Outbox[] = [];
  const fresh = (maxBytes = ROOMY): Outbox => {
    const outbox = open(maxBytes);
    opened.push(outbox);
    return outbox;
  };
  afterEach(() => {
    for (const outbox of opened.splice(0)) outbox.close();
  });
  const timestamps = (outbox: Outbox, limit = 1_000): number[] =>
    outbox.newest(limit).map(({ timestamp }) => timestamp);
  it('is empty at first', () => {
    const outbox = fresh();
    expect(outbox.newest(10)).toEqual([]);
    expect(outbox.depth()).toEqual({ pending: 0, oldestTimestamp: null, dropped: 0 });
  });

  it('gives back what was added, newest first, until it is settled', () => {
    const outbox = fresh();
    outbox.add(100, [aMetric({ name: 'A' }), aMetric({ name: 'B', values: [1.5, 2], counts: [3, 1] })]);
    outbox.add(160, [aMetric({ name: 'C', dimensions: { Fleet: 'x', InstanceId: 'i-1' } })]);
    const all = outbox.newest(10);
    expect(all.map(({ timestamp, metric }) => [timestamp, metric])).toEqual([
      [160, aMetric({ name: 'C', dimensions: { Fleet: 'x', InstanceId: 'i-1' } })],
      [100, aMetric({ name: 'B', values: [1.5, 2], counts: [3, 1] })],
      [100, aMetric({ name: 'A' })],
    ]);
    expect(outbox.newest(10)).toEqual(all);
    expect(outbox.depth()).toEqual({ pending: 3, oldestTimestamp: 100, dropped: 0 });
  });

  it('pages towards the older ones', () => {
    const outbox = fresh();
    for (const time of [1, 2, 3, 4, 5]) outbox.add(time, [aMetric()]);
    const first = outbox.newest(2);
    const second = outbox.newest(2, first.at(-1)?.id);
    const third = outbox.newest(2, second.at(-1)?.id);
    expect([first, second, third].map((page) => page.map(({ timestamp }) => timestamp))).toEqual([
      [5, 4],
      [3, 2],
      [1],
    ]);
    expect(outbox.newest(2, third.at(-1)?.id)).toEqual([]);
  });

  it('forgets what was accepted, and what is settled stays settled', () => {
    const outbox = fresh();
    for (const time of [1, 2, 3]) outbox.add(time, [aMetric()]);
    const [, middle] = outbox.newest(3);
    outbox.accepted([middle?.id ?? 0]);
    outbox.accepted([middle?.id ?? 0, 999_999]);
    outbox.rejected([middle?.id ?? 0], 'again');
    expect(timestamps(outbox)).toEqual([3, 1]);
    expect(outbox.depth()).toEqual({ pending: 2, oldestTimestamp: 1, dropped: 0 });
  });

  it('counts what was rejected as dropped', () => {
    const outbox = fresh();
    for (const time of [1, 2, 3]) outbox.add(time, [aMetric()]);
    const [newest, middle] = outbox.newest(3);
    outbox.rejected([newest?.id ?? 0, middle?.id ?? 0], 'InvalidParameterValue');
    expect(timestamps(outbox)).toEqual([1]);
    expect(outbox.depth()).toEqual({ pending: 1, oldestTimestamp: 1, dropped: 2 });
  });

  it('gives the oldest up when it is full, and counts them', () => {
    const outbox = fresh(5_000);
    for (let time = 1; time <= 500; time++) outbox.add(time, [aMetric()]);
    const { pending, oldestTimestamp, dropped } = outbox.depth();
    expect(pending).toBeGreaterThan(5);
    expect(pending + dropped).toBe(500);
    expect(oldestTimestamp).toBe(dropped + 1);
    expect(timestamps(outbox)[0]).toBe(500);
  });

  it('takes off the loss that was reported, and puts it back when its report is lost', () => {
    const outbox = fresh();
    outbox.add(1, [aMetric(), aMetric()]);
    outbox.rejected(
      outbox.newest(2).map(({ id }) => id),
      'bad',
    );
    outbox.add(2, [loss(outbox.depth().dropped)]);
    expect(outbox.depth().dropped).toBe(0);
    outbox.rejected([outbox.newest(1)[0]?.id ?? 0], 'bad');
    expect(outbox.depth()).toEqual({ pending: 0, oldestTimestamp: null, dropped: 3 });
  });

  it('accounts for every datum, whatever happens to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const outbox = open(3_000);
        const tally = { added: 0, accepted: 0 };
        for (const { what, count } of steps) take(outbox, what, count, tally);
        const waiting = outbox.newest(10_000);
        const { pending, dropped } = outbox.depth();
        expect(waiting.length).toBe(pending);
        expect(tally.accepted + pending + lossIn(waiting) + dropped).toBe(tally.added);
        outbox.close();
      }),
      { numRuns: 200 },
    );
  });
}

const loss = (value: number) => aMetric({ name: 'OutboxDropped', values: [value] });

const lossIn = (data: readonly Datum[]): number => lossReported(data.map(({ metric }) => metric));

const step = fc.record({
  what: fc.constantFrom(
    'add' as const,
    'add' as const,
    'accept' as const,
    'reject' as const,
    'report' as const,
  ),
  count: fc.integer({ min: 1, max: 12 }),
});

/** One step, with what it added, and what was accepted: data, and the loss they report. */
function take(
  outbox: Outbox,
  what: 'add' | 'accept' | 'reject' | 'report',
  count: number,
  tally: { added: number; accepted: number },
): void {
  if (what === 'add' || what === 'report') {
    const metrics =
      what === 'add' ? Array.from({ length: count }, () => aMetric()) : [loss(outbox.depth().dropped)];
    outbox.add(1, metrics);
    tally.added += metrics.length;
    return;
  }
  const page = outbox.newest(count);
  const ids = page.map(({ id }) => id);
  if (what === 'reject') {
    outbox.rejected(ids, 'bad');
    return;
  }
  outbox.accepted(ids);
  tally.accepted += page.length + lossIn(page);
}
