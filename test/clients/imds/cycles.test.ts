// What a cycle costs: requests and connections of the first, the steady ones, and those after something odd.
import { afterEach, describe, expect, test } from 'vitest';
import { clientFor, wholeCycle } from '../../support/imds-client.ts';
import {
  answer,
  credentials,
  delayed,
  hang,
  inSeconds,
  json,
  profile,
  raw,
  reset,
  type Script,
  ScriptedImds,
  thenHangUp,
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
  /** One more cycle, `seconds` after the last; tells what was asked in it. */
  const cycle = async (seconds = 60) => {
    hand.clock.pass(seconds * 1000);
    hand.client.beginCycle();
    const before = imds.requests.length;
    const seen = await wholeCycle(hand);
    return { ...seen, asked: imds.asked.slice(before) };
  };
  return { imds, cycle, ...hand };
}

const FIRST = ['token', 'role', 'credentials', 'identity', 'instance-profile'];

describe('requests', () => {
  test('the first cycle: five, the role before the rest, on one connection', async () => {
    const { imds, cycle } = await against({});
    const { asked, traffic } = await cycle();
    expect(asked).toEqual(FIRST);
    expect(imds.connections).toBe(1);
    expect(traffic.connections).toBe(1);
    expect(traffic.requests.map((request) => [request.purpose, request.method, request.status])).toEqual([
      ['token', 'PUT', 200],
      ['role', 'GET', 200],
      ['credentials', 'GET', 200],
      ['identity', 'GET', 200],
      ['instance-profile', 'GET', 200],
    ]);
  });

  test('steady cycles: the credentials only, on the same connection; role and profile now and then', async () => {
    const { imds, cycle } = await against({
      credentials: (socket, request) => credentials()(socket, request),
    });
    const counts: number[] = [];
    for (let number = 1; number <= 25; number += 1) counts.push((await cycle()).asked.length);
    expect(counts).toEqual([5, ...Array(9).fill(1), 2, 2, ...Array(8).fill(1), 2, 2, 1, 1, 1]);
    expect(imds.connections).toBe(1);
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(1);
    expect(imds.asked.filter((asked) => asked === 'identity')).toHaveLength(1);
  });

  test('short intervals do not make the slow re-reading quick', async () => {
    const { cycle } = await against({});
    const counts: number[] = [];
    for (let number = 1; number <= 40; number += 1) counts.push((await cycle(1)).asked.length);
    expect(counts).toEqual([5, ...Array(39).fill(1)]);
  });

  test('never more than two in a steady cycle, the one that renews the token included', async () => {
    const { cycle } = await against({
      credentials: (socket, request) => credentials({ Expiration: inSeconds(9e6) })(socket, request),
    });
    await cycle();
    // The token's end falls together with the first re-reading.
    for (let number = 2; number <= 60; number += 1) {
      const { asked } = await cycle(2160);
      expect(asked.length, `cycle ${number}: ${asked}`).toBeLessThanOrEqual(2);
    }
  });

  test('what is remembered is answered with no attempt', async () => {
    const { cycle } = await against({});
    await cycle();
    const { role, profile: remembered, identity } = await cycle();
    expect(role).toMatchObject({ ok: true, attempts: 1 });
    expect(remembered).toMatchObject({ ok: true, attempts: 0 });
    expect(identity).toMatchObject({ ok: true, attempts: 0 });
  });

  test('who the instance is stays known while IMDS is down', async () => {
    const { imds, cycle } = await against({});
    await cycle();
    await imds.close();
    const { identity, role, token: held } = await cycle();
    expect(identity).toMatchObject({ ok: true, attempts: 0 });
    expect(held).toMatchObject({ ok: true, value: { reused: true } });
    expect(role).toMatchObject({ ok: false, failure: { kind: 'refused' } });
  });
});

