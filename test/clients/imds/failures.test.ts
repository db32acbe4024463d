// Every way in which the metadata service can fail the token request: which failure it is, and how often it is tried.
import { afterEach, describe, expect, test } from 'vitest';
import { connectFailure, errorCode, exchangeFailure } from '../../../src/clients/imds/failures.ts';
import type { FailureKind } from '../../../src/core/outcome.ts';
import { clientFor, wholeCycle } from '../../support/imds-client.ts';
import {
  answer,
  blackHole,
  delayed,
  elsewhere,
  hang,
  hangUp,
  head,
  type Reply,
  raw,
  reset,
  ScriptedImds,
  SECRETS,
  TOKEN,
  token,
} from '../../support/scripted-imds.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function against(reply: Reply | readonly Reply[], over: Parameters<typeof clientFor>[1] = {}) {
  const imds = await ScriptedImds.start({ token: reply, tokenless: reply });
  const hand = clientFor(imds.endpoint, over);
  open.push(hand.client, imds);
  return { imds, ...hand };
}

const garbage = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n';
const ttl = { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': '21600' };
const huge = 'x'.repeat(70_000);

interface Case {
  readonly name: string;
  readonly reply: Reply;
  readonly kind: FailureKind;
  readonly status?: number;
  readonly puts: number;
}

const CASES: readonly Case[] = [
  { name: '400', reply: answer(400), kind: 'http-status', status: 400, puts: 1 },
  { name: '401', reply: answer(401), kind: 'http-status', status: 401, puts: 1 },
  { name: '403', reply: answer(403), kind: 'http-status', status: 403, puts: 1 },
  { name: '404', reply: answer(404), kind: 'http-status', status: 404, puts: 1 },
  { name: '405', reply: answer(405), kind: 'http-status', status: 405, puts: 1 },
  { name: '204', reply: raw(head(204, {})), kind: 'http-status', status: 204, puts: 1 },
  {
    name: 'a redirect, never followed',
    reply: answer(302, '', { Location: '/x' }),
    kind: 'http-status',
    status: 302,
    puts: 1,
  },
  { name: '429', reply: answer(429), kind: 'http-status', status: 429, puts: 3 },
  { name: '500', reply: answer(500), kind: 'http-status', status: 500, puts: 3 },
  { name: '503', reply: answer(503, 'Slow down'), kind: 'http-status', status: 503, puts: 3 },
  { name: 'a reset', reply: reset(), kind: 'reset', puts: 3 },
  { name: 'a connection closed unanswered', reply: hangUp(), kind: 'reset', puts: 3 },
  {
    name: 'an informational answer and then a cut',
    reply: raw('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', true),
    kind: 'reset',
    puts: 3,
  },
  { name: 'a header cut off', reply: raw('HTTP/1.1 200 OK\r\nContent-Le', true), kind: 'reset', puts: 3 },
  {
    name: 'a body cut off',
    reply: raw(`${head(200, { 'Content-Length': '56', ...ttl })}AQAE`, true),
    kind: 'malformed',
    puts: 3,
  },
  {
    name: 'a body cut off where the server said it would close',
    reply: raw(`${head(200, { 'Content-Length': '56', Connection: 'close' })}AQAE`, true),
    kind: 'malformed',
    puts: 3,
  },
  {
    name: 'a body cut by a reset',
    reply: (socket, request) => {
      socket.write(`${head(200, { 'Content-Length': '56' })}AQAE`, () => reset()(socket, request));
    },
    kind: 'malformed',
    puts: 3,
  },
  { name: 'another protocol', reply: raw(garbage), kind: 'malformed', puts: 1 },
  { name: 'a TLS alert', reply: raw('\x15\x03\x01\x00\x02\x02\x46', true), kind: 'malformed', puts: 1 },
  {
    name: 'chunked nonsense',
    reply: raw(`${head(200, { 'Transfer-Encoding': 'chunked' })}zz\r\nhello\r\n`),
    kind: 'malformed',
    puts: 1,
  },
  {
    name: 'chunks that never end properly',
    reply: raw(`${head(200, { 'Transfer-Encoding': 'chunked' })}5\r\nhello\r\n`, true),
    kind: 'malformed',
    puts: 3,
  },
  {
    name: 'two different content lengths',
    reply: raw(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`),
    kind: 'malformed',
    puts: 1,
  },
  {
    name: 'a protocol switch',
    reply: raw(head(101, { Upgrade: 'x', Connection: 'upgrade' })),
    kind: 'malformed',
    puts: 1,
  },
  { name: 'an endless header', reply: raw(`HTTP/1.1 200 OK\r\nX: ${huge}`), kind: 'malformed', puts: 1 },
  { name: 'a huge body', reply: answer(200, huge), kind: 'malformed', puts: 1 },
  {
    name: 'a huge body without a length',
    reply: raw(`${head(200, { Connection: 'close' })}${huge}`),
    kind: 'malformed',
    puts: 1,
  },
  { name: 'an empty token', reply: answer(200, '', ttl), kind: 'malformed', puts: 1 },
  {
    name: 'a token with a line break',
    reply: answer(200, 'AQAE\r\nX-Evil: 1', ttl),
    kind: 'malformed',
    puts: 1,
  },
  {
    name: 'a token that is a page',
    reply: answer(200, '<html>not here</html>'.repeat(99)),
    kind: 'malformed',
    puts: 1,
  },
];

describe('a token request that fails', () => {
  test.each(CASES)('$name → $kind', async ({ reply, kind, status, puts }) => {
    const { client, signal, imds, events } = await against(reply);
    const result = await client.token(signal);
    expect(result).toMatchObject({ ok: false, failure: { kind }, attempts: puts });
    expect(!result.ok && result.failure.status).toBe(status);
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(puts);
    expect(events.filter((event) => event.type === 'retry')).toHaveLength(puts - 1);
  });

  test('unanswered → response-timeout, in the time of its attempts', async () => {
    const { client, signal, imds } = await against(hang(), { timeoutMs: 40 });
    expect(await client.token(signal)).toMatchObject({
      ok: false,
      failure: {
        kind: 'response-timeout',
        detail: 'PUT /latest/api/token was sent and not answered within 40 ms',
      },
      attempts: 3,
    });
    expect(imds.asked.filter((asked) => asked === 'token')).toHaveLength(3);
  });

  test('header at once, body never → response-timeout that says so', async () => {
    const { client, signal } = await against(raw(head(200, { 'Content-Length': '56' })), {
      timeoutMs: 40,
      attempts: 1,
    });
    expect(await client.token(signal)).toMatchObject({
      failure: {
        kind: 'response-timeout',
        detail: 'PUT /latest/api/token was answered with 200, but the body was not complete within 40 ms',
        status: 200,
      },
    });
  });

  test('a byte at a time does not stretch the time-out', async () => {
    const drip: Reply = (socket) => {
      socket.write(head(200, { 'Content-Length': '100000' }));
      const timer = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => clearInterval(timer));
    };
    const { client, signal } = await against(drip, { timeoutMs: 80, attempts: 1 });
    expect(await client.token(signal)).toMatchObject({ failure: { kind: 'response-timeout' } });
    expect(client.traffic().requests[0]?.tookMs).toBeLessThan(1000);
  });

  test('endless informational answers do not stretch it either', async () => {
    const drip: Reply = (socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    };
    const { client, signal } = await against(drip, { timeoutMs: 80, attempts: 1 });
    expect(await client.token(signal)).toMatchObject({ failure: { kind: 'response-timeout' } });
  });

  test('an informational answer before the real one is passed over', async () => {
    const early: Reply = (socket, request) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
      token()(socket, request);
    };
    const { client, signal } = await against(early);
    expect(await client.token(signal)).toMatchObject({ ok: true, attempts: 1 });
  });

  test('a machine that stood still does not take its own pause for a time-out', async () => {
    const imds = await elsewhere('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nAQAEAabc');
    const { client, signal } = clientFor(imds.endpoint, { timeoutMs: 300, attempts: 1 });
    open.push(client, imds);
    const result = client.token(signal);
    await imds.asked;
    // The answer is on its way while nothing runs here.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    expect(await result).toMatchObject({ ok: true });
  });

  test('nobody listens → refused, not repeated', async () => {
    const { client, signal, imds } = await against(hang());
    await imds.close();
    expect(await client.token(signal)).toMatchObject({
      ok: false,
      failure: { kind: 'refused' },
      attempts: 1,
    });
    expect(client.traffic()).toMatchObject({ connections: 0 });
  });

  test('packets swallowed → connect-timeout, every attempt', async () => {
    const hole = await blackHole();
    const hand = clientFor(hole.endpoint, { timeoutMs: 60 });
    open.push(hand.client, hole);
    const { token: result, tokenless, traffic } = await wholeCycle(hand);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'connect-timeout' }, attempts: 3 });
    expect(tokenless).toMatchObject({ ok: false, failure: { kind: 'connect-timeout' } });
    expect(traffic).toMatchObject({ connections: 0 });
    expect(traffic.requests.map((request) => request.failure)).toEqual(Array(4).fill('connect-timeout'));
  });

  test('the deadline ends it at once, with the failure that was there before', async () => {
    const deadline = new AbortController();
    const { client } = await against([answer(503), () => deadline.abort()]);
    const result = client.token(deadline.signal);
    expect(await result).toMatchObject({
      ok: false,
      failure: { kind: 'http-status', status: 503 },
      attempts: 2,
    });
  });

  test('the deadline while the only try waits → response-timeout; before it → nothing is sent', async () => {
    const deadline = new AbortController();
    const { client, imds } = await against(() => deadline.abort());
    const waiting = Promise.all([client.token(deadline.signal), client.role(deadline.signal)]);
    for (const result of await waiting) {
      expect(result).toMatchObject({ ok: false, failure: { kind: 'response-timeout' } });
    }
    client.beginCycle();
    const before = imds.requests.length;
    expect(await client.token(deadline.signal)).toMatchObject({
      failure: { kind: 'response-timeout' },
      attempts: 0,
    });
    expect(imds.requests).toHaveLength(before);
  });

  test('is shared by everything that needs a token, with the same kind and attempts, and one PUT only', async () => {
    const { imds, ...hand } = await against(answer(403));
    const seen = await wholeCycle(hand);
    for (const part of [seen.role, seen.profile, seen.identity]) {
      expect(part).toMatchObject({
        ok: false,
        failure: {
          kind: 'http-status',
          status: 403,
          detail: 'no session token: PUT /latest/api/token was answered with 403',
        },
        attempts: 1,
      });
    }
    expect(imds.asked).toEqual(['token', 'tokenless']);
    expect(hand.events).toEqual([{ type: 'gave-up', purpose: 'token', got: 403, attempts: 1 }]);
  });

  test('in one cycle does not spoil the next', async () => {
    const { client, signal } = await against([answer(403), token()]);
    expect(await client.token(signal)).toMatchObject({ ok: false });
    expect(await client.token(signal)).toMatchObject({ ok: false });
    client.beginCycle();
    expect(await client.token(signal)).toMatchObject({ ok: true });
  });

  test('events come when it happens, not at the end', async () => {
    const told: number[] = [];
    const { client, signal, imds } = await against([answer(429), delayed(80, answer(503)), token()], {
      onEvent: () => told.push(imds.requests.length),
    });
    expect(await client.token(signal)).toMatchObject({ ok: true, attempts: 3 });
    expect(told).toEqual([1, 2]);
  });

  test('never shows a secret, even where the service repeats ours', async () => {
    const echo: Reply = (socket, request) =>
      answer(
        200,
        JSON.stringify({ Code: 'Nope', Message: `you sent ${request.headers['x-aws-ec2-metadata-token']}` }),
      )(socket, request);
    const imds = await ScriptedImds.start({ credentials: echo, role: answer(200, TOKEN), identity: echo });
    const hand = clientFor(imds.endpoint);
    open.push(hand.client, imds);
    const shown = JSON.stringify([await wholeCycle(hand), hand.events, hand.client]);
    for (const secret of SECRETS) expect(shown).not.toContain(secret);
    expect(shown).toContain('repeats the session token');
  });
});

describe('errors of the system', () => {
  const withCode = (code: unknown): Error => Object.assign(new Error(`secret ${TOKEN}`), { code });

  test.each<[string, FailureKind]>([
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'unroutable'],
    ['EHOSTUNREACH', 'unroutable'],
    ['EADDRNOTAVAIL', 'unroutable'],
    ['ENOTFOUND', 'unroutable'],
    ['EAI_AGAIN', 'unroutable'],
    ['EACCES', 'unroutable'],
    ['EPERM', 'unroutable'],
    ['EINVAL', 'unroutable'],
    ['ETIMEDOUT', 'connect-timeout'],
    ['ECONNRESET', 'reset'],
  ])('%s while connecting → %s', (code, kind) => {
    const failure = connectFailure(withCode(code), '127.0.0.1:80');
    expect(failure.kind).toBe(kind);
    expect(failure.detail).not.toContain(TOKEN);
  });

  test.each<[string, boolean, boolean, FailureKind]>([
    ['ECONNRESET', false, false, 'reset'],
    ['EPIPE', false, false, 'reset'],
    ['EHOSTUNREACH', false, false, 'reset'],
    ['ETIMEDOUT', false, false, 'response-timeout'],
    ['UND_ERR_SOCKET', false, true, 'reset'],
    ['UND_ERR_SOCKET', false, false, 'malformed'],
    ['UND_ERR_HEADERS_OVERFLOW', false, false, 'malformed'],
    ['ECONNRESET', true, false, 'malformed'],
    ['UND_ERR_SOCKET', true, true, 'malformed'],
  ])('%s on a standing connection (header %s, closed by peer %s) → %s', (code, headers, peerClosed, kind) => {
    const failure = exchangeFailure(withCode(code), 'GET /x', { headers, peerClosed });
    expect(failure.kind).toBe(kind);
    expect(failure.detail).not.toContain(TOKEN);
  });

  test.each([['lower'], [`E\n${TOKEN}`], [7], [undefined]])(
    'a code that is no code is not shown: %j',
    (code) => {
      expect(errorCode(withCode(code))).toBeNull();
    },
  );
});
