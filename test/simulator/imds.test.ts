// The token rules and the tree of the box's IMDS, by raw requests.
import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { ask, metadata, ROLE_PATH, TOKEN_PATH, tokenOf } from './ask.ts';

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

let box: Instance;
let imds: string;
beforeAll(async () => {
  box = await startInstance();
  imds = box.endpoints.imds;
});
afterAll(() => box.close());

describe('the token request', () => {
  const put = (headers: Record<string, string>) => ask(imds, { method: 'PUT', path: TOKEN_PATH, headers });

  it.each(['1', '60', '21600'])('grants %s seconds and says so', async (ttl) => {
    const answer = await put({ [TTL]: ttl });
    expect(answer.status).toBe(200);
    expect(answer.headers[TTL]).toBe(ttl);
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.body).toMatch(/^AQAEA[\w-]+==$/);
  });

  it.each(['0', '21601', '-1', '', 'six hours', '1.5', '99999999999'])('refuses %j seconds', async (ttl) => {
    expect((await put({ [TTL]: ttl })).status).toBe(400);
  });

  it('refuses a missing TTL, and whoever forwards it for somebody else', async () => {
    expect((await put({})).status).toBe(400);
    expect((await put({ [TTL]: '60', 'X-Forwarded-For': '10.0.0.9' })).status).toBe(403);
  });

  it.each(['GET', 'POST', 'DELETE'])('answers 405 to %s', async (method) => {
    const answer = await ask(imds, { method, path: TOKEN_PATH, headers: { [TTL]: '60' } });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('OPTIONS, PUT');
  });
});