describe('after something odd the role and the profile are read again', () => {
  test.each<[string, Script]>([
    [
      'a code other than Success',
      { credentials: [json({ Code: 'AssumeRoleUnauthorizedAccess' }), credentials()] },
    ],
    ['expired credentials', { credentials: [credentials({ Expiration: inSeconds(-10) }), credentials()] }],
    ['nonsense', { credentials: [answer(200, 'nonsense'), credentials()] }],
  ])('%s', async (_, script) => {
    const { imds, cycle } = await against({});
    await cycle();
    imds.restart(script);
    expect((await cycle()).asked).toEqual(['credentials', 'instance-profile']);
    expect((await cycle()).asked).toEqual(['role', 'credentials']);
    expect((await cycle()).asked).toEqual(['credentials']);
  });

  test('a role that is gone: its list is asked in the same cycle, without a word of failure', async () => {
    const { imds, cycle, events } = await against({});
    await cycle();
    imds.restart({ credentials: [answer(404), credentials()], role: answer(200, 'other-role') });
    const { asked, role } = await cycle();
    expect(asked).toEqual(['credentials', 'role', 'credentials', 'instance-profile']);
    expect(role).toMatchObject({ ok: true, value: { roleName: 'other-role' } });
    expect(events).toEqual([]);
    expect((await cycle()).asked).toEqual(['credentials']);
  });

  test('a role taken away, and given again', async () => {
    const { imds, cycle } = await against({});
    await cycle();
    imds.restart({ credentials: answer(404), role: answer(404), 'instance-profile': answer(404) });
    expect(await cycle()).toMatchObject({
      asked: ['credentials', 'role', 'instance-profile'],
      role: { ok: true, value: { roleName: null } },
      profile: { ok: true, value: { code: null } },
    });
    expect((await cycle()).asked).toEqual(['role']);
    imds.restart({ 'instance-profile': profile() });
    expect(await cycle()).toMatchObject({
      asked: ['role', 'credentials', 'instance-profile'],
      role: { ok: true, value: { roleName: 'app-role' } },
      profile: { ok: true, value: { code: 'Success' } },
    });
    expect((await cycle()).asked).toEqual(['credentials']);
  });

  test('a throttle is nothing odd: it makes no further requests', async () => {
    const { imds, cycle } = await against({});
    await cycle();
    imds.restart({ credentials: [answer(503), answer(503), answer(503), credentials()] });
    expect(await cycle()).toMatchObject({ role: { ok: false, failure: { status: 503 }, attempts: 3 } });
    expect((await cycle()).asked).toEqual(['credentials']);
  });
});

describe('answers that make no sense', () => {
  test.each<[string, Script, string]>([
    ['no token', { token: token('') }, 'token'],
    ['no role name', { role: answer(200, '<html>') }, 'role'],
    ['no credentials', { credentials: answer(200, '{}') }, 'credentials'],
    ['no profile', { 'instance-profile': answer(200, '[]') }, 'instance-profile'],
    ['no document', { identity: answer(200, '') }, 'identity'],
  ])('%s: the request is noted as failed', async (_, script, purpose) => {
    const { traffic } = await (await against(script)).cycle();
    const odd = traffic.requests.filter(({ failure }) => failure !== null);
    expect(odd).toMatchObject([{ purpose, status: 200, failure: 'malformed' }]);
  });
});

