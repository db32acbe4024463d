// What the box's CloudWatch takes and refuses: every documented limit at and past its edge, in three protocols.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expiredToken, internalFailure, throttling } from '../../src/simulator/aws/errors.ts';
import type { Fault } from '../../src/simulator/behaviour.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { type Ask, ask, credentialsOf, putJson, type ServedCredentials, signed } from './ask.ts';

let box: Instance;
let credentials: ServedCredentials;
beforeAll(async () => {
  box = await startInstance();
  credentials = await credentialsOf(box.endpoints.imds);
});
afterAll(() => box.close());

const put = (input: unknown, headers: Record<string, string> = {}) =>
  putJson(box.endpoints, input, { credentials }, headers);
const datum = (more: object = {}) => ({ MetricName: 'Heartbeat', Value: 1, ...more });
const one = (more: object = {}) => ({ Namespace: 'ImdsProbe', MetricData: [datum(more)] });
const many = (count: number) => ({
  Namespace: 'N',
  MetricData: Array.from({ length: count }, () => datum()),
});
const dimensions = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ Name: `Name${i}`, Value: 'v' }));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const nowSeconds = () => Date.now() / 1000;
const DAY = 86_400;

describe('accepts', () => {
  it.each<[string, () => unknown]>([
    ['1000 data', () => many(1000)],
    ['150 values', () => one({ Value: undefined, Values: numbers(150), Counts: numbers(150) })],
    ['values without counts', () => one({ Value: undefined, Values: [0.5] })],
    ['30 dimensions', () => one({ Dimensions: dimensions(30) })],
    ['a time nearly two weeks ago', () => one({ Timestamp: nowSeconds() - 14 * DAY + 60 })],
    ['a time nearly two hours ahead', () => one({ Timestamp: nowSeconds() + 7140 })],
    ['the largest magnitude', () => one({ Value: -(2 ** 360) })],
    [
      'a statistic set',
      () => one({ Value: undefined, StatisticValues: { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 } }),
    ],
    [
      'the longest names',
      () => ({ Namespace: 'n'.repeat(255), MetricData: [datum({ MetricName: 'm'.repeat(255) })] }),
    ],
    ['high resolution', () => one({ StorageResolution: 1 })],
    ['a namespace with all its characters', () => ({ Namespace: 'a.B-c_d/e#f:g 1', MetricData: [datum()] })],
  ])('%s', async (_, input) => {
    expect(await put(input())).toMatchObject({ status: 200, body: '{}' });
  });
});

