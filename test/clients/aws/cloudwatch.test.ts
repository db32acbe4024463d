// What goes over the wire to CloudWatch, and what each way of failing comes to: real sockets, the real SDK.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CloudWatch,
  type CloudWatchOptions,
  createCloudWatch,
} from '../../../src/clients/aws/cloudwatch.ts';
import {
  type Answer,
  awsError,
  type CloudWatchServer,
  CREDENTIALS,
  OK,
  startCloudWatch,
} from '../../support/cloudwatch-server.ts';
import { aDatum } from '../../support/datum.ts';

const NOW = Math.floor(Date.now() / 1000);
const DATA = [
  aDatum(2, NOW, { name: 'ImdsLatency', unit: 'Milliseconds', values: [1.5, 2], counts: [3, 1] }),
  aDatum(1, NOW - 60, { name: 'Heartbeat' }),
];
const FAR = AbortSignal.timeout(60_000);

let server: CloudWatchServer;
let open: CloudWatch[] = [];

beforeEach(async () => {
  server = await startCloudWatch();
});
afterEach(async () => {
  for (const cloudWatch of open) cloudWatch.close();
  open = [];
  await server[Symbol.asyncDispose]();
});

function cloudWatch(changes: Partial<CloudWatchOptions> = {}): CloudWatch {
  const created = createCloudWatch({
    region: () => 'eu-west-1',
    endpoint: server.url,
    namespace: 'ImdsProbe',
    credentials: () => CREDENTIALS,
    clockCorrectionMs: () => 0,
    environment: {},
    userAgent: ['imds-probe', '1.2.3'],
    random: () => 0,
    ...changes,
  });
  open.push(created);
  return created;
}

describe('the request', () => {
  it('is a signed PutMetricData with every datum as CloudWatch takes it', async () => {
    expect(await cloudWatch().putMetricData(DATA, FAR)).toEqual({ kind: 'accepted', requests: 1 });
    const [request] = server.received;
    expect(request).toMatchObject({
      method: 'POST',
      url: '/',
      signed: true,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
        'x-amz-security-token': CREDENTIALS.sessionToken,
        'user-agent': expect.stringMatching(/^imds-probe\/1\.2\.3\b/),
      },
      body: {
        Namespace: 'ImdsProbe',
        MetricData: [
          {
            MetricName: 'ImdsLatency',
            Dimensions: [{ Name: 'Fleet', Value: 'test' }],
            Timestamp: NOW,
            Unit: 'Milliseconds',
            Values: [1.5, 2],
            Counts: [3, 1],
          },
          { MetricName: 'Heartbeat', Timestamp: NOW - 60, Unit: 'Count', Value: 1 },
        ],
      },
    });
    expect(request?.headers.authorization).toContain('/eu-west-1/monitoring/aws4_request');
    expect(request?.headers['content-encoding']).toBeUndefined();
  });

  it('is compressed from 10,240 bytes on, and signed over what is sent', async () => {
    const data = Array.from({ length: 500 }, (_, index) => aDatum(index, NOW - index));
    expect(await cloudWatch().putMetricData(data, FAR)).toMatchObject({ kind: 'accepted' });
    const [request] = server.received;
    expect(request?.headers['content-encoding']).toBe('gzip');
    expect(request?.headers['content-length']).toBe(String(request?.raw.length));
    expect(request?.raw.length).toBeLessThan(10_240);
    expect(request?.signed).toBe(true);
    expect(request?.body.MetricData).toHaveLength(500);
  });

  it('is signed by true time where the local clock is wrong', async () => {
    await cloudWatch({ clockCorrectionMs: () => 86_400_000 }).putMetricData(DATA, FAR);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    expect(String(server.received[0]?.headers['x-amz-date'])).toMatch(new RegExp(`^${tomorrow}T`));
    expect(server.received[0]?.signed).toBe(true);
  });

  it('is signed with the credentials of the moment', async () => {
    let credentials = { ...CREDENTIALS, accessKeyId: 'ASIAOLDOLDOLDOLDOLD1' };
    const target = cloudWatch({ credentials: () => credentials });
    await target.putMetricData(DATA, FAR);
    credentials = CREDENTIALS;
    await target.putMetricData(DATA, FAR);
    expect(server.received.map(({ headers }) => headers.authorization?.slice(28, 48))).toEqual([
      'ASIAOLDOLDOLDOLDOLD1',
      'ASIAIOSFODNN7EXAMPLE',
    ]);
    expect(server.received[1]?.signed).toBe(true);
  });

  it.each([
    ['eu-west-1', 'https://monitoring.eu-west-1.amazonaws.com/'],
    ['cn-north-1', 'https://monitoring.cn-north-1.amazonaws.com.cn/'],
    ['us-gov-west-1', 'https://monitoring.us-gov-west-1.amazonaws.com/'],
    ['eusc-de-east-1', 'https://monitoring.eusc-de-east-1.amazonaws.eu/'],
  ])('goes to the endpoint of %s', async (region, endpoint) => {
    const target = cloudWatch({
      endpoint: undefined,
      region: () => region,
      environment: { https_proxy: 'x://' },
    });
    expect(target.endpoint()).toBeNull();
    expect(await target.putMetricData(DATA, FAR)).toMatchObject({ kind: 'later', reason: 'proxy' });
    expect(target.endpoint()).toBe(endpoint);
  });

  it('shows an endpoint without a password', () => {
    expect(cloudWatch({ endpoint: 'http://joe:s3cret@localhost:1/x' }).endpoint()).toBe(
      'http://localhost:1/x',
    );
  });
});

