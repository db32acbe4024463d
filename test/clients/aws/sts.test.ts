// Holds the STS client to AWS's own signing vector, to the box, and to servers that answer badly.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { QueryClientOptions } from '../../../src/clients/aws/query.ts';
import { signedHeaders } from '../../../src/clients/aws/sigv4.ts';
import { createSts } from '../../../src/clients/aws/sts.ts';
import { createChainPort } from '../../../src/clients/chain-port.ts';
import { createChainReader } from '../../../src/clients/host/chain/reader.ts';
import { serviceEndpoint } from '../../../src/facts/aws-endpoints.ts';
import { startInstance } from '../../../src/simulator/instance.ts';
import { credentialsOf } from '../../simulator/ask.ts';

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE0',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const never = new AbortController().signal;

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sts = (changes: Partial<QueryClientOptions>) =>
  createSts({
    region: () => 'eu-west-1',
    environment: {},
    clockCorrectionMs: () => 0,
    wallMs: Date.now,
    userAgent: ['imds-probe', '0'],
    ...changes,
  });

describe('signing', () => {
  it('agrees with the vector that AWS publishes (post-x-www-form-urlencoded)', () => {
    const { authorization } = signedHeaders({
      method: 'POST',
      url: new URL('https://example.amazonaws.com/'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
      service: 'service',
      region: 'us-east-1',
      credentials: { ...CREDENTIALS, accessKeyId: 'AKIDEXAMPLE' },
      nowMs: Date.parse('2015-08-30T12:36:00Z'),
    });
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    );
  });
});

describe('headers', () => {
  it('are signed in order, the token among them', () => {
    const { authorization } = signedHeaders({
      method: 'POST',
      url: new URL('https://sts.example/'),
      headers: { 'user-agent': 'x', 'content-type': 'y' },
      body: '',
      service: 'sts',
      region: 'us-east-1',
      credentials: { ...CREDENTIALS, sessionToken: 't' },
      nowMs: 0,
    });
    expect(authorization).toContain(
      'SignedHeaders=content-type;host;user-agent;x-amz-date;x-amz-security-token,',
    );
  });
});

describe('the box', () => {
  it('accepts the role, and calls strange credentials by their name', async () => {
    const box = await startInstance();
    const client = sts({ endpoint: box.endpoints.sts, region: () => 'us-east-1' });
    try {
      const { AccessKeyId, SecretAccessKey, Token } = await credentialsOf(box.endpoints.imds);
      const served = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
      expect(await client.callerIdentity(served, never)).toMatchObject({
        state: 'accepted',
        accountId: '123456789012',
        arn: expect.stringContaining(':assumed-role/'),
      });
      expect(await client.callerIdentity(CREDENTIALS, never)).toMatchObject({
        state: 'refused',
        code: 'InvalidClientTokenId',
      });
      expect(await client.callerIdentity({ ...served, secretAccessKey: 'wrong' }, never)).toMatchObject({
        state: 'refused',
        code: 'SignatureDoesNotMatch',
      });
    } finally {
      client.close();
      await box.close();
    }
  });
});

