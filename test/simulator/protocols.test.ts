// The three protocols of CloudWatch, each as the JS SDK itself speaks it: same data in, same words back.
import { createRequire } from 'node:module';
import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  PutMetricDataCommand,
  type PutMetricDataCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expiredToken, serviceUnavailable, throttling } from '../../src/simulator/aws/errors.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { credentialsOf, type ServedCredentials } from './ask.ts';

// The client's own copy: it comes with the client and is not named in package.json.
const { AwsJson1_0Protocol, AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } = createRequire(
  import.meta.resolve('@aws-sdk/client-cloudwatch'),
)('@aws-sdk/core/protocols') as typeof import('@aws-sdk/core/protocols');

let box: Instance;
let served: ServedCredentials;
beforeAll(async () => {
  box = await startInstance();
  served = await credentialsOf(box.endpoints.imds);
});
afterAll(() => box.close());

const TIME = new Date(Math.floor(Date.now() / 1000) * 1000 - 90_000);
const INPUT: PutMetricDataCommandInput = {
  Namespace: 'ImdsProbe',
  MetricData: [
    {
      MetricName: 'ImdsLatency',
      Timestamp: TIME,
      Unit: 'Milliseconds',
      Dimensions: [
        { Name: 'Fleet', Value: 'a & b <c>' },
        { Name: 'InstanceId', Value: 'i-1' },
      ],
      Values: [0, 1.25, 1e9, 0.1],
      Counts: [1, 2, 3, 4],
      StorageResolution: 60,
    },
    { MetricName: 'Heartbeat', Value: 1, Unit: 'Count' },
    { MetricName: 'Margin', StatisticValues: { SampleCount: 3, Sum: 6, Minimum: 1, Maximum: 3 } },
  ],
};
const enough = (count: number): PutMetricDataCommandInput => ({
  Namespace: 'ImdsProbe',
  MetricData: Array.from({ length: count }, (_, i) => ({ MetricName: `Metric${i}`, Value: i })),
});

describe.each([
  ['JSON', AwsJson1_0Protocol],
  ['CBOR', AwsSmithyRpcV2CborProtocol],
  ['query', AwsQueryProtocol],
])('%s', (name, Protocol) => {
  const send = async (input: PutMetricDataCommandInput): Promise<unknown> => {
    const client = new CloudWatchClient({
      endpoint: box.endpoints.cloudwatch,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: {
        accessKeyId: served.AccessKeyId,
        secretAccessKey: served.SecretAccessKey,
        sessionToken: served.Token,
      },
      // The client announces the length before compression in this protocol, and never sends that much.
      disableRequestCompression: name === 'CBOR',
      protocol: Protocol as NonNullable<CloudWatchClientConfig['protocol']>,
    });
    try {
      return await client.send(new PutMetricDataCommand(input));
    } finally {
      client.destroy();
    }
  };

  it('brings everything over', async () => {
    const before = box.received().metrics.length;
    expect(await send(INPUT)).toMatchObject({
      $metadata: { httpStatusCode: 200, requestId: expect.any(String) },
    });
    const common = { namespace: 'ImdsProbe', statistics: null };
    expect(box.received().metrics.slice(before)).toEqual([
      {
        ...common,
        name: 'ImdsLatency',
        dimensions: { Fleet: 'a & b <c>', InstanceId: 'i-1' },
        timestamp: TIME.getTime() / 1000,
        unit: 'Milliseconds',
        values: [0, 1.25, 1e9, 0.1],
        counts: [1, 2, 3, 4],
      },
      expect.objectContaining({
        ...common,
        name: 'Heartbeat',
        dimensions: {},
        values: [1],
        counts: [1],
        unit: 'Count',
      }),
      expect.objectContaining({
        name: 'Margin',
        values: [],
        statistics: { SampleCount: 3, Sum: 6, Minimum: 1, Maximum: 3 },
      }),
    ]);
  });

  it('a thousand data, gzipped where the client can', async () => {
    const before = box.received().metrics.length;
    await send(enough(1000));
    expect(box.received().metrics).toHaveLength(before + 1000);
  });

  it.each<[string, PutMetricDataCommandInput, string, RegExp]>([
    [
      'too many',
      enough(1001),
      'InvalidParameterValueException',
      /MetricData must not have a size greater than 1000/,
    ],
    [
      'NaN',
      { Namespace: 'N', MetricData: [{ MetricName: 'A', Value: Number.NaN }] },
      'InvalidParameterValueException',
      /NaN/,
    ],
    [
      'infinity',
      { Namespace: 'N', MetricData: [{ MetricName: 'A', Values: [Number.POSITIVE_INFINITY] }] },
      'InvalidParameterValueException',
      /Infinity/,
    ],
    [
      'two kinds of value',
      { Namespace: 'N', MetricData: [{ MetricName: 'A', Value: 1, Values: [1] }] },
      'InvalidParameterCombinationException',
      /mutually exclusive/,
    ],
    ['no data', { Namespace: 'N', MetricData: [] }, 'MissingRequiredParameterException', /MetricData/],
  ])('%s is refused by name', async (_, input, error, message) => {
    await expect(send(input)).rejects.toMatchObject({ name: error, message: expect.stringMatching(message) });
  });

  it.each([
    ['Throttling', 400, throttling()],
    ['ExpiredToken', 403, expiredToken()],
    ['ServiceUnavailable', 503, serviceUnavailable()],
  ])('%s has its code and status', async (code, httpStatusCode, error) => {
    await box.change({ cloudwatch: { faults: [{ times: 1, error }] } });
    await expect(send(INPUT)).rejects.toMatchObject({
      name: code,
      message: error.message,
      $metadata: { httpStatusCode },
    });
  });
});
