// Holds the container client to servers on loopback, and to the hosts it must never ask.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askContainer, containerTarget } from '../../../../src/clients/host/chain/container.ts';
import type { Reach } from '../../../../src/clients/host/chain/reach.ts';
import { createChainReader } from '../../../../src/clients/host/chain/reader.ts';

const REACH: Reach = { user: null, root: null, folder: '/' };
const KEY = 'ASIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMIsecret';
const never = new AbortController().signal;
const good = JSON.stringify({
  AccessKeyId: KEY,
  SecretAccessKey: SECRET,
  Token: 'token',
  Expiration: '2026-11-23T18:00:00Z',
});

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/creds`;
}

async function ask(url: string, more: Record<string, string> = {}) {
  const environment = new Map(Object.entries({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url, ...more }));
  const target = containerTarget(environment);
  if (target === null) throw new Error('no target');
  return askContainer(target, environment, REACH, never);
}

describe('the endpoint', () => {
  it('gives credentials, of which only the shown part is shown', async () => {
    let header: string | undefined;
    const url = await serve((request, response) => {
      header = request.headers.authorization;
      response.end(good);
    });
    const answer = await ask(url, { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Bearer t' });
    expect(answer.shown).toMatchObject({
      state: 'answered',
      key: { accessKeyId: 'ASIA…MPLE', kind: 'temporary' },
      expiration: '2026-11-23T18:00:00Z',
    });
    expect(answer.signing?.secretAccessKey).toBe(SECRET);
    expect(JSON.stringify(answer.shown)).not.toMatch(/wJalr|Bearer|creds/);
    expect(header).toBe('Bearer t');
  });

  it('takes the token from its file, which comes first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imds-probe-container-'));
    const path = join(folder, 'token');
    writeFileSync(path, 'from-file');
    let header: string | undefined;
    const url = await serve((request, response) => {
      header = request.headers.authorization;
      response.end(good);
    });
    await ask(url, { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path });
    rmSync(folder, { recursive: true });
    expect(header).toBe('from-file');
  });

  it.each<[string, RequestListener, string]>([
    ['403', (_request, response) => response.writeHead(403).end('no'), 'HTTP 403'],
    ['no credentials', (_request, response) => response.end('{}'), 'without credentials'],
    ['no JSON', (_request, response) => response.end('<html>'), 'without credentials'],
    ['a huge body', (_request, response) => response.end('x'.repeat(70_000)), '64 KiB'],
    [
      'a body cut off',
      (_request, response) =>
        response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
      'failed',
    ],
    ['nothing', (request) => request.socket.destroy(), 'failed'],
  ])('answers with %s', async (_name, listener, says) => {
    const { shown } = await ask(await serve(listener));
    expect(shown.state).toBe('failed');
    expect(shown.detail).toContain(says);
  });

  it('is not there', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect((await ask(`http://127.0.0.1:${port}/`)).shown.detail).toContain('refused');
  });

  it.each([
    ['a token with a line break', { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a\r\nHost: x' }, 'no legal header'],
    [
      'a token file that is not there',
      { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nowhere/token' },
      'is absent',
    ],
  ])('is not asked with %s', async (_name, more, says) => {
    let asked = false;
    const url = await serve((_request, response) => {
      asked = true;
      response.end(good);
    });
    expect((await ask(url, more)).shown.detail).toContain(says);
    expect(asked).toBe(false);
  });
});

describe('what is asked at all', () => {
  it.each([
    ['http://127.0.0.1:1234/x', true],
    ['http://127.8.9.1/x', true],
    ['http://localhost/x', true],
    ['http://[::1]:80/x', true],
    ['http://169.254.170.2/v2', true],
    ['http://169.254.170.23/v1', true],
    ['http://[fd00:ec2::23]/v1', true],
    ['https://anywhere.example/x', true],
    ['http://anywhere.example/x', false],
    ['http://169.254.169.254/latest', false],
    ['http://10.0.0.1/', false],
    ['http://127.0.0.1.evil.example/', false],
    ['http://[::2]/', false],
    ['http://2130706433/', true],
    ['ftp://127.0.0.1/', false],
    ['file:///etc/shadow', false],
    ['no URL', false],
  ])('%s: %s', (url, allowed) => {
    const target = containerTarget(new Map([['AWS_CONTAINER_CREDENTIALS_FULL_URI', url]]));
    expect([target?.shown.allowed, target?.url !== null]).toEqual([allowed, allowed]);
  });

  it.each([
    ['/v2/credentials/1', true],
    ['@evil.example/', false],
    ['.evil.example/', false],
    [':80@evil.example/', false],
    [':80@169.254.170.2/', false],
  ])('a relative %s stays at the agent: %s', (path, allowed) => {
    const target = containerTarget(new Map([['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', path]]));
    expect(target?.shown.allowed).toBe(allowed);
    if (allowed) expect(target?.url?.host).toBe('169.254.170.2');
  });
});

describe('the reader', () => {
  const read = async (askContainers: boolean, environment: Record<string, string>) => {
    const reader = createChainReader({
      environment,
      home: null,
      profile: null,
      pid: null,
      allProcesses: false,
      runCredentialProcess: false,
      askContainers,
      networkCommand: null,
      wallMs: Date.now,
    });
    const world = await reader.world(never);
    return {
      container: world.ok ? world.value.environment.container : null,
      signing: reader.signing('container'),
    };
  };

  it('asks where the chain comes so far, and keeps what signs to itself', async () => {
    const url = await serve((_request, response) => response.end(good));
    const seen = await read(true, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
    expect(seen.container?.state).toBe('answered');
    expect(seen.signing?.accessKeyId).toBe(KEY);
  });

  it.each([
    ['offline', 'left-out', false, {}],
    ['behind the environment', 'not-asked', true, { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET }],
  ])('does not ask %s', async (_name, state, askContainers, more) => {
    let asked = false;
    const url = await serve((_request, response) => {
      asked = true;
      response.end(good);
    });
    const seen = await read(askContainers, { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, ...more });
    expect([seen.container?.state, asked]).toEqual([state, false]);
  });
});
