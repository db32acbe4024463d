// The session token: asked for once, kept, renewed, and compared with a tokenless GET when its request is lost.
import { afterEach, describe, expect, test } from 'vitest';
import { IDENTITY_PATH } from '../../../src/clients/imds/conversation.ts';
import { clientFor, wholeCycle } from '../../support/imds-client.ts';
import {
  answer,
  credentials,
  delayed,
  hang,
  IDENTITY,
  json,
  reset,
  type Script,
  ScriptedImds,
  token,
} from '../../support/scripted-imds.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function against(script: Script, over: Parameters<typeof clientFor>[1] = {}) {
  const imds = await ScriptedImds.start(script);
  const hand = clientFor(imds.endpoint, over);
  open.push(hand.client, imds);
  return { imds, ...hand };
}

const HOUR = 3_600_000;

describe('the token request', () => {
  test('carries the TTL and nothing surplus', async () => {
    const { client, signal, imds } = await against({});
    await client.token(signal);
    expect(imds.requests).toEqual([
      {
        method: 'PUT',
        path: '/latest/api/token',
        headers: {
          host: new URL(imds.endpoint).host,
          connection: 'keep-alive',
          'content-length': '0',
          'x-aws-ec2-metadata-token-ttl-seconds': '21600',
        },
        connection: 1,
      },
    ]);
  });

  test('is sent once for all that need it, and its token serves over cycles', async () => {
    const { imds, ...hand } = await against({});
    const first = await wholeCycle(hand);
    expect(first.token).toMatchObject({
      ok: true,
      attempts: 1,
      value: { reused: false, renewedAfterRejection: false },
    });
    hand.client.beginCycle();
    hand.clock.pass(5 * HOUR);
    const second = await wholeCycle(hand);
    expect(second.token).toMatchObject({ ok: true, attempts: 0, value: { reused: true } });
    expect(second.token.ok && second.token.value.ttlSeconds).toSatisfy(
      (left: number) => left > 3500 && left <= 3600,
    );
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(1);
  });

  test.each([
    ['21600', 6 * HOUR - 31_000, 6 * HOUR - 29_000],
    ['300', 269_000, 271_000],
    ['10', 8500, 9500],
    // What no token can have reads as what was asked for.
    ['0', 6 * HOUR - 31_000, 6 * HOUR - 29_000],
    ['999999', 6 * HOUR - 31_000, 6 * HOUR - 29_000],
    ['-5', 6 * HOUR - 31_000, 6 * HOUR - 29_000],
    ['soon', 6 * HOUR - 31_000, 6 * HOUR - 29_000],
    [null, 6 * HOUR - 31_000, 6 * HOUR - 29_000],
  ])('with a TTL of %j the token is kept for %d ms and not for %d ms', async (ttl, keptMs, goneMs) => {
    const { client, clock, signal, imds } = await against({ token: token(undefined, ttl) });
    await client.token(signal);
    clock.pass(keptMs);
    client.beginCycle();
    expect(await client.token(signal)).toMatchObject({ ok: true, value: { reused: true } });
    clock.pass(goneMs - keptMs);
    client.beginCycle();
    expect(await client.token(signal)).toMatchObject({ ok: true, value: { reused: false } });
    expect(imds.asked).toEqual(['token', 'token']);
  });

  test('tokens with blanks around them are taken without', async () => {
    const { imds, ...hand } = await against({ token: token('  AQAEAabc==\n') });
    await wholeCycle(hand);
    expect(imds.requests[1]?.headers['x-aws-ec2-metadata-token']).toBe('AQAEAabc==');
  });
});