describe('refuses', () => {
  const VALUE = 'com.amazonaws.cloudwatch#InvalidParameterValueException';
  const MISSING = 'com.amazonaws.cloudwatch#MissingRequiredParameterException';
  const BOTH = 'com.amazonaws.cloudwatch#InvalidParameterCombinationException';

  it.each<[string, () => unknown, string, RegExp]>([
    [
      '1001 data',
      () => many(1001),
      VALUE,
      /^The collection MetricData must not have a size greater than 1000\.$/,
    ],
    [
      '151 values',
      () => one({ Value: undefined, Values: numbers(151) }),
      VALUE,
      /MetricData\.member\.1\.Values .* 150/,
    ],
    [
      '31 dimensions',
      () => one({ Dimensions: dimensions(31) }),
      VALUE,
      /Dimensions must not have a size greater than 30/,
    ],
    ['a dimension twice', () => one({ Dimensions: [...dimensions(1), ...dimensions(1)] }), VALUE, /twice/],
    [
      'a dimension without value',
      () => one({ Dimensions: [{ Name: 'a' }] }),
      MISSING,
      /Dimensions\.member\.1\.Value/,
    ],
    [
      'a dimension value too long',
      () => one({ Dimensions: [{ Name: 'a', Value: 'v'.repeat(1025) }] }),
      VALUE,
      /shorter than 1025/,
    ],
    [
      'a dimension named with a colon',
      () => one({ Dimensions: [{ Name: ':a', Value: 'v' }] }),
      VALUE,
      /colon/,
    ],
    ['a name that is not ASCII', () => one({ MetricName: 'Métrique' }), VALUE, /ASCII/],
    ['a dimension that is not ASCII', () => one({ Dimensions: [{ Name: 'a', Value: 'ä' }] }), VALUE, /ASCII/],
    ['blanks for a name', () => one({ MetricName: '  ' }), VALUE, /non-whitespace/],
    ['no name', () => one({ MetricName: undefined }), MISSING, /MetricName/],
    ['a name too long', () => one({ MetricName: 'm'.repeat(256) }), VALUE, /shorter than 256/],
    ['a number for a name', () => one({ MetricName: 7 }), VALUE, /MetricName/],
    [
      'NaN',
      () => one({ Value: 'NaN' }),
      VALUE,
      /^The value NaN for parameter MetricData\.member\.1\.Value is invalid\.$/,
    ],
    ['infinity', () => one({ Value: '-Infinity' }), VALUE, /^The value -Infinity for/],
    ['NaN among values', () => one({ Value: undefined, Values: [1, 'NaN'] }), VALUE, /Values\.member\.2/],
    ['too large a magnitude', () => one({ Value: 2 ** 361 }), VALUE, /is invalid/],
    ['no value', () => one({ Value: undefined }), MISSING, /Value/],
    [
      'value and values',
      () => one({ Values: [1] }),
      BOTH,
      /Value and MetricData\.member\.1\.Values are mutually/,
    ],
    ['value and statistics', () => one({ StatisticValues: {} }), BOTH, /StatisticValues/],
    [
      'half a statistic set',
      () => one({ Value: undefined, StatisticValues: { Sum: 1 } }),
      MISSING,
      /SampleCount/,
    ],
    ['a count too few', () => one({ Value: undefined, Values: [1, 2], Counts: [1] }), VALUE, /same size/],
    ['a count of nothing', () => one({ Value: undefined, Values: [1], Counts: [0] }), VALUE, /Counts/],
    [
      'a time over two weeks ago',
      () => one({ Timestamp: nowSeconds() - 14 * DAY - 60 }),
      VALUE,
      /within the past two weeks/,
    ],
    [
      'a time over two hours ahead',
      () => one({ Timestamp: nowSeconds() + 7260 }),
      VALUE,
      /two hours in the future/,
    ],
    ['a time that is none', () => one({ Timestamp: 'soon' }), VALUE, /Timestamp is invalid/],
    ['a unit of its own', () => one({ Unit: 'Parsecs' }), VALUE, /Unit/],
    ['an odd resolution', () => one({ StorageResolution: 10 }), VALUE, /StorageResolution/],
    [
      "AWS's own namespace",
      () => ({ Namespace: 'AWS/EC2', MetricData: [datum()] }),
      VALUE,
      /^The value AWS\/ for parameter Namespace/,
    ],
    [
      'a namespace that begins with a colon',
      () => ({ Namespace: ':N', MetricData: [datum()] }),
      VALUE,
      /Namespace/,
    ],
    [
      'a namespace with other characters',
      () => ({ Namespace: 'N?', MetricData: [datum()] }),
      VALUE,
      /Namespace/,
    ],
    [
      'a namespace too long',
      () => ({ Namespace: 'n'.repeat(256), MetricData: [datum()] }),
      VALUE,
      /Namespace/,
    ],
    ['no namespace', () => ({ MetricData: [datum()] }), MISSING, /Namespace/],
    ['no data', () => ({ Namespace: 'N', MetricData: [] }), MISSING, /MetricData/],
    ['a list for an input', () => [], VALUE, /Request/],
    ['a text for a datum', () => ({ Namespace: 'N', MetricData: ['x'] }), VALUE, /MetricData\.member\.1/],
  ])('%s', async (_, input, type, message) => {
    const before = box.received().metrics.length;
    const answer = await put(input());
    expect(answer.status).toBe(400);
    expect(answer.json.__type).toBe(type);
    expect(answer.json.message).toMatch(message);
    expect(box.received().metrics).toHaveLength(before);
  });

  it('one bad datum refuses them all, and is named', async () => {
    const before = box.received().metrics.length;
    const answer = await put({ Namespace: 'N', MetricData: [datum(), datum({ Value: 'NaN' })] });
    expect(answer.json.message).toContain('MetricData.member.2.Value');
    expect(box.received().metrics).toHaveLength(before);
  });

  it.each<[string, () => string | Uint8Array, Record<string, string>, number, RegExp]>([
    ['no JSON', () => '{"Namespace"', {}, 400, /SerializationException/],
    ['no UTF-8', () => Uint8Array.of(0x22, 0xff, 0x22), {}, 400, /SerializationException/],
    ['no gzip', () => 'plain', { 'content-encoding': 'gzip' }, 400, /SerializationException/],
    [
      'half a gzip',
      () => gzipSync('{}').subarray(0, 12),
      { 'content-encoding': 'gzip' },
      400,
      /SerializationException/,
    ],
    ['another encoding', () => '{}', { 'content-encoding': 'br' }, 400, /SerializationException/],
    ['more than 1 MB', () => ' '.repeat(1_048_577), {}, 413, /^.*RequestEntityTooLarge/],
    ['far more', () => ' '.repeat(3_000_000), {}, 413, /RequestEntityTooLarge/],
    [
      'what swells beyond 1 MB',
      () => gzipSync(' '.repeat(50_000_000)),
      { 'content-encoding': 'gzip' },
      413,
      /RequestEntityTooLarge/,
    ],
  ])('%s', async (_, body, headers, status, type) => {
    const answer = await put(body(), headers);
    expect(answer.status).toBe(status);
    expect(answer.json.__type).toMatch(type);
    expect(answer.headers['x-amzn-query-error']).toMatch(/^\w+;Sender$/);
  });

  it.each(['GraniteServiceVersion20100801.DeleteAlarms', 'Other.PutMetricData', 'x'])(
    'operation %s',
    async (target) => {
      const answer = await put(one(), { 'x-amz-target': target });
      expect(answer.status).toBe(400);
      expect(answer.json.__type).toBe('com.amazon.coral.service#UnknownOperationException');
    },
  );
});

