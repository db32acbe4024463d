// The publisher over cycles: when it sends, what it remembers, and how it ends; then once over real sockets.
import { afterEach, describe, expect, it } from 'vitest';
import { createCloudWatch, type PutOutcome } from '../../src/clients/aws/cloudwatch.ts';
import type { Datum, Delivery, Outbox } from '../../src/core/publishing.ts';
import type { Finding, Report, Severity } from '../../src/core/report.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { createPublisher, type Publisher, type PublisherOptions } from '../../src/sinks/cloudwatch.ts';
import { awsError, CREDENTIALS, OK, startCloudWatch } from '../support/cloudwatch-server.ts';
import { aMetric } from '../support/datum.ts';
import { aRole, healthySnapshot } from '../support/snapshot.ts';

const START = 1_790_000_000;
const ACCEPTED: PutOutcome = { kind: 'accepted', requests: 1 };
const LATER: PutOutcome = {
  kind: 'later',
  requests: 1,
  reason: 'credentials',
  code: 'ExpiredToken',
  detail: 'the token is expired',
  mayHaveArrived: false,
};
const NEVER = new AbortController().signal;

const finding = (id: string, severity: Severity): Finding => ({
  id,
  severity,
  title: '',
  cause: '',
  evidence: {},
  fix: [],
  reference: '',
});

const report = (findings: readonly Finding[] = [], accessKeyId = 'ASIA…WXYZ'): Report => ({
  schema: 'imds-probe/report/v1',
  version: '0',
  startedAt: '2026-11-23T12:00:00.000Z',
  durationMs: 1,
  instance: { instanceId: null, region: null, availabilityZone: null, roleName: null, accountId: null },
  status: 'ok',
  observations: healthySnapshot({ 'instance-role': aRole({ accessKeyId }) }),
  verdicts: [],
  findings,
  metrics: [],
});

interface Bench {
  readonly publisher: Publisher;
  readonly outbox: Outbox;
  readonly sent: number[][];
  /** How often each request may be tried. */
  readonly asked: (number | undefined)[];
  readonly told: Delivery[];
  answer: (data: readonly Datum[], signal: AbortSignal) => PutOutcome | Promise<PutOutcome>;
  /** A cycle `seconds` after the one before. */
  cycle(seconds: number, of?: Report, stop?: AbortSignal): Promise<void>;
}

function bench(changes: Partial<PublisherOptions> = {}): Bench {
  const outbox = createMemoryOutbox();
  let seconds = 0;
  const sent: number[][] = [];
  const told: Delivery[] = [];
  const asked: (number | undefined)[] = [];
  const self: Bench = {
    outbox,
    sent,
    asked,
    told,
    answer: () => ACCEPTED,
    publisher: createPublisher({
      outbox,
      cloudWatch: {
        endpoint: () => 'http://cloudwatch.test/',
        signer: () => 'ASIA…WXYZ',
        putMetricData: async (data, signal, tries) => {
          asked.push(tries);
          sent.push(data.map(({ timestamp }) => timestamp - START));
          return self.answer(data, signal);
        },
      },
      clock: { wallMs: () => (START + seconds) * 1000, monotonicMs: () => seconds * 1000 },
      clockCorrectionMs: () => null,
      intervalMs: 300_000,
      phase: 0,
      onDelivery: (delivery) => told.push(delivery),
      ...changes,
    }),
    cycle: async (later, of = report(), stop = NEVER) => {
      seconds += later;
      outbox.add(START + seconds, [aMetric()]);
      await self.publisher.sink.deliver(of, stop);
    },
  };
  return self;
}