describe('nothing is sent', () => {
  it.each([
    ['without credentials', { credentials: () => null }, 'no-credentials'],
    ['without a Region', { region: () => null, endpoint: undefined }, 'no-region'],
    ['for what is no Region', { region: () => 'evil.test/#', endpoint: undefined }, 'no-region'],
  ])('%s', async (_name, changes, code) => {
    expect(await cloudWatch(changes).putMetricData(DATA, FAR)).toMatchObject({
      kind: 'later',
      code,
      requests: 0,
    });
    expect(server.received).toEqual([]);
  });

  it('when the time is up', async () => {
    const outcome = await cloudWatch().putMetricData(DATA, AbortSignal.abort());
    expect(outcome).toMatchObject({
      kind: 'later',
      reason: 'network',
      code: 'response-timeout',
      requests: 0,
    });
    expect(server.received).toEqual([]);
  });
});

const HTML: Answer = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>log in</html>' };

describe('refusals', () => {
  it.each([
    ['InvalidParameterValue', awsError('InvalidParameterValueException', 400), 'refused', undefined],
    [
      'InvalidParameterCombination',
      awsError('InvalidParameterCombinationException', 400),
      'refused',
      undefined,
    ],
    ['ValidationError', awsError('ValidationError', 400), 'refused', undefined],
    ['413', { status: 413 }, 'refused', undefined],
    ['ExpiredToken', awsError('ExpiredTokenException', 400), 'later', 'credentials'],
    ['UnrecognizedClient', awsError('UnrecognizedClientException', 400), 'later', 'credentials'],
    ['AccessDenied', awsError('AccessDeniedException', 400), 'later', 'denied'],
    ['RequestExpired', awsError('RequestExpired', 400), 'later', 'clock'],
    ['a login page', HTML, 'later', 'answer'],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'later', 'answer'],
    ['garbage with 400', { status: 400, body: '<html>' }, 'later', 'answer'],
    ['an error that is no object', { status: 400, body: '[1,2]' }, 'later', 'answer'],
    ['a huge body', { status: 200, body: `"${'x'.repeat(100_000)}"` }, 'later', 'answer'],
  ] as const)('%s', async (_name, answer, kind, reason) => {
    server.answer(answer);
    const outcome = await cloudWatch().putMetricData(DATA, FAR);
    expect(outcome).toMatchObject({ kind, requests: 1 });
    expect('reason' in outcome ? outcome.reason : undefined).toBe(reason);
  });

  it('tells the code CloudWatch has in its query-compatible header', async () => {
    server.answer({
      ...awsError(
        'InvalidParameterValueException',
        400,
        'The value NaN for MetricData.member.1.Value is invalid.',
      ),
      headers: { 'x-amzn-query-error': 'InvalidParameterValue;Sender' },
    });
    expect(await cloudWatch().putMetricData(DATA, FAR)).toEqual({
      kind: 'refused',
      requests: 1,
      code: 'InvalidParameterValue',
      detail: expect.stringMatching(
        /answered with 400: The value NaN for MetricData\.member\.1\.Value is invalid\.$/,
      ),
    });
  });

  it('hides what a signature error echoes, and what a terminal would act on', async () => {
    const { secretAccessKey, sessionToken, accessKeyId } = CREDENTIALS;
    server.answer(
      awsError(
        'SignatureDoesNotMatch',
        403,
        `no\u001b[31m match for ${secretAccessKey}: 'POST\n/\n\nx-amz-security-token:${sessionToken}\n' ${accessKeyId}`,
      ),
    );
    const told = JSON.stringify(await cloudWatch().putMetricData(DATA, FAR));
    for (const secret of [secretAccessKey, sessionToken, sessionToken.slice(0, 60), accessKeyId, '\\u001b']) {
      expect(told).not.toContain(secret);
    }
    expect(told).toContain('ASIA…MPLE');
  });
});