it('judges times by its own clock, not by ours', async () => {
  const ahead = await startInstance({ clockOffsetMs: 400_000 });
  const late = await putJson(ahead.endpoints, one());
  expect(late.status).toBe(403);
  expect(late.json.__type).toBe('com.amazon.coral.service#InvalidSignatureException');
  expect(late.json.message).toMatch(/^Signature expired: /);
  expect(Math.abs(Date.parse(late.headers['date'] ?? '') - Date.now() - 400_000)).toBeLessThan(5000);
  const inTime = await putJson(ahead.endpoints, one(), { at: new Date(Date.now() + 400_000) });
  expect(inTime.status).toBe(200);
  await ahead.close();
});

describe('the query protocol', () => {
  const form = async (body: string, headers: Record<string, string> = {}): Promise<Ask> =>
    signed(
      box.endpoints.cloudwatch,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', ...headers },
        body,
      },
      { service: 'monitoring', credentials },
    );
  const FORM = [
    'Action=PutMetricData&Version=2010-08-01&Namespace=Query',
    'MetricData.member.1.MetricName=A&MetricData.member.1.Value=1.5&MetricData.member.1.Unit=Bytes%2FSecond',
    'MetricData.member.1.Dimensions.member.2.Name=D2&MetricData.member.1.Dimensions.member.2.Value=V2',
    'MetricData.member.1.Dimensions.member.1.Name=D1&MetricData.member.1.Dimensions.member.1.Value=V1',
    'MetricData.member.10.MetricName=J&MetricData.member.10.Value=2',
    'MetricData.member.2.MetricName=B&MetricData.member.2.Values.member.1=3&MetricData.member.2.Counts.member.1=4',
  ].join('&');

  it('is understood', async () => {
    const before = box.received().metrics.length;
    const time = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000).toISOString();
    const answer = await ask(
      box.endpoints.cloudwatch,
      await form(`${FORM}&MetricData.member.1.Timestamp=${encodeURIComponent(time)}`),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(
      '<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">',
    );
    const metrics = box.received().metrics.slice(before);
    expect(metrics.map((metric) => metric.name)).toEqual(['A', 'B', 'J']);
    expect(metrics[0]).toMatchObject({
      namespace: 'Query',
      unit: 'Bytes/Second',
      dimensions: { D1: 'V1', D2: 'V2' },
      values: [1.5],
      timestamp: Date.parse(time) / 1000,
    });
    expect(metrics[1]).toMatchObject({ values: [3], counts: [4] });
  });

  it('is answered errors in XML', async () => {
    const answer = await ask(box.endpoints.cloudwatch, await form(FORM.replace('Value=1.5', 'Value=NaN')));
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('text/xml');
    expect(answer.body).toMatch(/<Type>Sender<\/Type>\s*<Code>InvalidParameterValue<\/Code>/);
    expect(answer.body).toContain('The value NaN for parameter MetricData.member.1.Value is invalid.');
  });

  it('may be compressed', async () => {
    const asked = await signed(
      box.endpoints.cloudwatch,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
        body: gzipSync(FORM),
      },
      { service: 'monitoring', credentials },
    );
    expect((await ask(box.endpoints.cloudwatch, asked)).status).toBe(200);
  });
});

