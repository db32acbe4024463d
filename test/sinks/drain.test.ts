// The rules of delivery, against a CloudWatch that is a function.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PutOutcome } from '../../src/clients/aws/cloudwatch.ts';
import type { Datum, Outbox } from '../../src/core/publishing.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { type DrainOptions, drain } from '../../src/sinks/drain.ts';
import { aMetric } from '../support/datum.ts';

const NOW = 1_790_000_000;
const ACCEPTED: PutOutcome = { kind: 'accepted', requests: 1 };
const REFUSED: PutOutcome = {
  kind: 'refused',
  requests: 1,
  code: 'InvalidParameterValue',
  detail: 'bad value',
};
const later = (code: string, requests = 3): PutOutcome => ({
  kind: 'later',
  requests,
  reason: 'server',
  code,
  detail: `it was ${code}`,
  mayHaveArrived: false,
});

/** An outbox with `count` data, one a minute, the last of them now. */
function filled(count: number): Outbox {
  const outbox = createMemoryOutbox();
  for (let index = count - 1; index >= 0; index--) outbox.add(NOW - index, [aMetric()]);
  return outbox;
}

interface Run extends Partial<DrainOptions> {
  readonly outbox: Outbox;
}

/** Drains, and tells the timestamps of every request, as seconds before now. */
async function run(answer: (data: readonly Datum[], asked: number) => PutOutcome, options: Run) {
  const asked: number[][] = [];
  const drained = await drain({
    put: async (data) => {
      asked.push(data.map(({ timestamp }) => NOW - timestamp));
      return answer(data, asked.length);
    },
    nowMs: () => NOW * 1000,
    signal: AbortSignal.timeout(60_000),
    enough: () => false,
    ...options,
  });
  return { drained, asked };
}

const ages = (outbox: Outbox): number[] => outbox.newest(10_000).map(({ timestamp }) => NOW - timestamp);
const has = (data: readonly Datum[], age: number): boolean =>
  data.some(({ timestamp }) => NOW - timestamp === age);

