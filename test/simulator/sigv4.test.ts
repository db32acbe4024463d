// Who the box believes: requests signed by the JS SDK, and the same with one thing wrong.
import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { type Ask, ask, credentialsOf, type ServedCredentials, type Signing, signed } from './ask.ts';

let box: Instance;
let sts: string;
let served: ServedCredentials;
beforeAll(async () => {
  box = await startInstance();
  sts = box.endpoints.sts;
  served = await credentialsOf(box.endpoints.imds);
});
afterAll(() => box.close());

const IDENTITY: Ask = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: 'Action=GetCallerIdentity&Version=2011-06-15',
};
const sign = (signing: Partial<Signing> = {}, asked: Ask = IDENTITY): Promise<Ask> =>
  signed(sts, asked, { service: 'sts', credentials: served, ...signing });
const codeOf = (xml: string): string => /<Code>([^<]*)<\/Code>/.exec(xml)?.[1] ?? xml;
const messageOf = (xml: string): string => /<Message>([^<]*)<\/Message>/.exec(xml)?.[1] ?? xml;

describe('a right signature', () => {
  it('tells who signed, in XML', async () => {
    const answer = await ask(sts, await sign());
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/xml');
    expect(answer.body).toContain(
      '<Arn>arn:aws:sts::123456789012:assumed-role/app-server/i-0b0c5eed0b0c5eed0</Arn>',
    );
    expect(answer.body).toContain('<Account>123456789012</Account>');
  });

  it('tells it in JSON to whoever asks so', async () => {
    const headers = { ...IDENTITY.headers, accept: 'application/json' };
    const answer = await ask(sts, await sign({}, { ...IDENTITY, headers }));
    expect(JSON.parse(answer.body).GetCallerIdentityResponse.GetCallerIdentityResult.Account).toBe(
      '123456789012',
    );
  });

  it('may come with a GET and odd characters in the query', async () => {
    const path = "/?Action=GetCallerIdentity&Version=2011-06-15&Tag=a%20b!'()*~/é&Empty=";
    const answer = await ask(sts, await sign({}, { method: 'GET', path: encodeURI(decodeURI(path)) }));
    expect(answer.status).toBe(200);
  });

  it('may be nearly five minutes off', async () => {
    for (const offMs of [-290_000, 290_000]) {
      const answer = await ask(sts, await sign({ at: new Date(Date.now() + offMs) }));
      expect(answer.status).toBe(200);
    }
  });
});