describe('faults, one after another and changed as it runs', () => {
  it.each<[string, Fault, object, number]>([
    ['throttled', { error: throttling() }, { status: 400, body: /ThrottlingException.*Rate exceeded/ }, 0],
    ['expired', { error: expiredToken() }, { status: 403, body: /ExpiredTokenException/ }, 0],
    ['a defect there', { error: internalFailure() }, { status: 500, body: /InternalFailure/ }, 0],
    ['a bare 503', { answer: { status: 503 } }, { status: 503, body: /Service Unavailable/ }, 0],
    [
      'an answer of no sense',
      { answer: { status: 200, body: 'hello' } },
      { status: 200, body: /^hello$/ },
      0,
    ],
    ['reset', { wire: 'reset' }, { status: null, error: /ECONNRESET/ }, 0],
    ['hang', { wire: 'hang' }, { status: null, error: /timeout/ }, 0],
    ['accepted, and the answer lost', { wire: 'swallow' }, { status: null, error: /timeout/ }, 1],
    ['accepted, and the answer cut', { wire: 'cut' }, { status: null, error: /ECONNRESET|aborted/ }, 1],
  ])('%s', async (_, fault, wanted, accepted) => {
    const instance = await startInstance();
    const own = await credentialsOf(instance.endpoints.imds);
    await instance.change({ cloudwatch: { faults: [{ ...fault, times: 1 }] } });
    const asked = await signed(
      instance.endpoints.cloudwatch,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
        },
        body: JSON.stringify(one()),
        timeoutMs: 300,
      },
      { service: 'monitoring', credentials: own },
    );
    const spoilt = await ask(instance.endpoints.cloudwatch, asked);
    const {
      status,
      body = /^/,
      error = /^null$/,
    } = wanted as { status: number; body?: RegExp; error?: RegExp };
    expect(spoilt.status).toBe(status);
    expect(spoilt.body).toMatch(body);
    expect(String(spoilt.error)).toMatch(error);
    expect(instance.received().metrics).toHaveLength(accepted);

    const next = await ask(instance.endpoints.cloudwatch, { ...asked, timeoutMs: 5000 });
    expect(next.status).toBe(200);
    expect(instance.received()).toMatchObject({ cloudwatchRequests: 2, stsRequests: 0 });
    await instance.close();
  });

  it('a list of faults begins anew when it is given again', async () => {
    const instance = await startInstance({ cloudwatch: { faults: [{ times: 1, error: throttling() }] } });
    const own = await credentialsOf(instance.endpoints.imds);
    const status = async () => (await putJson(instance.endpoints, one(), { credentials: own })).status;
    expect([await status(), await status()]).toEqual([400, 200]);
    await instance.change({ cloudwatch: { faults: [{ times: 2, error: throttling() }] } });
    expect([await status(), await status(), await status()]).toEqual([400, 400, 200]);
    await instance.close();
  });
});