describe('a token that IMDS refuses', () => {
  test('is renewed once and the GET repeated, even with a single attempt', async () => {
    const { imds, ...hand } = await against(
      { role: [answer(401), answer(200, 'app-role')] },
      { attempts: 1 },
    );
    const { token: result, role } = await wholeCycle(hand);
    expect(role).toMatchObject({ ok: true, attempts: 2 });
    expect(result).toMatchObject({
      ok: true,
      value: { renewedAfterRejection: true, freshTokenRejected: false },
    });
    expect(imds.asked.slice(0, 5)).toEqual(['token', 'role', 'token', 'role', 'credentials']);
    expect(hand.events).toMatchObject([{ type: 'retry', purpose: 'role', got: 401 }]);
  });

  test('is renewed when it was one of an earlier cycle', async () => {
    const { imds, ...hand } = await against({ token: token('first-token') });
    await wholeCycle(hand);
    imds.restart({ token: token('second-token'), credentials: [answer(401), credentials()] });
    hand.client.beginCycle();
    const { token: result } = await wholeCycle(hand);
    expect(result).toMatchObject({ ok: true, value: { reused: false, renewedAfterRejection: true } });
    expect(imds.requests.map((request) => request.headers['x-aws-ec2-metadata-token'])).toEqual([
      'first-token',
      undefined,
      'second-token',
    ]);
  });

  test('twice is a failure, told so by the token', async () => {
    const refuse = answer(401);
    const { imds, ...hand } = await against({ role: refuse, identity: refuse, 'instance-profile': refuse });
    const seen = await wholeCycle(hand);
    for (const part of [seen.role, seen.identity, seen.profile]) {
      expect(part).toMatchObject({ ok: false, failure: { kind: 'http-status', status: 401 } });
    }
    expect(seen.token).toMatchObject({
      ok: true,
      value: { renewedAfterRejection: true, freshTokenRejected: true },
    });
    // One renewal a cycle, however many questions are refused.
    expect(imds.asked).toEqual(['token', 'role', 'token', 'role', 'identity', 'instance-profile']);
    imds.restart({});
    hand.client.beginCycle();
    await wholeCycle(hand);
    expect(imds.asked[0]).toBe('token');
  });

  test('and cannot be renewed: the failure of the renewal is shared', async () => {
    const { imds, ...hand } = await against({ token: [token(), answer(403)], role: answer(401) });
    const seen = await wholeCycle(hand);
    for (const part of [seen.token, seen.role, seen.identity, seen.profile]) {
      expect(part).toMatchObject({ ok: false, failure: { kind: 'http-status', status: 403 } });
    }
    expect(imds.asked).toEqual(['token', 'role', 'token', 'tokenless']);
  });
});