describe('reading', () => {
  it('wants a token of this box that still lives', async () => {
    let now = Date.UTC(2026, 0, 5);
    const other = await startInstance({}, { wallMs: () => now });
    const path = '/latest/meta-data/instance-id';
    const token = await tokenOf(other.endpoints.imds, '60');
    const read = (endpoint: string, headers: Record<string, string>) => ask(endpoint, { path, headers });

    const fresh = await read(other.endpoints.imds, { [TOKEN]: token });
    now += 59_000;
    const late = await read(other.endpoints.imds, { [TOKEN]: token });
    now += 1000;
    const over = await read(other.endpoints.imds, { [TOKEN]: token });

    expect([fresh.status, late.status, over.status]).toEqual([200, 200, 401]);
    expect([fresh.headers[TTL], late.headers[TTL]]).toEqual(['60', '1']);
    expect((await read(other.endpoints.imds, {})).status).toBe(401);
    expect((await read(imds, { [TOKEN]: token })).status).toBe(401);
    await other.close();
  });

  it('shows headers as the service does', async () => {
    const { headers } = await metadata(imds, '/latest/meta-data/instance-id');
    expect(headers).toMatchObject({ server: 'EC2ws', 'accept-ranges': 'none', 'content-type': 'text/plain' });
    expect(Math.abs(Date.parse(headers['date'] ?? '') - Date.now())).toBeLessThan(5000);
    expect(Date.parse(headers['last-modified'] ?? '')).toBeLessThan(Date.now());
  });

  it.each([
    ['/latest/meta-data/instance-id', 'i-0b0c5eed0b0c5eed0'],
    ['/latest/meta-data/placement/region', 'us-east-1'],
    ['/latest/meta-data/placement/availability-zone', 'us-east-1a'],
    ['/2021-07-15/meta-data/instance-type', 'm7i.large'],
    ['/latest/meta-data/services/domain', 'amazonaws.com'],
    ['/latest/meta-data/placement/', 'availability-zone\nregion'],
    ['/latest/meta-data/iam', 'info\nsecurity-credentials/'],
    [ROLE_PATH, 'app-server'],
    [ROLE_PATH.slice(0, -1), 'app-server'],
    ['/latest/', 'dynamic/\nmeta-data/'],
    ['/', 'latest'],
  ])('%s', async (path, body) => {
    expect(await metadata(imds, path)).toMatchObject({ status: 200, body });
  });

  it.each([
    '/latest/meta-data/nothing',
    '/latest/meta-data/iam/security-credentials/other',
    '/latest/meta-data/iam/security-credentials-extended/',
    '/latest/meta-data/instance-id/x',
    '/earliest/meta-data/',
    '/latestmeta-data/',
  ])('404 for %s', async (path) => {
    const answer = await metadata(imds, path);
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('404 - Not Found');
  });

  it('serves the identity document, the profile and credentials of the real shape', async () => {
    const json = async (path: string) => JSON.parse((await metadata(imds, path)).body);
    expect(await json('/latest/dynamic/instance-identity/document')).toMatchObject({
      accountId: '123456789012',
      instanceId: 'i-0b0c5eed0b0c5eed0',
      region: 'us-east-1',
    });
    expect(await json('/latest/meta-data/iam/info')).toMatchObject({
      Code: 'Success',
      InstanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/app-server',
    });
    const credentials = await json(`${ROLE_PATH}app-server`);
    expect(Object.keys(credentials)).toEqual([
      'Code',
      'LastUpdated',
      'Type',
      'AccessKeyId',
      'SecretAccessKey',
      'Token',
      'Expiration',
    ]);
    expect(credentials.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(credentials.SecretAccessKey).toHaveLength(40);
    expect(credentials.LastUpdated).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('asks for a token first and for nothing else: 401 also where nothing is', async () => {
    expect((await ask(imds, { path: '/latest/meta-data/nothing' })).status).toBe(401);
  });

  it.each(['POST', 'PUT', 'DELETE'])('answers 405 to %s', async (method) => {
    const answer = await ask(imds, {
      method,
      path: '/latest/meta-data/',
      headers: { [TOKEN]: await tokenOf(imds) },
    });
    expect(answer.status).toBe(405);
  });
});

describe('settings of the instance', () => {
  it('IMDSv1 allowed: without a token 200, with a wrong one still 401', async () => {
    const v1 = await startInstance({ imds: { tokensOptional: true } });
    const path = ROLE_PATH;
    expect(await ask(v1.endpoints.imds, { path })).toMatchObject({ status: 200, body: 'app-server' });
    expect((await ask(v1.endpoints.imds, { path, headers: { [TOKEN]: 'wrong' } })).status).toBe(401);
    await v1.close();
  });

  it('role listings with a slash and with several lines', async () => {
    const odd = await startInstance({ credentials: { listing: 'app-server/' } });
    expect((await metadata(odd.endpoints.imds, ROLE_PATH)).body).toBe('app-server/');
    expect((await metadata(odd.endpoints.imds, `${ROLE_PATH}app-server`)).status).toBe(200);
    await odd.change({ credentials: { listing: 'app-server\nother' } });
    expect((await metadata(odd.endpoints.imds, ROLE_PATH)).body).toBe('app-server\nother');
    await odd.close();
  });

  it('adds and takes away paths', async () => {
    const odd = await startInstance({
      imds: { extraPaths: { '/user-data': '#!/bin/sh', '/meta-data/profile': null } },
    });
    expect((await metadata(odd.endpoints.imds, '/latest/user-data')).body).toBe('#!/bin/sh');
    expect((await metadata(odd.endpoints.imds, '/latest/meta-data/profile')).status).toBe(404);
    await odd.close();
  });

  it.each([true, false])('keep-alive %s', async (keepAlive) => {
    const instance = await startInstance({ imds: { keepAlive } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = await tokenOf(instance.endpoints.imds);
    const headers = { [TOKEN]: token };
    for (let i = 0; i < 3; i += 1) {
      await ask(instance.endpoints.imds, { path: '/latest/meta-data/instance-id', headers, agent });
    }
    agent.destroy();
    const connections = new Set(
      instance
        .received()
        .imdsRequests.slice(1)
        .map((one) => one.connection),
    );
    expect(connections.size).toBe(keepAlive ? 1 : 3);
    await instance.close();
  });

  it('forgets tokens when told to', async () => {
    const instance = await startInstance();
    const headers = { [TOKEN]: await tokenOf(instance.endpoints.imds) };
    const path = '/latest/meta-data/instance-id';
    const before = await ask(instance.endpoints.imds, { path, headers });
    instance.forgetTokens();
    const after = await ask(instance.endpoints.imds, { path, headers });
    expect([before.status, after.status]).toEqual([200, 401]);
    expect((await metadata(instance.endpoints.imds, path)).status).toBe(200);
    await instance.close();
  });

  it('counts what it was asked, with and without a token', async () => {
    const instance = await startInstance();
    await ask(instance.endpoints.imds, { path: '/latest/meta-data/' });
    await metadata(instance.endpoints.imds, '/latest/meta-data/');
    expect(instance.received().imdsRequests).toEqual([
      { method: 'GET', path: '/latest/meta-data/', withToken: false, status: 401, connection: 1 },
      { method: 'PUT', path: TOKEN_PATH, withToken: false, status: 200, connection: 2 },
      { method: 'GET', path: '/latest/meta-data/', withToken: true, status: 200, connection: 3 },
    ]);
    await instance.close();
  });
});
