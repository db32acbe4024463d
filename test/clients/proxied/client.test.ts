// One metadata request through a real proxy on loopback: what is sent, what never is, and what is made of the answer.
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readProxySettings } from '../../../src/clients/host/proxy.ts';
import { createProxiedClient } from '../../../src/clients/proxied/client.ts';
import { succeeded } from '../../../src/core/outcome.ts';

const IMDS = 'http://169.254.169.254';
const TOKEN = 'AQAEAK7secretsecretsecretsecretsecretsecretsecretsecret==';
const signal = new AbortController().signal;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

/** A proxy that answers by itself. */
async function startProxy(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, place: `127.0.0.1:${port}` };
}

interface Circumstances {
  readonly variables?: Record<string, string>;
  readonly endpoint?: string;
  readonly offline?: boolean;
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

function client(
  place: string,
  { variables, endpoint = IMDS, offline = false, timeoutMs = 2000, now }: Circumstances = {},
) {
  const environment = variables ?? { http_proxy: `http://${place}` };
  return createProxiedClient({
    settings: async () =>
      succeeded(await readProxySettings({ variables: environment, endpoint, root: null })),
    timeoutMs,
    offline,
    clock: { monotonicMs: now ?? (() => performance.now()) },
  });
}

const replying =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };

describe('what is sent', () => {
  test('a PUT for a token in absolute form, and no password, to the proxy of most clients', async () => {
    const { asked, place } = await startProxy(replying(404, 'nothing here'));
    const result = await client(place, { variables: { http_proxy: `http://me:hunter2@${place}` } }).ask(
      signal,
    );
    expect(asked).toHaveLength(1);
    expect(asked[0]?.line).toBe(`PUT ${IMDS}/latest/api/token`);
    expect(asked[0]?.headers).toMatchObject({
      host: '169.254.169.254',
      'x-aws-ec2-metadata-token-ttl-seconds': '5',
    });
    expect(asked[0]?.headers['proxy-authorization']).toBeUndefined();
    expect(asked[0]?.headers['x-forwarded-for']).toBeUndefined();
    expect(result).toMatchObject({
      ok: true,
      value: { asked: true, proxy: place, status: 404, content: 'text' },
    });
  });

  test('over IPv6 with brackets in the host', async () => {
    const { asked, place } = await startProxy(replying(404, ''));
    await client(place, { endpoint: 'http://[fd00:ec2::254]' }).ask(signal);
    expect(asked[0]?.line).toBe('PUT http://[fd00:ec2::254]/latest/api/token');
    expect(asked[0]?.headers.host).toBe('[fd00:ec2::254]');
  });

  test.each<readonly [string, Circumstances, string]>([
    ['no proxy', { variables: {} }, 'no client here sends metadata requests to a proxy'],
    [
      'everybody exempted',
      {
        variables: {
          http_proxy: 'http://127.0.0.1:9',
          no_proxy: '169.254.169.254',
          NO_PROXY: '169.254.169.254',
        },
      },
      'no client here sends metadata requests to a proxy',
    ],
    ['--offline', { offline: true }, 'left out by --offline'],
    [
      'SOCKS',
      { variables: { all_proxy: 'socks5://127.0.0.1:1080' } },
      'imds-probe does not speak to socks5 proxies',
    ],
    [
      'a host that may be a password',
      { variables: { http_proxy: 'http://me:31337/hunter2@127.0.0.1:9' } },
      'the proxy variable can be read in several ways',
    ],
  ])('nothing: %s', async (_name, circumstances, because) => {
    const { asked, place } = await startProxy(replying(200, TOKEN));
    const result = await client(place, circumstances).ask(signal);
    expect(result).toMatchObject({ ok: true, attempts: 0, value: { asked: false, because, status: null } });
    expect(asked).toEqual([]);
  });

  test('once an hour, however often it is asked; after a failure again', async () => {
    let now = 0;
    let status = 404;
    const { asked, place } = await startProxy((request, response) => {
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end();
    });
    const port = client(place, { now: () => now });
    await port.ask(signal);
    now += 3_599_999;
    expect(await port.ask(signal)).toMatchObject({ ok: true, attempts: 0, value: { status: 404 } });
    expect(asked).toHaveLength(1);
    now += 1;
    status = 0;
    expect(await port.ask(signal)).toMatchObject({ ok: false, failure: { kind: 'reset' } });
    status = 502;
    expect(await port.ask(signal)).toMatchObject({ ok: true, value: { status: 502 } });
    expect(asked).toHaveLength(3);
  });
});