describe('drain', () => {
  it('does nothing about nothing', async () => {
    const { drained, asked } = await run(() => ACCEPTED, { outbox: createMemoryOutbox() });
    expect(drained).toEqual({ requests: 0, accepted: 0, rejected: 0, failure: null, failed: false });
    expect(asked).toEqual([]);
  });

  it('sends all, newest first, in full requests', async () => {
    const outbox = filled(2_500);
    const { drained, asked } = await run(() => ACCEPTED, { outbox });
    expect(drained).toMatchObject({ requests: 3, accepted: 2_500, failed: false });
    expect(asked.map((request) => [request.at(0), request.at(-1)])).toEqual([
      [0, 999],
      [1_000, 1_999],
      [2_000, 2_499],
    ]);
    expect(outbox.depth().pending).toBe(0);
  });

  it('stops at the first "later", and keeps what is left', async () => {
    const outbox = filled(2_500);
    const { drained } = await run((_data, asked) => (asked === 1 ? ACCEPTED : later('Throttling')), {
      outbox,
    });
    expect(drained).toEqual({
      requests: 4,
      accepted: 1_000,
      rejected: 0,
      failure: { reason: 'server', code: 'Throttling', detail: 'it was Throttling' },
      failed: true,
    });
    expect(ages(outbox)[0]).toBe(1_000);
    expect(outbox.depth()).toMatchObject({ pending: 1_500, dropped: 0 });
  });

  it('sends what is new before the backlog, also after a failure', async () => {
    const outbox = filled(3);
    await run(() => later('ServiceUnavailable'), { outbox });
    outbox.add(NOW + 60, [aMetric({ name: 'Fresh' })]);
    const { asked } = await run(() => ACCEPTED, { outbox });
    expect(asked).toEqual([[-60, 0, 1, 2]]);
  });

  it('rejects unsent what breaks a limit, and counts it', async () => {
    const outbox = filled(2);
    outbox.add(NOW, [aMetric({ values: [Number.NaN] })]);
    outbox.add(NOW - 15 * 86_400, [aMetric()]);
    const { drained, asked } = await run(() => ACCEPTED, { outbox });
    expect(drained).toMatchObject({ requests: 1, accepted: 2, rejected: 2, failure: null, failed: false });
    expect(asked).toEqual([[0, 1]]);
    expect(outbox.depth()).toMatchObject({ pending: 0, dropped: 2 });
  });

  it.each([0, 500, 999])('isolates one bad datum among 1000: number %i', async (bad) => {
    const outbox = filled(1_000);
    const { drained } = await run((data) => (has(data, bad) ? REFUSED : ACCEPTED), { outbox });
    expect(drained).toMatchObject({
      accepted: 999,
      rejected: 1,
      failure: { code: 'InvalidParameterValue' },
      failed: false,
    });
    expect(drained.requests).toBeLessThanOrEqual(21);
    expect(outbox.depth()).toMatchObject({ pending: 0, dropped: 1 });
  });

  it('gets every good datum through and rejects exactly the bad ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 60 }),
        fc.array(fc.nat(59), { maxLength: 8 }),
        async (count, marks) => {
          const bad = new Set(marks.filter((mark) => mark < count));
          fc.pre(bad.size < count);
          const outbox = filled(count);
          const isBad = ({ timestamp }: Datum): boolean => bad.has(NOW - timestamp);
          const { drained, asked } = await run((data) => (data.some(isBad) ? REFUSED : ACCEPTED), { outbox });
          expect(drained).toMatchObject({ accepted: count - bad.size, rejected: bad.size, failed: false });
          expect(outbox.depth()).toEqual({ pending: 0, oldestTimestamp: null, dropped: bad.size });
          const good = asked.filter((request) => !request.some((age) => bad.has(age))).flat();
          expect(new Set(good).size).toBe(good.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rejects nothing where nothing at all is accepted: then the fault is not in the data', async () => {
    const outbox = filled(12);
    const { drained } = await run(() => REFUSED, { outbox });
    expect(drained).toMatchObject({ accepted: 0, rejected: 0, failed: true });
    expect(drained.failure).toEqual({ reason: 'data', code: 'InvalidParameterValue', detail: 'bad value' });
    expect(outbox.depth()).toMatchObject({ pending: 12, dropped: 0 });
  });

  it('rejects a single datum that is refused alone', async () => {
    const outbox = filled(1);
    const { drained } = await run(() => REFUSED, { outbox });
    expect(drained).toMatchObject({ rejected: 1, failed: false });
    expect(outbox.depth().dropped).toBe(1);
  });

  it('keeps what it was isolating when CloudWatch goes away meanwhile', async () => {
    const outbox = filled(8);
    const { drained } = await run(
      (data, asked) => (asked > 3 ? later('reset') : has(data, 0) ? REFUSED : ACCEPTED),
      {
        outbox,
      },
    );
    expect(drained).toMatchObject({ accepted: 4, rejected: 0, failed: true, failure: { code: 'reset' } });
    expect(ages(outbox)).toEqual([0, 1, 2, 3]);
  });

  it('ends before the next request when it is enough', async () => {
    const outbox = filled(2_500);
    let enough = false;
    const answer = (): PutOutcome => {
      enough = true;
      return ACCEPTED;
    };
    const { drained } = await run(answer, { outbox, enough: () => enough });
    expect(drained).toEqual({ requests: 1, accepted: 1_000, rejected: 0, failure: null, failed: false });
  });

  it.each([
    ['is no failure once something was accepted', 1, false],
    ['is one when nothing was', 0, true],
  ])('running out of time %s', async (_name, good, failed) => {
    const outbox = filled(2_500);
    const time = new AbortController();
    if (good === 0) time.abort();
    const { drained } = await run(
      () => {
        if (time.signal.aborted) return later('response-timeout', 0);
        time.abort();
        return ACCEPTED;
      },
      { outbox, signal: time.signal },
    );
    expect(drained).toMatchObject({ accepted: good * 1_000, failed });
  });

  it('bounds the requests of one go', async () => {
    const outbox = filled(1_000);
    let asked = 0;
    const { drained } = await run(
      () => {
        asked += 1;
        return asked === 2 ? ACCEPTED : REFUSED;
      },
      { outbox },
    );
    expect(drained.requests).toBe(200);
    expect(outbox.depth().dropped).toBe(0);
  });

  it('soon stops cutting where nothing at all is accepted: the fault is not in a datum', async () => {
    const outbox = filled(1_000);
    const { drained } = await run(() => REFUSED, { outbox });
    expect(drained).toMatchObject({ requests: 31, failed: true, rejected: 0, accepted: 0 });
    expect(drained.failure?.code).toBe('InvalidParameterValue');
    expect(outbox.depth()).toMatchObject({ pending: 1_000, dropped: 0 });
  });

  it('is not held by an outbox that does not settle', async () => {
    const outbox = { ...filled(2_500), accepted: () => undefined };
    const { asked } = await run(() => ACCEPTED, { outbox });
    expect(asked).toHaveLength(3);
  });
});
