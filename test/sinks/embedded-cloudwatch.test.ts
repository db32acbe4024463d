// Publishing to the embedded CloudWatch, which checks signatures and every documented limit by rules of its own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCloudWatch } from '../../src/clients/aws/cloudwatch.ts';
import type { Outbox } from '../../src/core/publishing.ts';
import type { Metric } from '../../src/core/report.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { expiredToken, throttling } from '../../src/simulator/aws/errors.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { createPublisher, type Publisher } from '../../src/sinks/cloudwatch.ts';
import { credentialsOf } from '../simulator/ask.ts';
import { aMetric } from '../support/datum.ts';
import { judged } from '../support/report-builder.ts';
import { healthySnapshot } from '../support/snapshot.ts';

let box: Instance;
let outbox: Outbox;
const closing: (() => void)[] = [];

beforeEach(async () => {
  box = await startInstance();
  outbox = createMemoryOutbox();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await box.close();
});

async function publisher(correctionMs: number | null = null, timeoutMs = 5_000): Promise<Publisher> {
  const served = await credentialsOf(box.endpoints.imds);
  const cloudWatch = createCloudWatch({
    region: () => box.environment['AWS_REGION'] ?? null,
    endpoint: box.endpoints.cloudwatch,
    namespace: 'ImdsProbe',
    credentials: () => ({
      accessKeyId: served.AccessKeyId,
      secretAccessKey: served.SecretAccessKey,
      sessionToken: served.Token,
    }),
    clockCorrectionMs: () => correctionMs,
    environment: {},
    userAgent: ['imds-probe', 'test'],
    timeoutMs,
    random: () => 0,
  });
  closing.push(cloudWatch.close);
  return createPublisher({
    outbox,
    cloudWatch,
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    clockCorrectionMs: () => correctionMs,
    intervalMs: 300_000,
    phase: 0,
  });
}

const soon = (): AbortSignal => AbortSignal.timeout(15_000);
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const arrived = (): string[] => box.received().metrics.map(({ name, timestamp }) => `${name} ${timestamp}`);

describe('the embedded CloudWatch', () => {
  it('takes the metrics of a cycle as they were measured', async () => {
    const { metrics } = judged(healthySnapshot());
    const now = nowSeconds();
    outbox.add(now, metrics);
    expect(await (await publisher()).flush(soon())).toMatchObject({ accepted: metrics.length, requests: 1 });
    const received = box.received().metrics.map(({ name, unit, values, counts, dimensions, timestamp }) => {
      expect(timestamp).toBe(now);
      return { name, unit, values, counts, dimensions };
    });
    expect(received.toReversed()).toEqual(metrics);
  });

  it('takes a backlog of thousands of data and of very many values', async () => {
    const values = Array.from({ length: 700 }, (_, index) => index + 0.5);
    const wide: Metric = aMetric({ name: 'Wide', values, counts: values.map(() => 3) });
    for (let index = 0; index < 2_000; index++) outbox.add(nowSeconds() - index * 60, [aMetric()]);
    outbox.add(nowSeconds(), [wide]);
    const delivery = await (await publisher()).flush(soon());
    expect(delivery).toMatchObject({ accepted: 2_001, rejected: 0, pending: 0, failure: null });
    const parts = box.received().metrics.filter(({ name }) => name === 'Wide');
    expect(parts.flatMap((part) => part.values)).toEqual(values);
  });

  it('throttles twice, and the third try gets through', async () => {
    await box.change({ cloudwatch: { faults: [{ method: 'POST', times: 2, error: throttling() }] } });
    outbox.add(nowSeconds(), [aMetric()]);
    expect(await (await publisher()).flush(soon())).toMatchObject({ accepted: 1, requests: 3, failures: 0 });
  });

  it('says ExpiredToken, then is given fresh credentials: nothing is lost, nothing comes twice', async () => {
    await box.change({ cloudwatch: { faults: [{ error: expiredToken() }] } });
    const now = nowSeconds();
    for (const age of [180, 120, 60, 0]) outbox.add(now - age, [aMetric()]);
    const target = await publisher();
    expect(await target.flush(soon())).toMatchObject({
      accepted: 0,
      pending: 4,
      requests: 1,
      failures: 1,
      failure: { reason: 'credentials', code: 'ExpiredToken' },
    });
    await box.change({ cloudwatch: { faults: [] } });
    expect(await target.flush(soon())).toMatchObject({ accepted: 4, pending: 0, failures: 0 });
    expect(arrived()).toEqual([0, 60, 120, 180].map((age) => `Heartbeat ${now - age}`));
  });

  it('goes away and comes back', async () => {
    await box.change({ cloudwatch: { refused: true } });
    outbox.add(nowSeconds(), [aMetric()]);
    const target = await publisher();
    expect(await target.flush(soon())).toMatchObject({
      accepted: 0,
      failures: 1,
      failure: { reason: 'network', code: 'refused' },
    });
    await box.change({ cloudwatch: { refused: false } });
    expect(await target.flush(soon())).toMatchObject({ accepted: 1, failures: 0 });
    expect(arrived()).toHaveLength(1);
  });

  it.each([
    ['that is known', 400_000, 1],
    ['that nobody told us of', null, 2],
  ])('is reached in spite of a clock that is 400 s slow, %s', async (_name, correctionMs, requests) => {
    await box.change({ clockOffsetMs: 400_000 });
    outbox.add(nowSeconds() + 400, [aMetric()]);
    const delivery = await (await publisher(correctionMs)).flush(soon());
    expect(delivery).toMatchObject({ accepted: 1, requests, failures: 0 });
  });

  it('takes data and does not answer: they are sent again, and are there twice', async () => {
    await box.change({ cloudwatch: { faults: [{ wire: 'swallow', times: 1 }] } });
    outbox.add(nowSeconds(), [aMetric()]);
    const target = await publisher(null, 200);
    expect(await target.flush(soon())).toMatchObject({ failure: { code: 'response-timeout' }, pending: 1 });
    expect(await target.flush(soon())).toMatchObject({ accepted: 1, pending: 0 });
    expect(arrived()).toHaveLength(2);
  });
});
