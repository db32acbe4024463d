// The metadata options by EC2: asked of the box, refused, and answered badly.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEc2 } from '../../../src/clients/aws/ec2.ts';
import type { QueryClientOptions } from '../../../src/clients/aws/query.ts';
import { unauthorizedOperation } from '../../../src/simulator/aws/errors.ts';
import type { BehaviourChange } from '../../../src/simulator/behaviour.ts';
import { startInstance } from '../../../src/simulator/instance.ts';
import { credentialsOf } from '../../simulator/ask.ts';

const never = new AbortController().signal;
const CREDENTIALS = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'FwoGZXIvYXdzEBYaDHqa0AP1example',
};
const ID = 'i-0b0c5eed0b0c5eed0';

function ec2(changes: Partial<QueryClientOptions>) {
  const client = createEc2({
    region: () => 'us-east-1',
    environment: {},
    clockCorrectionMs: () => null,
    wallMs: Date.now,
    userAgent: ['imds-probe', '0'],
    ...changes,
  });
  onTestFinished(() => client.close());
  return client;
}

async function box(change: BehaviourChange = {}) {
  const instance = await startInstance(change);
  onTestFinished(() => instance.close());
  const json = await credentialsOf(instance.endpoints.imds);
  const credentials = {
    accessKeyId: json.AccessKeyId,
    secretAccessKey: json.SecretAccessKey,
    sessionToken: json.Token,
  };
  return { instance, credentials, client: ec2({ endpoint: instance.endpoints.ec2 }) };
}

/** A server that gives every request the same answer. */
async function answering(status: number, body: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const OPTIONS = (inner: string): string =>
  `<DescribeInstancesResponse><metadataOptions>${inner}</metadataOptions></DescribeInstancesResponse>`;
const REQUIRED = '<httpTokens>required</httpTokens><httpEndpoint>enabled</httpEndpoint>';

describe('in the box', () => {
  it.each<[string, BehaviourChange, object]>([
    [
      'as EC2 makes them now',
      {},
      { httpTokens: 'required', httpPutResponseHopLimit: 1, httpEndpoint: 'enabled' },
    ],
    ['IMDSv1 allowed', { imds: { tokensOptional: true } }, { httpTokens: 'optional' }],
    ['a hop limit of 3', { imds: { hopLimit: 3 } }, { httpPutResponseHopLimit: 3 }],
  ])('%s', async (_, change, options) => {
    const { client, credentials, instance } = await box(change);
    expect(await client.metadataOptions(ID, credentials, never)).toMatchObject({
      ok: true,
      value: { asked: true, state: 'applied', ...options },
    });
    expect(instance.received().ec2Requests).toBe(1);
  });

  it('tells disabled from enabled', async () => {
    const { client, credentials, instance } = await box();
    await instance.change({ imds: { faults: [{ answer: { status: 403 } }] } });
    const options = await client.metadataOptions(ID, credentials, never);
    expect(options).toMatchObject({ ok: true, value: { httpEndpoint: 'disabled' } });
  });

  it.each<[string, BehaviourChange, string, object]>([
    [
      'a role that may not',
      { ec2: { faults: [{ error: unauthorizedOperation() }] } },
      ID,
      { kind: 'permission', detail: 'the role may not ec2:DescribeInstances (UnauthorizedOperation)' },
    ],
    [
      'another instance',
      {},
      'i-0ffffffffffffffff',
      { kind: 'http-status', status: 400, detail: expect.stringContaining('InvalidInstanceID.NotFound') },
    ],
    [
      'expired credentials',
      { credentials: { validForSeconds: 700 } },
      ID,
      { kind: 'http-status', status: 403 },
    ],
    ['nobody there', { ec2: { refused: true } }, ID, { detail: expect.stringContaining('refused') }],
  ])('%s', async (_, change, id, failure) => {
    const { client, credentials } = await box(change);
    expect(await client.metadataOptions(id, credentials, never)).toMatchObject({ ok: false, failure });
  });
});

describe('answers that are not EC2’s', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['no options', '<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>'],
    ['a page', '<html><title>Please sign in</title></html>'],
    [
      'values that EC2 never gives',
      OPTIONS('<httpTokens>maybe</httpTokens><httpEndpoint>enabled</httpEndpoint>'),
    ],
    ['two instances', OPTIONS(REQUIRED) + OPTIONS(REQUIRED)],
  ])('%s', async (_, body) => {
    const client = ec2({ endpoint: await answering(200, body) });
    const result = await client.metadataOptions(ID, CREDENTIALS, never);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
  });

  it.each([
    ['0', null],
    ['65', null],
    ['1e1', null],
    ['64', 64],
  ])('a hop limit of %s', async (text, limit) => {
    const body = OPTIONS(`${REQUIRED}<httpPutResponseHopLimit>${text}</httpPutResponseHopLimit>`);
    const result = await ec2({ endpoint: await answering(200, body) }).metadataOptions(
      ID,
      CREDENTIALS,
      never,
    );
    expect(result).toMatchObject({ ok: true, value: { httpPutResponseHopLimit: limit, state: null } });
  });

  it('an error that repeats what it was sent gives no secret away', async () => {
    const { secretAccessKey, sessionToken } = CREDENTIALS;
    const body = `<Response><Errors><Error><Code>X\u001b[1m</Code><Message>you sent ${secretAccessKey} and ${sessionToken}</Message></Error></Errors></Response>`;
    const result = await ec2({ endpoint: await answering(400, body) }).metadataOptions(
      ID,
      CREDENTIALS,
      never,
    );
    expect(result).toMatchObject({ ok: false, failure: { kind: 'http-status', status: 400 } });
    expect(JSON.stringify(result)).not.toMatch(/wJal|FwoG|\\u001b/);
  });

  it('far too much of it', async () => {
    const client = ec2({ endpoint: await answering(200, 'x'.repeat(1_000_000)) });
    expect((await client.metadataOptions(ID, CREDENTIALS, never)).ok).toBe(false);
  });
});

it('does not ask where the Region is not known, or in vain beyond its limit', async () => {
  const nowhere = ec2({ region: () => null });
  expect(await nowhere.metadataOptions(ID, CREDENTIALS, never)).toMatchObject({
    ok: false,
    failure: { kind: 'unroutable' },
    attempts: 0,
  });
  const { credentials, instance } = await box({ ec2: { faults: [{ wire: 'hang' }] } });
  const client = ec2({ endpoint: instance.endpoints.ec2, timeoutMs: 100 });
  expect(await client.metadataOptions(ID, credentials, never)).toMatchObject({
    ok: false,
    failure: { kind: 'response-timeout' },
  });
});