describe('connections', () => {
  test('one that the server has closed meanwhile is replaced without a failed request', async () => {
    const { imds, cycle, events } = await against({});
    await cycle();
    imds.hangUpAll();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { traffic, role } = await cycle();
    expect(role).toMatchObject({ ok: true, attempts: 1 });
    expect(traffic.requests).toMatchObject([{ status: 200, failure: null }]);
    expect(imds.connections).toBe(2);
    expect(events).toEqual([]);
  });

  test('one cut just as it is used again: sent anew at once, counted, but no attempt and no event', async () => {
    const { imds, cycle, events } = await against(
      { credentials: [credentials(), reset(), credentials()] },
      { attempts: 1 },
    );
    await cycle();
    const { traffic, role } = await cycle();
    expect(role).toMatchObject({ ok: true, attempts: 1 });
    expect(traffic.requests).toMatchObject([
      { purpose: 'credentials', status: null, failure: 'reset' },
      { purpose: 'credentials', status: 200, failure: null },
    ]);
    expect(imds.connections).toBe(2);
    expect(events).toEqual([]);
  });

  test.each([1, 3])(
    'cut within a cycle, again and again: %i attempts are as many requests',
    async (attempts) => {
      const { cycle } = await against({ role: reset() }, { attempts });
      const { asked, role } = await cycle();
      expect(asked.filter((what) => what === 'role')).toHaveLength(attempts);
      expect(role).toMatchObject({ ok: false, failure: { kind: 'reset' }, attempts });
    },
  );

  test('cut on the new connection too: a failure like any other', async () => {
    const { cycle } = await against({ credentials: [credentials(), reset()] }, { attempts: 1 });
    await cycle();
    const { traffic, role } = await cycle();
    expect(role).toMatchObject({ ok: false, failure: { kind: 'reset' }, attempts: 1 });
    expect(traffic.requests).toHaveLength(2);
  });

  test('cut within the header of the answer: an attempt like any other', async () => {
    const { cycle } = await against(
      { credentials: [credentials(), raw('HTTP/1.1 200 OK\r\nDat', true)] },
      { attempts: 1 },
    );
    await cycle();
    const { role, traffic } = await cycle();
    expect(role).toMatchObject({ ok: false, failure: { kind: 'reset' } });
    expect(traffic.requests).toHaveLength(1);
  });

  test('cut in the middle of an answer: never sent anew without counting', async () => {
    const cut = raw('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Code"', true);
    const { cycle } = await against({ credentials: [credentials(), cut] }, { attempts: 1 });
    await cycle();
    expect((await cycle()).asked).toEqual(['credentials', 'instance-profile']);
  });

  test.each([
    ['says so', { Connection: 'close' }],
    ['does not say so', {}],
  ])(
    'a service that closes after every answer and %s costs a connection each, and no failure',
    async (_, close) => {
      const closing = (status: number, body: string) => thenHangUp(answer(status, body, { ...close }));
      const { imds, cycle, events } = await against({
        token: closing(200, 'AQAEAclosing'),
        role: closing(200, 'app-role'),
        credentials: closing(404, ''),
      });
      const { role, identity, token: held } = await cycle();
      expect(role).toMatchObject({ ok: false, failure: { kind: 'http-status', status: 404 }, attempts: 1 });
      expect([held, identity]).toMatchObject([
        { ok: true, attempts: 1 },
        { ok: true, attempts: 1 },
      ]);
      expect(imds.connections).toBe(4);
      expect(events).toMatchObject([{ type: 'gave-up', got: 404 }]);
    },
  );

  test('a late answer is never taken for the next one', async () => {
    const { cycle } = await against(
      { role: [delayed(150, answer(200, 'late-role')), answer(200, 'app-role')] },
      { timeoutMs: 100 },
    );
    const { role } = await cycle();
    expect(role).toMatchObject({ ok: true, value: { roleName: 'app-role' }, attempts: 2 });
  });

  test('bytes nobody asked for cost the connection', async () => {
    const twice = answer(200, 'app-role');
    const { imds, cycle } = await against({
      role: (socket, request) => {
        twice(socket, request);
        twice(socket, request);
      },
    });
    const { role } = await cycle();
    expect(role).toMatchObject({ ok: true, value: { roleName: 'app-role', code: 'Success' } });
    expect(imds.connections).toBe(2);
  });

  test('a keep-alive hint of one second still holds within a cycle', async () => {
    const hint = { 'Keep-Alive': 'timeout=1', Connection: 'keep-alive' };
    const { imds, cycle } = await against({ role: answer(200, 'app-role', hint) });
    await cycle();
    expect(imds.connections).toBe(1);
  });
});

describe('a service that falls silent or throttles after the token', () => {
  test('all GETs hang: one question uses its attempts, the others end with it', async () => {
    const { imds, cycle } = await against(
      { role: hang(), identity: hang(), 'instance-profile': hang() },
      { timeoutMs: 120 },
    );
    const { asked, role, identity, profile: info, token: held } = await cycle();
    expect(asked).toEqual(['token', 'role', 'role', 'role']);
    for (const part of [role, identity, info]) {
      expect(part).toMatchObject({ ok: false, failure: { kind: 'response-timeout' }, attempts: 3 });
    }
    expect(held).toMatchObject({ ok: true });
    imds.restart({});
    expect(await cycle()).toMatchObject({
      role: { ok: true },
      identity: { ok: true },
      profile: { ok: true },
    });
  });

  test('throttled for good: what comes after asks once each', async () => {
    const busy = answer(503);
    const { cycle } = await against({ role: busy, identity: busy, 'instance-profile': busy });
    const { asked, role, identity } = await cycle();
    expect(asked).toEqual(['token', 'role', 'role', 'role', 'identity', 'instance-profile']);
    expect(role).toMatchObject({ failure: { status: 503 }, attempts: 3 });
    expect(identity).toMatchObject({ failure: { status: 503 }, attempts: 1 });
  });

  test('throttled for a moment: recovers, and says how often it tried', async () => {
    const { cycle } = await against({ credentials: [answer(429), answer(503), credentials()] });
    const { role, traffic } = await cycle();
    expect(role).toMatchObject({ ok: true, attempts: 3 });
    expect(
      traffic.requests.filter((request) => request.status === 429 || request.status === 503),
    ).toHaveLength(2);
  });
});

describe('the tally', () => {
  test('is bounded, keeps the oldest, and starts anew with each cycle', async () => {
    const { client, signal, cycle } = await against({ token: answer(503) }, { attempts: 100 });
    await client.token(signal);
    expect(client.traffic().requests).toHaveLength(64);
    expect(client.traffic().requests[0]?.startedMs).toBeLessThan(1000);
    const { traffic } = await cycle();
    expect(traffic.requests[0]?.startedMs).toBeLessThan(1000);
    client.beginCycle();
    expect(client.traffic()).toMatchObject({ connections: 0, requests: [] });
    expect(client.httpDate()).toBeNull();
  });
});