describe('the publisher', () => {
  it('sends five cycles together, and tells of it', async () => {
    const { publisher, cycle, sent, told } = bench();
    for (let count = 0; count < 4; count++) await cycle(60);
    expect(sent).toEqual([]);
    expect(publisher.last()).toBeNull();
    await cycle(60);
    expect(sent).toEqual([[300, 240, 180, 120, 60]]);
    expect(told).toEqual([
      {
        requests: 1,
        accepted: 5,
        rejected: 0,
        pending: 0,
        pendingBefore: 5,
        oldestSeconds: null,
        againLater: true,
        failures: 0,
        failure: null,
        endpoint: 'http://cloudwatch.test/',
        accessKeyId: 'ASIA…WXYZ',
      },
    ]);
    expect(publisher.last()).toBe(told[0]);
  });

  it('sends at once when a warning or critical finding appears, changes or goes away, and not for the rest', async () => {
    const { cycle, sent } = bench();
    const warning = finding('imds-slow', 'warning');
    await cycle(10);
    await cycle(10, report([finding('imds-v1-enabled', 'info')]));
    expect(sent).toEqual([]);
    await cycle(10, report([warning]));
    await cycle(10, report([warning]));
    expect(sent).toEqual([[30, 20, 10]]);
    await cycle(10, report([{ ...warning, severity: 'critical' }]));
    await cycle(10, report([]));
    await cycle(10, report([]));
    expect(sent).toEqual([[30, 20, 10], [50, 40], [60]]);
  });

  it('counts failures in a row, keeps the data, and forgets the failures with the first success', async () => {
    const self = bench();
    self.answer = () => LATER;
    await self.cycle(300);
    for (let count = 0; count < 5; count++) await self.cycle(60);
    expect(self.told.at(-1)).toMatchObject({
      failures: 2,
      failure: { reason: 'credentials', code: 'ExpiredToken', detail: 'the token is expired' },
      pending: 6,
      oldestSeconds: 300,
      accepted: 0,
    });
    self.answer = () => ACCEPTED;
    await self.cycle(300);
    expect(self.told.at(-1)).toMatchObject({ failures: 0, failure: null, pending: 0, accepted: 7 });
  });

  it('tries again at once with fresh credentials, after a failure only', async () => {
    const self = bench();
    self.answer = () => LATER;
    await self.cycle(300);
    await self.cycle(10);
    await self.cycle(10);
    expect(self.sent).toHaveLength(1);
    self.answer = () => ACCEPTED;
    await self.cycle(10, report([], 'ASIA…NEW1'));
    expect(self.sent).toHaveLength(2);
    await self.cycle(10, report([], 'ASIA…NEW2'));
    expect(self.sent).toHaveLength(2);
  });

  it('tries once in its place, and what is alarming as often as it can', async () => {
    const self = bench();
    const critical = report([finding('role-missing', 'critical')]);
    self.answer = () => LATER;
    await self.cycle(300);
    await self.cycle(60);
    expect(self.asked).toEqual([1]);
    // At once, with the next cycle, after a quarter and a half of the interval, and in its place.
    for (let count = 0; count < 9; count++) await self.cycle(60, critical);
    const times = self.sent.slice(1).map((data) => data[0]);
    expect(times).toEqual([420, 480, 600, 780, 900]);
    expect(self.asked.slice(1)).toEqual(Array.from({ length: 5 }, () => undefined));
    // Once CloudWatch knows, there is no hurry.
    self.answer = () => ACCEPTED;
    for (let count = 0; count < 6; count++) await self.cycle(60, critical);
    expect(self.sent.slice(6).map((data) => data[0])).toEqual([1200]);
    expect(self.told.at(-1)).toMatchObject({ pending: 1 - 1 });
  });

  it('sends a long backlog in parts, the newest first', async () => {
    const self = bench();
    for (let count = 0; count < 25_000; count++) self.outbox.add(START, [aMetric()]);
    await self.cycle(300);
    expect(self.sent).toHaveLength(10);
    expect(self.sent[0]?.[0]).toBe(300);
    expect(self.told.at(-1)).toMatchObject({ accepted: 10_000, pending: 15_001, failures: 0 });
    await self.cycle(300);
    await self.cycle(300);
    expect(self.told.at(-1)).toMatchObject({ pending: 0, pendingBefore: 5_003 });
  });

  it('gives nothing up for its age by a clock that nobody has checked', async () => {
    const self = bench({ clockCorrectionMs: () => null });
    self.outbox.add(START - 40 * 86_400, [aMetric()]);
    await self.cycle(300);
    expect(self.sent).toHaveLength(1);
    expect(self.told.at(-1)).toMatchObject({ rejected: 0, accepted: 2 });
  });

  it('judges the age of data by true time', async () => {
    const { cycle, outbox, sent } = bench({ clockCorrectionMs: () => 20 * 86_400_000 });
    await cycle(300);
    expect(sent).toEqual([]);
    expect(outbox.depth()).toMatchObject({ pending: 0, dropped: 1 });
  });

  it('flushes what it holds when asked', async () => {
    const { publisher, cycle } = bench();
    await cycle(10);
    expect(await publisher.flush(NEVER)).toMatchObject({ accepted: 1, pending: 0 });
    expect(await publisher.flush(NEVER)).toMatchObject({ requests: 0, accepted: 0 });
  });

  it('lets the request under way finish when it is stopped, and sends no other', async () => {
    const self = bench();
    const stop = new AbortController();
    for (let count = 0; count < 1_500; count++) self.outbox.add(START, [aMetric()]);
    self.answer = (_data, signal) => {
      stop.abort();
      expect(signal.aborted).toBe(false);
      return ACCEPTED;
    };
    await self.cycle(300, report(), stop.signal);
    expect(self.sent.map((data) => data.length)).toEqual([1_000]);
    expect(self.told.at(-1)).toMatchObject({ failures: 0, failure: null, pending: 501 });
    expect(await self.publisher.flush(NEVER)).toMatchObject({ accepted: 501, pending: 0 });
  });

  it('waits for the delivery under way before it flushes, and cuts it when the time is up', async () => {
    const self = bench();
    const aborted = (signal: AbortSignal): Promise<PutOutcome> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(LATER), { once: true }));
    self.answer = (_data, signal) => (signal.aborted ? LATER : aborted(signal));
    const delivering = self.cycle(300);
    const time = new AbortController();
    const flushing = self.publisher.flush(time.signal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(self.sent).toHaveLength(1);
    time.abort();
    await delivering;
    expect(await flushing).toMatchObject({ accepted: 0, pending: 1, failures: 2 });
    expect(self.sent).toHaveLength(2);
  });
});