const ERROR = (code: string, message: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

describe('other answers', () => {
  it.each<[string, RequestListener, object]>([
    [
      'ExpiredToken',
      (_request, response) =>
        response
          .writeHead(403)
          .end(ERROR('ExpiredToken', 'The security token included in the request is expired')),
      {
        state: 'refused',
        code: 'ExpiredToken',
        detail: 'The security token included in the request is expired',
      },
    ],
    [
      'an echoed secret',
      (_request, response) =>
        response.writeHead(403).end(ERROR('Odd', `you sent ${CREDENTIALS.secretAccessKey}`)),
      { state: 'refused', code: 'Odd', detail: 'you sent …' },
    ],
    [
      'a key id for a code',
      (_request, response) => response.writeHead(403).end(ERROR('AKIAIOSFODNN7EXAMPLE', 'no')),
      { state: 'failed', code: null },
    ],
    [
      'an identity in a refusal',
      (_request, response) =>
        response
          .writeHead(403)
          .end('<Arn>arn:aws:iam::123456789012:user/u</Arn><Account>123456789012</Account>'),
      { state: 'failed' },
    ],
    ['a login page', (_request, response) => response.end('<html><Arn>x</Arn></html>'), { state: 'failed' }],
    [
      'HTTP 500',
      (_request, response) => response.writeHead(500).end(ERROR('Boom', 'x')),
      { state: 'failed' },
    ],
    ['a megabyte', (_request, response) => response.end('x'.repeat(1_000_000)), { state: 'failed' }],
    ['nothing', (request) => request.socket.destroy(), { state: 'failed' }],
  ])('%s', async (_name, listener, expected) => {
    const client = sts({ endpoint: await serve(listener) });
    const answer = await client.callerIdentity(CREDENTIALS, never);
    client.close();
    expect(answer).toMatchObject(expected);
    expect(JSON.stringify(answer)).not.toContain('wJalr');
  });

  it('silence ends with the time-out, whatever the connection does', async () => {
    const client = sts({ endpoint: await serve(() => undefined), timeoutMs: 100 });
    expect(await client.callerIdentity(CREDENTIALS, never)).toMatchObject({ state: 'failed' });
    client.close();
  });

  it('is not asked without a Region', async () => {
    const client = sts({ region: () => null });
    expect(client.endpoint()).toBeNull();
    expect(await client.callerIdentity(CREDENTIALS, never)).toMatchObject({ state: 'not-asked' });
  });
});

describe('endpoints', () => {
  it.each([
    ['eu-west-1', 'https://sts.eu-west-1.amazonaws.com'],
    ['cn-north-1', 'https://sts.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'https://sts.us-gov-west-1.amazonaws.com'],
    ['us-iso-east-1', 'https://sts.us-iso-east-1.c2s.ic.gov'],
    ['eusc-de-east-1', 'https://sts.eusc-de-east-1.amazonaws.eu'],
    ['evil.example/', null],
    ['', null],
  ])('%j → %s', (region, endpoint) => expect(serviceEndpoint('sts', region)).toBe(endpoint));
});

describe('the port', () => {
  const port = (environment: Record<string, string>, endpoint: string | null, role = true) =>
    createChainPort({
      reader: createChainReader({
        environment,
        home: null,
        profile: null,
        pid: null,
        allProcesses: false,
        runCredentialProcess: false,
        askContainers: false,
        networkCommand: null,
        wallMs: Date.now,
      }),
      sts: endpoint === null ? null : sts({ endpoint }),
      roleCredentials: () => (role ? { ...CREDENTIALS, accessKeyId: 'ASIAROLEROLEROLE' } : null),
      path: '/nowhere',
    });
  const KEYS = { AWS_ACCESS_KEY_ID: 'ASIAENVENVENVENV', AWS_SECRET_ACCESS_KEY: 's' };

  it('asks for the winner and for the role', async () => {
    const endpoint = await serve((request, response) => {
      const expired = request.headers.authorization?.includes('ASIAENV') === true;
      if (expired) response.writeHead(403).end(ERROR('ExpiredToken', 'expired'));
      else
        response.end('<Arn>arn:aws:sts::123456789012:assumed-role/r/i</Arn><Account>123456789012</Account>');
    });
    const chain = port(KEYS, endpoint);
    await chain.world(never);
    const answer = await chain.identities('environment', never);
    expect(answer).toMatchObject({
      ok: true,
      value: { source: 'environment', winner: { code: 'ExpiredToken' }, role: { state: 'accepted' } },
    });
  });

  it('asks once where the role wins', async () => {
    let asked = 0;
    const endpoint = await serve((_request, response) => {
      asked += 1;
      response.end('<Arn>arn:aws:sts::123456789012:assumed-role/r/i</Arn><Account>123456789012</Account>');
    });
    const answer = await port({}, endpoint).identities('instance-role', never);
    expect(asked).toBe(1);
    expect(answer).toMatchObject({
      ok: true,
      value: { winner: { state: 'accepted' }, role: { state: 'accepted' } },
    });
  });

  it.each([
    ['offline', null, true],
    ['without credentials', 'http://127.0.0.1:1', false],
  ])('asks nobody %s', async (_name, endpoint, role) => {
    const answer = await port({}, endpoint, role).identities(null, never);
    expect(answer).toMatchObject({
      ok: true,
      value: { winner: { state: 'not-asked' }, role: { state: 'not-asked' } },
    });
  });

  it('finds no AWS CLI where there is none', async () => {
    expect(await port({}, null).awsCli(never)).toMatchObject({ ok: true, value: { path: null } });
  });
});