describe('a wrong one', () => {
  const changedHeaders = async (change: Record<string, string>): Promise<Ask> => {
    const asked = await sign();
    return { ...asked, headers: { ...asked.headers, ...change } };
  };
  const withAuthorization = async (edit: (header: string) => string): Promise<Ask> => {
    const asked = await sign();
    return changedHeaders({ authorization: edit(asked.headers?.['authorization'] ?? '') });
  };
  const lastHex = (header: string): string => header.slice(0, -1) + (header.endsWith('0') ? '1' : '0');
  const mismatch = /^The request signature we calculated/;

  it.each<[string, () => Promise<Ask>, number, string, RegExp]>([
    ['none', async () => IDENTITY, 403, 'MissingAuthenticationToken', /missing/i],
    ['another scheme', () => changedHeaders({ authorization: 'Bearer x' }), 400, 'IncompleteSignature', /./],
    ['one digit', () => withAuthorization(lastHex), 403, 'SignatureDoesNotMatch', mismatch],
    [
      'another secret',
      () => sign({ credentials: { ...served, SecretAccessKey: 'x'.repeat(40) } }),
      403,
      'SignatureDoesNotMatch',
      mismatch,
    ],
    [
      'another body',
      async () => ({ ...(await sign()), body: `${IDENTITY.body}&X=1` }),
      403,
      'SignatureDoesNotMatch',
      mismatch,
    ],
    [
      'another header that was signed',
      () => changedHeaders({ 'content-type': 'text/plain' }),
      403,
      'SignatureDoesNotMatch',
      mismatch,
    ],
    ['another path', async () => ({ ...(await sign()), path: '/x' }), 403, 'SignatureDoesNotMatch', mismatch],
    [
      'another query',
      async () => ({ ...(await sign()), path: '/?a=1' }),
      403,
      'SignatureDoesNotMatch',
      mismatch,
    ],
    [
      'an unknown key',
      () => sign({ credentials: { ...served, AccessKeyId: 'ASIAAAAAAAAAAAAAAAAA' } }),
      403,
      'InvalidClientTokenId',
      /is invalid/,
    ],
    [
      'another session token',
      () => sign({ credentials: { ...served, Token: 'x' } }),
      403,
      'InvalidClientTokenId',
      /is invalid/,
    ],
    [
      'another service',
      () => sign({ service: 'monitoring' }),
      403,
      'SignatureDoesNotMatch',
      /correct service: &#39;sts/,
    ],
    ['another region', () => sign({ region: 'eu-west-1' }), 403, 'SignatureDoesNotMatch', /valid region/],
    [
      'no host among the signed headers',
      () => withAuthorization((header) => header.replace('host;', '')),
      403,
      'SignatureDoesNotMatch',
      /must be a &#39;SignedHeader/,
    ],
    [
      'five minutes late',
      () => sign({ at: new Date(Date.now() - 310_000) }),
      403,
      'SignatureDoesNotMatch',
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    ],
    [
      'five minutes early',
      () => sign({ at: new Date(Date.now() + 310_000) }),
      403,
      'SignatureDoesNotMatch',
      /^Signature not yet current: .* \+ 5 min\.\)$/,
    ],
    ['no date', () => changedHeaders({ 'x-amz-date': 'yesterday' }), 400, 'IncompleteSignature', /Date/],
  ])('%s', async (_, make, status, code, message) => {
    const answer = await ask(sts, await make());
    expect(answer.status).toBe(status);
    expect(codeOf(answer.body)).toBe(code);
    expect(messageOf(answer.body)).toMatch(message);
  });

  it('credentials that have expired', async () => {
    let now = Date.now();
    const stuck = await startInstance(
      { credentials: { rotateEverySeconds: null, updatedAgoSeconds: 0, validForSeconds: 100 } },
      { wallMs: () => now },
    );
    const credentials = await credentialsOf(stuck.endpoints.imds);
    const identity = async () => {
      const at = new Date(now);
      return ask(
        stuck.endpoints.sts,
        await signed(stuck.endpoints.sts, IDENTITY, { service: 'sts', credentials, at }),
      );
    };
    now += 98_000;
    expect((await identity()).status).toBe(200);
    now += 3000;
    const over = await identity();
    expect([over.status, codeOf(over.body)]).toEqual([403, 'ExpiredToken']);
    await stuck.close();
  });

  it('and no operation but GetCallerIdentity', async () => {
    const answer = await ask(
      sts,
      await sign({}, { ...IDENTITY, body: 'Action=AssumeRole&Version=2011-06-15' }),
    );
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'InvalidAction']);
  });
});

describe('the JS SDK', () => {
  const client = (config: Partial<CloudWatchClientConfig> = {}): CloudWatchClient =>
    new CloudWatchClient({
      endpoint: box.endpoints.cloudwatch,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: {
        accessKeyId: served.AccessKeyId,
        secretAccessKey: served.SecretAccessKey,
        sessionToken: served.Token,
      },
      ...config,
    });
  const put = (count: number): PutMetricDataCommand =>
    new PutMetricDataCommand({
      Namespace: 'ImdsProbe',
      MetricData: Array.from({ length: count }, (_, i) => ({
        MetricName: `Metric${i}`,
        Dimensions: [{ Name: 'Fleet', Value: 'default' }],
        Timestamp: new Date(Math.floor(Date.now() / 1000) * 1000),
        Unit: 'Milliseconds',
        Values: [1.5, 2],
        Counts: [3, 1],
      })),
    });

  it('is believed, plain and gzipped', async () => {
    const before = box.received().metrics.length;
    const one = client();
    await one.send(put(1));
    await one.send(put(300));
    one.destroy();
    const metrics = box.received().metrics.slice(before);
    expect(metrics).toHaveLength(301);
    expect(metrics[300]).toMatchObject({
      namespace: 'ImdsProbe',
      name: 'Metric299',
      dimensions: { Fleet: 'default' },
      unit: 'Milliseconds',
      values: [1.5, 2],
      counts: [3, 1],
      statistics: null,
    });
    expect(Math.abs((metrics[300]?.timestamp ?? 0) - Date.now() / 1000)).toBeLessThan(10);
  });

  it('hears the codes it knows', async () => {
    const wrong = client({ credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' } });
    await expect(wrong.send(put(1))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      $metadata: { httpStatusCode: 403 },
    });
    const odd = client();
    await expect(
      odd.send(new PutMetricDataCommand({ Namespace: 'AWS/EC2', MetricData: [] })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The value AWS/ for parameter Namespace is invalid.',
    });
    wrong.destroy();
    odd.destroy();
  });
});