describe('over real sockets', () => {
  const closing: (() => void | PromiseLike<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('isolates a datum that CloudWatch refuses, and gets the others through', async () => {
    const server = await startCloudWatch();
    closing.push(() => server[Symbol.asyncDispose]());
    server.decide(({ body }) =>
      body.MetricData.some(({ MetricName }) => MetricName === 'Bad')
        ? awsError('InvalidParameterValueException', 400, 'The parameter MetricData.member.7 is bad.')
        : OK,
    );
    const cloudWatch = createCloudWatch({
      region: () => 'eu-west-1',
      endpoint: server.url,
      namespace: 'ImdsProbe',
      credentials: () => CREDENTIALS,
      clockCorrectionMs: () => null,
      environment: {},
      userAgent: ['imds-probe', '0'],
    });
    closing.push(cloudWatch.close);
    const outbox = createMemoryOutbox();
    const now = Math.floor(Date.now() / 1000);
    for (let index = 0; index < 200; index++) {
      outbox.add(now - index, [aMetric({ name: index === 77 ? 'Bad' : 'Good', values: [index] })]);
    }
    const publisher = createPublisher({
      outbox,
      cloudWatch,
      clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
      clockCorrectionMs: () => null,
      intervalMs: 300_000,
      phase: 0,
    });
    expect(await publisher.flush(AbortSignal.timeout(20_000))).toMatchObject({
      accepted: 199,
      rejected: 1,
      pending: 0,
      failures: 0,
      failure: { code: 'InvalidParameterValueException' },
      endpoint: `${server.url}/`,
      accessKeyId: 'ASIA…MPLE',
    });
    expect(outbox.depth().dropped).toBe(1);
    const values = server.received
      .filter(({ body }) => body.MetricData.every(({ MetricName }) => MetricName === 'Good'))
      .flatMap(({ body }) => body.MetricData.map(({ Value }) => Value));
    expect(values.toSorted((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, index) => index).filter((index) => index !== 77),
    );
  });
});