describe('trying again', () => {
  it.each([
    ['429', { status: 429 }],
    ['Throttling', awsError('ThrottlingException', 400)],
    ['500', { status: 500 }],
    ['503 with a page', { status: 503, body: '<html>' }],
    ['InternalServiceFault', awsError('InternalServiceFault', 500)],
  ])('%s passes', async (_name, answer) => {
    server.answer(answer, answer, OK);
    expect(await cloudWatch().putMetricData(DATA, FAR)).toEqual({ kind: 'accepted', requests: 3 });
    expect(server.received).toHaveLength(3);
  });

  it('ends after three tries', async () => {
    server.answer({ status: 503 });
    expect(await cloudWatch().putMetricData(DATA, FAR)).toMatchObject({
      kind: 'later',
      reason: 'server',
      code: 'http-status',
      requests: 3,
      mayHaveArrived: false,
    });
  });

  it('ends when the deadline comes while it waits', async () => {
    server.answer({ status: 500 });
    const target = cloudWatch({ random: () => 1_000 });
    const stop = new AbortController();
    server.decide(() => {
      setImmediate(() => stop.abort());
      return null;
    });
    expect(await target.putMetricData(DATA, stop.signal)).toMatchObject({ kind: 'later', requests: 1 });
  });

  it('does not repeat at once what may have arrived', async () => {
    server.answer('cut');
    expect(await cloudWatch().putMetricData(DATA, FAR)).toMatchObject({
      kind: 'later',
      reason: 'network',
      code: 'reset',
      requests: 1,
      mayHaveArrived: true,
    });
    server.answer('half');
    expect(await cloudWatch().putMetricData(DATA, FAR)).toMatchObject({
      code: 'reset',
      mayHaveArrived: true,
    });
  });

  it('gives up on a server that hangs, and gets through once it answers', async () => {
    server.answer('hang', OK);
    const target = cloudWatch({ timeoutMs: 100 });
    expect(await target.putMetricData(DATA, FAR)).toMatchObject({
      kind: 'later',
      reason: 'network',
      code: 'response-timeout',
      requests: 1,
      mayHaveArrived: true,
    });
    expect(await target.putMetricData(DATA, FAR)).toMatchObject({ kind: 'accepted' });
  });

  it('repeats what nobody listened to', async () => {
    const { port } = server;
    await server[Symbol.asyncDispose]();
    const outcome = await cloudWatch({ endpoint: `http://127.0.0.1:${port}` }).putMetricData(DATA, FAR);
    expect(outcome).toMatchObject({ reason: 'network', code: 'refused', requests: 3, mayHaveArrived: false });
    server = await startCloudWatch();
  });

  it('learns the time from a refusal where nobody else knows it', async () => {
    const serverNow = Date.now() + 3_600_000;
    server.answer(
      { ...awsError('RequestExpired', 400), headers: { date: new Date(serverNow).toUTCString() } },
      OK,
    );
    const target = cloudWatch({ clockCorrectionMs: () => null });
    expect(await target.putMetricData(DATA, FAR)).toEqual({ kind: 'accepted', requests: 2 });
    const signedAt = server.received.map(({ headers }) => amzDate(String(headers['x-amz-date'])));
    expect(Math.abs((signedAt[1] ?? 0) - serverNow)).toBeLessThan(10_000);
  });
});

const amzDate = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