describe('what comes back', () => {
  test.each<readonly [string, Parameters<typeof replying>, object]>([
    [
      'a login page',
      [200, '<!DOCTYPE html><title>Sign\u0007 in  to proxy</title>', { server: 'squid/5.7' }],
      { content: 'html', title: 'Sign in to proxy', server: 'squid/5.7' },
    ],
    [
      'a page by its type',
      [503, 'x <title></title>', { 'content-type': 'text/html' }],
      { content: 'html', title: null },
    ],
    ['JSON', [200, '{"error":"no"}', { via: '1.1 proxy' }], { content: 'json', server: '1.1 proxy' }],
    ['nothing', [204, ''], { status: 204, content: 'empty', server: null }],
    ['a password wanted', [407, ''], { status: 407 }],
    ['a refusal', [403, 'Forbidden'], { status: 403, content: 'text' }],
    ['something short', [200, 'ok'], { content: 'text', instanceId: null }],
    ['a token with another status', [201, TOKEN], { content: 'text' }],
    ['secrets in a title', [502, `<html><title>${TOKEN}</title>`], { title: '…' }],
  ])('%s', async (_name, reply, expected) => {
    const { asked, place } = await startProxy(replying(...reply));
    const result = await client(place).ask(signal);
    expect(result).toMatchObject({ ok: true, value: expected });
    expect(JSON.stringify(result)).not.toMatch(/secretsecret/);
    expect(asked).toHaveLength(1);
  });

  const behind = (identity: (response: ServerResponse) => void) =>
    startProxy((request, response) => {
      if (request.method === 'PUT') response.end(TOKEN);
      else identity(response);
    });

  test('a metadata service tells whose it is, by the token it gave', async () => {
    const { asked, place } = await behind((response) =>
      response.end('{"instanceId":"i-0abc","region":"eu-west-1"}'),
    );
    const result = await client(place).ask(signal);
    expect(result).toMatchObject({
      ok: true,
      value: { status: 200, content: 'token', instanceId: 'i-0abc' },
    });
    expect(JSON.stringify(result)).not.toContain('secret');
    expect(asked.map(({ line }) => line)).toEqual([
      `PUT ${IMDS}/latest/api/token`,
      `GET ${IMDS}/latest/dynamic/instance-identity/document`,
    ]);
    expect(asked[1]?.headers['x-aws-ec2-metadata-token']).toBe(TOKEN);
  });

  test.each<readonly [string, (response: ServerResponse) => void]>([
    ['refuses', (response) => response.writeHead(401).end()],
    ['talks nonsense', (response) => response.end('<html>')],
    ['hangs up', (response) => response.destroy()],
  ])('a metadata service that %s is of nobody known', async (_name, identity) => {
    const { place } = await behind(identity);
    expect(await client(place).ask(signal)).toMatchObject({
      ok: true,
      value: { content: 'token', instanceId: null },
    });
  });

  test('nobody there', async () => {
    const { place } = await startProxy(replying(200, ''));
    for (const close of closing.splice(0)) close();
    expect(await client(place).ask(signal)).toMatchObject({ ok: false, failure: { kind: 'refused' } });
  });

  test('silence, bounded by the time-out', async () => {
    const { place } = await startProxy(() => undefined);
    const result = await client(place, { timeoutMs: 50 }).ask(signal);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'response-timeout' } });
  });

  test('too much', async () => {
    const { place } = await startProxy(replying(200, 'x'.repeat(70_000)));
    expect(await client(place).ask(signal)).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
  });
});
