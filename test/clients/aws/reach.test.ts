// One walk to an endpoint, over real sockets: where each kind of trouble ends it, by which way, and what is seen of TLS.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxyRoute } from '../../../src/clients/aws/proxy.ts';
import { certificateOf } from '../../../src/clients/aws/reach/certificate.ts';
import { type Walk, type WalkOptions, walk } from '../../../src/clients/aws/reach/walk.ts';
import { startProxy } from '../../support/proxy-server.ts';
import { AMAZON_IN_NAME, TLS } from '../../support/tls.ts';

const DIRECT: WalkOptions['route'] = { via: 'direct' };

const go = (url: string, changes: Partial<WalkOptions> = {}): Promise<Walk> =>
  walk({
    url: new URL(url),
    route: DIRECT,
    limitMs: 5_000,
    signal: new AbortController().signal,
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    userAgent: 'imds-probe/0',
    ...changes,
  });

async function listening(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Sends these bytes to whoever connects and speaks, and then hangs or closes. */
const raw = (bytes: string, close = false): Promise<number> =>
  listening(
    net.createServer((socket) => {
      socket.once('data', () => {
        socket.write(bytes, 'latin1');
        if (close) socket.end();
      });
    }),
  );

const aws = (): http.Server =>
  http.createServer((_, response) => {
    response.writeHead(404, { 'content-length': '0' }).end();
  });

const secure = (pair: { readonly key: string; readonly cert: string }) =>
  https.createServer({ ...pair }, (_, response) => {
    response.writeHead(302, { 'content-length': '0' }).end();
  });

const through = (host: string, authorization: string | null = null): { route: WalkOptions['route'] } => ({
  route: { via: 'proxy', url: `http://${host}`, authorization, variable: 'HTTPS_PROXY' } satisfies ProxyRoute,
});

describe('plain http', () => {
  it('gets there: any answer will do', async () => {
    const asked: string[] = [];
    const server = http.createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
      expect(request.headers.authorization).toBeUndefined();
      response.writeHead(503, { date: 'Mon, 23 Nov 2026 12:00:10 GMT' }).end();
    });
    const port = await listening(server);
    const at = Date.parse('2026-11-23T12:00:00Z');
    const clock = { wallMs: () => at, monotonicMs: () => performance.now() };
    const walked = await go(`http://127.0.0.1:${port}/path`, { clock });
    expect(walked).toMatchObject({ status: 503, stopped: null, certificate: null, address: '127.0.0.1' });
    expect(asked).toEqual(['HEAD / imds-probe/0']);
    // 10 s ahead, to within the second that the header cuts off.
    expect(walked.clock).toEqual({ offsetMs: 10_525, errorBoundMs: 525 });
    expect(Object.keys(walked.ms)).toEqual(['connect', 'answer']);
    expect(walked.totalMs).toBeGreaterThanOrEqual((walked.ms.connect ?? 0) + (walked.ms.answer ?? 0) - 0.1);
  });

  it('finds localhost by name, at whichever of its addresses answers', async () => {
    const port = await listening(aws());
    expect(await go(`http://localhost:${port}`)).toMatchObject({ status: 404, address: '127.0.0.1' });
  });

  it('speaks to IPv6 addresses', async () => {
    const server = aws();
    server.listen(0, '::1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await go(`http://[::1]:${port}`)).toMatchObject({ status: 404, address: '::1' });
  });

  it.each<[string, () => Promise<number>, object]>([
    ['is refused', async () => 9, { at: 'connect', failure: { kind: 'refused' } }],
    ['is cut off', () => raw('', true), { at: 'answer', failure: { kind: 'reset' } }],
    [
      'is cut off in the middle',
      () => raw('HTTP/1.1 200 OK\r\nDa', true),
      { at: 'answer', failure: { kind: 'reset' } },
    ],
    [
      'gets something else than HTTP',
      () => raw('SSH-2.0-OpenSSH_9\r\n\r\n'),
      { at: 'answer', failure: { kind: 'malformed' } },
    ],
    ['gets a head without end', () => raw(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(5000)}`), { status: 200 }],
    [
      'gets a line without end',
      () => raw('y'.repeat(100_000)),
      { at: 'answer', failure: { kind: 'malformed' } },
    ],
    ['gets no valid date', () => raw('HTTP/1.1 200 OK\r\nDate: soon\r\n\r\n'), { status: 200 }],
  ])('%s', async (_, server, expected) => {
    const walked = await go(`http://127.0.0.1:${await server()}`);
    if ('status' in expected) expect(walked).toMatchObject({ ...expected, stopped: null, clock: null });
    else expect(walked.stopped).toMatchObject(expected);
  });

  it('waits no longer than its limit, for a name server that is not asked here, or for an answer', async () => {
    const port = await raw('');
    const walked = await go(`http://127.0.0.1:${port}`, { limitMs: 100 });
    expect(walked.stopped).toEqual({
      at: 'answer',
      failure: { kind: 'response-timeout', detail: `127.0.0.1:${port} did not answer within 0.1 s` },
    });
    const named = await go('http://sts.eu-west-1.amazonaws.com', { limitMs: 5_000 });
    expect(named.stopped).toMatchObject({ at: 'name', failure: { kind: 'unroutable' } });
  });

  it('ends at once when it is given up', async () => {
    const port = await raw('');
    const stop = new AbortController();
    const walking = go(`http://127.0.0.1:${port}`, { signal: stop.signal });
    stop.abort();
    expect((await walking).stopped).not.toBeNull();
  });
});

describe('TLS', () => {
  it('that is not accepted ends there, says by whom it is issued, and nothing is sent', async () => {
    let asked = 0;
    const port = await listening(https.createServer({ ...TLS }, () => (asked += 1)));
    const walked = await go(`https://127.0.0.1:${port}`);
    expect(walked.certificate).toEqual({
      issuer: 'localhost',
      subject: 'localhost',
      amazon: false,
      trust: 'none',
      problem: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      validTo: '2125-01-01T00:00:00Z',
    });
    expect(walked.stopped).toMatchObject({ at: 'tls', failure: { kind: 'malformed' } });
    expect(walked.stopped?.failure.detail).toContain('issued by localhost');
    expect(walked.status).toBeNull();
    expect(walked.ms.tls).toBeGreaterThan(0);
    expect(asked).toBe(0);
  });

  it('tells who calls himself Amazon', async () => {
    const port = await listening(secure(AMAZON_IN_NAME));
    expect((await go(`https://localhost:${port}`)).certificate).toMatchObject({
      issuer: 'Amazon RSA 2048 M02 (Amazon)',
      amazon: true,
      trust: 'none',
    });
  });

  it.each<[string, () => Promise<number>, object]>([
    ['with a server of plain http', () => listening(aws()), { at: 'tls', failure: { kind: 'malformed' } }],
    ['cut off', () => raw('', true), { at: 'tls', failure: { kind: 'reset' } }],
  ])('%s', async (_, server, expected) => {
    expect((await go(`https://127.0.0.1:${await server()}`)).stopped).toMatchObject(expected);
  });

  it('that never comes', async () => {
    const port = await listening(net.createServer(() => undefined));
    expect((await go(`https://127.0.0.1:${port}`, { limitMs: 100 })).stopped).toMatchObject({
      at: 'tls',
      failure: { kind: 'response-timeout' },
    });
  });

  it('for another name than the certificate has', async () => {
    const before = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...before, TLS.cert]);
    onTestFinished(() => tls.setDefaultCACertificates(before));
    const port = await listening(secure(TLS));
    expect((await go(`https://app.localhost:${port}`)).certificate).toMatchObject({
      trust: 'none',
      problem: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    // Under its own name it is accepted, for an authority that somebody added.
    expect(await go(`https://localhost:${port}`)).toMatchObject({
      status: 302,
      stopped: null,
      certificate: { trust: 'private', problem: null },
    });
  });

  it('is public where an authority that comes with Node vouches for it', () => {
    const [pem = ''] = tls.rootCertificates;
    const raw = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const chain = { raw, issuer: { CN: 'Some Root', O: 'Example' }, subject: {}, valid_to: 'never' };
    const socket = { authorized: true, getPeerCertificate: () => chain } as unknown as TLSSocket;
    expect(certificateOf(socket)).toEqual({
      issuer: 'Some Root (Example)',
      subject: 'nobody named',
      amazon: false,
      trust: 'public',
      problem: null,
      validTo: null,
    });
  });

  it('shows no name that could harm a terminal', () => {
    const nasty = { CN: ['\u001b[31mred', 'second'], O: `${'x'.repeat(500)}` };
    const chain = { issuer: nasty, subject: nasty, valid_to: '' };
    const socket = {
      authorized: false,
      authorizationError: new Error('no code'),
      getPeerCertificate: () => chain,
    } as unknown as TLSSocket;
    const { issuer } = certificateOf(socket);
    expect(issuer).toMatch(/^\[31mred \(x+…\)$/);
    expect(issuer.length).toBeLessThan(300);
  });
});

describe('through a proxy', () => {
  it('goes to https by CONNECT, and the certificate is the endpoint’s', async () => {
    await using proxy = await startProxy();
    const port = await listening(secure(TLS));
    const walked = await go(`https://127.0.0.1:${port}`, through(proxy.host, 'Basic c2VjcmV0OnNlY3JldA=='));
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${port}`]);
    expect(proxy.authorizations).toEqual(['Basic c2VjcmV0OnNlY3JldA==']);
    expect(walked.certificate?.subject).toBe('localhost');
    expect(Object.keys(walked.ms)).toEqual(['connect', 'proxy', 'tls']);
    expect(JSON.stringify(walked)).not.toContain('c2Vj');
  });

  it('goes to http in absolute form', async () => {
    await using proxy = await startProxy();
    const port = await listening(aws());
    const walked = await go(`http://127.0.0.1:${port}`, through(proxy.host));
    expect(proxy.asked).toEqual([`HEAD http://127.0.0.1:${port}/`]);
    expect(walked).toMatchObject({ status: 404, stopped: null });
  });

  it.each([
    ['https', 403, /the proxy 127.0.0.1:\d+ answered with 403$/],
    ['https', 407, /answered with 407: it wants a user and a password/],
    ['http', 407, /the proxy on the way to .* answered with 407/],
    ['http', 502, /answered with 502/],
  ])('ends there when it refuses: %s, %d', async (scheme, status, detail) => {
    await using proxy = await startProxy();
    proxy.behave(status);
    const { stopped } = await go(`${scheme}://127.0.0.1:9`, through(proxy.host));
    expect(stopped).toMatchObject({ at: 'proxy', failure: { kind: 'http-status', status } });
    expect(stopped?.failure.detail).toMatch(detail);
  });

  it('that hangs', async () => {
    await using proxy = await startProxy();
    proxy.behave('hang');
    const { stopped } = await go('https://127.0.0.1:9', { ...through(proxy.host), limitMs: 100 });
    expect(stopped).toMatchObject({ at: 'proxy', failure: { kind: 'response-timeout' } });
  });

  it('that is not there', async () => {
    const { stopped } = await go('https://127.0.0.1:1', through('127.0.0.1:9'));
    expect(stopped).toMatchObject({ at: 'connect', failure: { kind: 'refused' } });
    expect(stopped?.failure.detail).toContain('the proxy 127.0.0.1:9');
  });

  it('with a certificate that is not good gets no password', async () => {
    let heard = '';
    const proxy = tls.createServer({ ...TLS }, (socket) => socket.on('data', (chunk) => (heard += chunk)));
    const port = await listening(proxy);
    const route = { ...through('').route, url: `https://127.0.0.1:${port}`, authorization: 'Basic x' };
    const { stopped } = await go('https://127.0.0.1:9', { route: route as WalkOptions['route'] });
    expect(stopped).toMatchObject({ at: 'proxy', failure: { kind: 'malformed' } });
    expect(heard).toBe('');
  });
});