describe('the tokenless GET', () => {
  test('is not sent while all is well, nor beside a throttled or broken service', async () => {
    for (const status of [null, 429, 500, 503]) {
      const { imds, ...hand } = await against(status === null ? {} : { token: answer(status) });
      const { tokenless } = await wholeCycle(hand);
      expect(tokenless).toEqual({ ok: true, value: { asked: false, status: null }, attempts: 0 });
      expect(imds.asked).not.toContain('tokenless');
    }
  });

  test('is sent beside a PUT unanswered for 250 ms, on a connection of its own; then the PUT is not repeated', async () => {
    const { imds, ...hand } = await against({ token: hang(), tokenless: answer(401) }, { timeoutMs: 400 });
    const seen = await wholeCycle(hand);
    expect(seen.token).toMatchObject({ ok: false, failure: { kind: 'response-timeout' }, attempts: 1 });
    expect(seen.tokenless).toEqual({ ok: true, value: { asked: true, status: 401 }, attempts: 1 });
    expect(imds.asked).toEqual(['token', 'tokenless']);
    expect(imds.requests.map((request) => request.connection)).toEqual([1, 2]);
    expect(imds.requests[1]).toMatchObject({ method: 'GET', path: IDENTITY_PATH });
    expect(Object.keys(imds.requests[1]?.headers ?? {})).toEqual(['host', 'connection']);
    const [put, get] = seen.traffic.requests;
    expect(put).toMatchObject({ purpose: 'token', status: null, failure: 'response-timeout' });
    expect(get).toMatchObject({ purpose: 'tokenless', status: 401 });
    expect((get?.startedMs ?? 0) - (put?.startedMs ?? 0)).toBeGreaterThanOrEqual(250);
    expect(seen.traffic.connections).toBe(2);
    expect(hand.events).toEqual([
      { type: 'unanswered', purpose: 'token', afterMs: 250 },
      { type: 'gave-up', purpose: 'token', got: 'response-timeout', attempts: 1 },
    ]);
  });

  test('answered only after the first time-out still spares a second PUT', async () => {
    const { imds, ...hand } = await against(
      { token: hang(), tokenless: delayed(120, answer(401)) },
      { timeoutMs: 300, random: () => 0.9 },
    );
    const seen = await wholeCycle(hand);
    expect(seen.token).toMatchObject({ ok: false, failure: { kind: 'response-timeout' }, attempts: 1 });
    expect(imds.asked).toEqual(['token', 'tokenless']);
  });

  test('unanswered as well: the PUT uses all its attempts, and there is one tokenless GET all the same', async () => {
    const { imds, ...hand } = await against({ token: hang(), tokenless: hang() }, { timeoutMs: 280 });
    const seen = await wholeCycle(hand);
    expect(seen.token).toMatchObject({ ok: false, failure: { kind: 'response-timeout' }, attempts: 3 });
    expect(seen.tokenless).toMatchObject({ ok: false, failure: { kind: 'response-timeout' } });
    expect(imds.asked.filter((asked) => asked === 'tokenless')).toHaveLength(1);
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(3);
    expect(hand.events.map((event) => event.type)).toEqual(['unanswered', 'retry', 'retry', 'gave-up']);
  });

  test('beside the only try it is not waited for any longer than for that', async () => {
    const { imds, ...hand } = await against(
      { token: hang(), tokenless: hang() },
      { timeoutMs: 400, attempts: 1 },
    );
    const seen = await wholeCycle(hand);
    expect(imds.asked).toEqual(['token', 'tokenless']);
    expect(seen.tokenless).toMatchObject({ failure: { detail: expect.stringContaining('within 150 ms') } });
  });

  test('a PUT answered late is as good as any', async () => {
    const { imds, ...hand } = await against({ token: delayed(320, token()) });
    const seen = await wholeCycle(hand);
    expect(seen.token).toMatchObject({ ok: true, attempts: 1 });
    expect(seen.role).toMatchObject({ ok: true });
    expect(seen.tokenless).toMatchObject({ ok: true, value: { asked: true, status: 401 } });
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(1);
  });

  test.each([
    ['is refused with 403', answer(403)],
    ['has no path', answer(404)],
    ['makes no HTTP', reset()],
  ])('is sent when the PUT %s', async (_, reply) => {
    const { imds, ...hand } = await against({ token: reply, tokenless: answer(200, '{}') });
    const seen = await wholeCycle(hand);
    expect(seen.tokenless).toMatchObject({ ok: true, value: { asked: true, status: 200 } });
    expect(imds.asked.filter((asked) => asked === 'tokenless')).toHaveLength(1);
  });

  test('where it brings the identity document, the instance is known in spite of the lost token', async () => {
    const { client, signal, imds } = await against(
      { token: hang(), tokenless: json(IDENTITY) },
      { timeoutMs: 300 },
    );
    expect(await client.identity(signal)).toMatchObject({ ok: true, value: IDENTITY });
    expect(imds.asked).toEqual(['token', 'tokenless']);
    // Also where it comes later than the failure of the PUT.
    imds.restart({ token: answer(404), tokenless: delayed(50, json(IDENTITY)) });
    client.beginCycle();
    expect(await client.identity(signal)).toMatchObject({ ok: true, value: IDENTITY });
    // Never for credentials.
    expect(await client.role(signal)).toMatchObject({
      ok: false,
      failure: { kind: 'http-status', status: 404 },
    });
    expect(client.signingCredentials()).toBeNull();
  });

  test('is sent in every cycle with imdsv1, once, and does not stand for a throttled PUT', async () => {
    const { imds, ...hand } = await against({ token: [answer(503), token()] }, { imdsv1: true });
    for (let cycle = 0; cycle < 2; cycle += 1) {
      hand.client.beginCycle();
      const seen = await wholeCycle(hand);
      expect(seen.tokenless).toMatchObject({ ok: true, value: { asked: true, status: 401 } });
      expect(seen.token).toMatchObject({ ok: true });
    }
    expect(imds.asked.filter((asked) => asked === 'tokenless')).toHaveLength(2);
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(2);
    hand.client.beginCycle();
    const late = await hand.client.tokenless(AbortSignal.abort());
    expect(late).toMatchObject({ ok: false, failure: { kind: 'response-timeout' } });
    expect(imds.asked.filter((asked) => asked === 'tokenless')).toHaveLength(2);
  });
});
