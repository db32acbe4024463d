// CloudWatch through a real proxy on loopback: by CONNECT and in absolute form, with a password that stays unseen.
import tls from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CloudWatch, createCloudWatch } from '../../../src/clients/aws/cloudwatch.ts';
import { type CloudWatchServer, CREDENTIALS, startCloudWatch } from '../../support/cloudwatch-server.ts';
import { aDatum } from '../../support/datum.ts';
import { type ProxyServer, startProxy } from '../../support/proxy-server.ts';
import { TLS } from '../../support/tls.ts';

const DATA = [aDatum(1, Math.floor(Date.now() / 1000))];
const PASSWORD = 'c0rrect%20horse';
const AUTHORIZATION = `Basic ${btoa('joe:c0rrect horse')}`;
const TRUSTED = tls.getCACertificates('default');

let proxy: ProxyServer;
let plain: CloudWatchServer;
let secure: CloudWatchServer;
let open: CloudWatch[] = [];

beforeAll(() => tls.setDefaultCACertificates([...TRUSTED, TLS.cert]));
beforeEach(async () => {
  [proxy, plain, secure] = await Promise.all([startProxy(), startCloudWatch(), startCloudWatch(TLS)]);
});
afterEach(async () => {
  for (const cloudWatch of open) cloudWatch.close();
  open = [];
  await Promise.all([proxy, plain, secure].map((server) => server[Symbol.asyncDispose]()));
});

async function put(target: CloudWatchServer, environment: Record<string, string>, timeoutMs = 5_000) {
  const cloudWatch = createCloudWatch({
    region: () => 'eu-west-1',
    endpoint: target.url,
    namespace: 'ImdsProbe',
    credentials: () => CREDENTIALS,
    clockCorrectionMs: () => 0,
    environment,
    userAgent: ['imds-probe', '1.2.3'],
    attempts: 1,
    timeoutMs,
  });
  open.push(cloudWatch);
  const outcome = await cloudWatch.putMetricData(DATA, AbortSignal.timeout(20_000));
  expect(JSON.stringify(outcome)).not.toMatch(/c0rrect|am9lOm/);
  return outcome;
}

const url = (scheme = 'http'): string => `${scheme}://joe:${PASSWORD}@${proxy.host}`;

describe('through the proxy', () => {
  it('https goes by CONNECT, and only the proxy sees its password', async () => {
    expect(await put(secure, { HTTPS_PROXY: url() })).toMatchObject({ kind: 'accepted' });
    expect(proxy.asked).toEqual([`CONNECT localhost:${secure.port}`]);
    expect(proxy.authorizations).toEqual([AUTHORIZATION]);
    expect(secure.received).toMatchObject([{ signed: true }]);
    expect(secure.received[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('http goes in absolute form', async () => {
    expect(await put(plain, { http_proxy: url() })).toMatchObject({ kind: 'accepted' });
    expect(proxy.asked).toEqual([`POST ${plain.url}/`]);
    expect(proxy.authorizations).toEqual([AUTHORIZATION]);
    expect(plain.received).toMatchObject([{ signed: true }]);
  });

  it('ALL_PROXY serves both', async () => {
    await put(secure, { ALL_PROXY: url() });
    await put(plain, { ALL_PROXY: url() });
    expect(proxy.asked).toEqual([`CONNECT localhost:${secure.port}`, `POST ${plain.url}/`]);
  });

  it('NO_PROXY goes round it', async () => {
    expect(await put(secure, { HTTPS_PROXY: url(), NO_PROXY: 'localhost' })).toMatchObject({
      kind: 'accepted',
    });
    expect(await put(plain, { HTTP_PROXY: url(), no_proxy: '127.0.0.0/8' })).toMatchObject({
      kind: 'accepted',
    });
    expect(proxy.asked).toEqual([]);
  });
});

describe('a proxy that does not help', () => {
  it.each([
    [407, 'CONNECT', /answered 407: it wants a user and a password$/],
    [403, 'CONNECT', /answered 403$/],
    [502, 'CONNECT', /answered 502$/],
    [407, 'absolute form', /\(?407\)?/],
  ])('%i to %s', async (status, form, detail) => {
    proxy.behave(status);
    const target = form === 'CONNECT' ? secure : plain;
    const outcome = await put(target, { ALL_PROXY: url() });
    expect(outcome).toMatchObject({ kind: 'later', reason: 'proxy', detail: expect.stringMatching(detail) });
    expect(target.received).toEqual([]);
  });

  it.each(['https', 'http'])('hangs on %s', async (scheme) => {
    proxy.behave('hang');
    const target = scheme === 'https' ? secure : plain;
    expect(await put(target, { ALL_PROXY: url() }, 150)).toMatchObject({
      kind: 'later',
      reason: 'network',
      code: 'response-timeout',
    });
  });

  it('is not there', async () => {
    const environment = { ALL_PROXY: url() };
    await proxy[Symbol.asyncDispose]();
    expect(await put(secure, environment)).toMatchObject({ kind: 'later', code: 'refused' });
    expect(await put(plain, environment)).toMatchObject({ kind: 'later', code: 'refused' });
    proxy = await startProxy();
  });

  it('is a SOCKS proxy', async () => {
    expect(await put(secure, { ALL_PROXY: url('socks5') })).toMatchObject({
      kind: 'later',
      reason: 'proxy',
      detail: expect.stringMatching(/^the variable ALL_PROXY cannot be used: it names a socks5 proxy/),
    });
  });

  it.each(['https', 'http'])('passes on a body that is too large, over %s', async (scheme) => {
    const target = scheme === 'https' ? secure : plain;
    target.answer({ status: 200, body: `"${'x'.repeat(100_000)}"` });
    expect(await put(target, { ALL_PROXY: url() })).toMatchObject({
      kind: 'later',
      code: 'malformed',
      detail: expect.stringContaining('far more than CloudWatch'),
    });
  });
});

describe('TLS', () => {
  it('an unknown issuer is told as what it is', async () => {
    tls.setDefaultCACertificates(TRUSTED);
    const outcomes = [await put(secure, {}), await put(secure, { ALL_PROXY: url() })];
    tls.setDefaultCACertificates([...TRUSTED, TLS.cert]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        kind: 'later',
        reason: 'network',
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
        mayHaveArrived: false,
      });
    }
  });
});
