// Holds the time client to real sockets on loopback: good, slow, silent, lying, rude and absent servers.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createTimeClient, type TimeClientOptions } from '../../../src/clients/sntp/client.ts';
import { encodePacket, encodeRequest } from '../../../src/clients/sntp/packet.ts';
import type { Resolve } from '../../../src/clients/sntp/server.ts';
import {
  aPacket,
  closedPort,
  referenceId,
  type ScriptedServer,
  startServer,
  type Turn,
  timeAnswer,
} from './scripted-server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function server(onQuestion: (turn: Turn) => void, host?: string): Promise<ScriptedServer> {
  const started = await startServer(onQuestion, host);
  closing.push(started.close);
  return started;
}

const wallMs = (): number => performance.timeOrigin + performance.now();
const CLOCK = { wallMs, monotonicMs: () => performance.now() };

function client(servers: TimeClientOptions['servers'], changes: Partial<TimeClientOptions> = {}) {
  const created = createTimeClient({ servers, timeoutMs: 2000, clock: CLOCK, randomBytes, ...changes });
  closing.push(created.close);
  return created;
}

const never = new AbortController().signal;
const good = ({ question, reply }: Turn): void => reply(timeAnswer(question));
const kiss =
  (code: string) =>
  ({ question, reply }: Turn): void =>
    reply(timeAnswer(question, 0, { leap: 3, stratum: 0, referenceId: referenceId(code) }));
const unsynchronised = ({ question, reply }: Turn): void =>
  reply(timeAnswer(question, 0, { leap: 3, stratum: 0, referenceId: 0 }));
const silent = (): void => {};

describe('a good server', () => {
  it.each([
    ['a slow local clock, positive', 400_000],
    ['a fast local clock, negative', -400_000],
    ['a right local clock', 0],
  ])('tells the offset of %s', async (_, offsetMs) => {
    const time = await server(({ question, reply }) => reply(timeAnswer(question, offsetMs, { leap: 1 })));
    const result = await client([time]).offset(never);
    expect(result).toMatchObject({
      ok: true,
      attempts: 4,
      value: { server: `127.0.0.1:${time.port}`, stratum: 3, leap: 1 },
    });
    if (!result.ok) return;
    expect(Math.abs(result.value.offsetMs - offsetMs)).toBeLessThanOrEqual(result.value.errorBoundMs);
  });

  it('is asked with another random transmit time each time, and told nothing else', async () => {
    const time = await server(good);
    await client([time]).servers(never);
    const nonces = time.questions.map(({ transmitTime }) => transmitTime);
    expect(new Set(nonces).size).toBe(4);
    expect(nonces).not.toContain(0n);
    for (const question of time.questions) {
      expect(encodePacket(question)).toEqual(encodeRequest(question.transmitTime));
    }
  });

  it('is never asked with a nonce of zero, which a blind answer would match', async () => {
    const time = await server(good);
    await client([time], { randomBytes: (count) => new Uint8Array(count), exchanges: 1 }).servers(never);
    expect(time.questions[0]?.transmitTime).not.toBe(0n);
  });

  it('is believed by the exchange with the least delay', async () => {
    const time = await server(({ question, turn, reply }) => {
      if (turn === 2) reply(timeAnswer(question, 5000));
      else setTimeout(() => reply(timeAnswer(question, 9000)), 60);
    });
    const result = await client([time]).offset(never);
    expect(result.ok && Math.round(result.value.offsetMs / 100)).toBe(50);
  });

  it('is asked once a cycle, however many want to know', async () => {
    const time = await server(good);
    const port = client([time]);
    const [servers, offset] = await Promise.all([port.servers(never), port.offset(never)]);
    expect(offset).toMatchObject({ ok: true, value: { offsetMs: servers[0]?.offsetMs } });
    expect(time.questions).toHaveLength(4);
    port.beginCycle();
    await port.offset(never);
    expect(time.questions).toHaveLength(8);
  });

  it('answers on IPv6 too, named with brackets', async () => {
    const time = await server(good, '::1');
    expect(await client([time]).offset(never)).toMatchObject({ value: { server: `[::1]:${time.port}` } });
  });

  it('is found by name', async () => {
    const time = await server(good);
    const result = await client([{ host: 'localhost', port: time.port }]).offset(never);
    expect(result).toMatchObject({ ok: true, value: { server: `localhost:${time.port}` } });
  });

  it('is found past addresses of its name where nobody listens', async () => {
    const time = await server(good);
    const resolve = async () => ['::1', '127.0.0.2', '127.0.0.1'];
    const [answer] = await client([{ host: 'time.test', port: time.port }], { resolve }).servers(never);
    expect(answer).toMatchObject({ state: 'valid', server: `time.test:${time.port}`, exchanges: 6 });
  });

  it('is not sought at more than four addresses', async () => {
    const time = await server(good);
    const resolve = async () => ['::1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.1'];
    const result = await client([{ host: 'time.test', port: time.port }], { resolve }).offset(never);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'refused' } });
  });

  it('adds what it admits itself to the error bound', async () => {
    const time = await server(({ question, reply }) =>
      reply(timeAnswer(question, 0, { rootDelayMs: 4000, rootDispersionMs: 1000 })),
    );
    const result = await client([time]).offset(never);
    expect(result.ok && result.value.errorBoundMs).toBeGreaterThanOrEqual(3000);
  });

  it('is measured rightly although the wall clock is set during the exchanges', async () => {
    let stepMs = 0;
    const time = await server(({ question, turn, reply }) => {
      if (turn === 3) stepMs = 60_000;
      reply(timeAnswer(question));
    });
    const clock = { ...CLOCK, wallMs: () => wallMs() + stepMs };
    const result = await client([time], { clock }).offset(never);
    expect(result.ok && Math.abs(result.value.offsetMs + 60_000)).toBeLessThan(1000);
  });
});

describe('packets that get lost', () => {
  it('cost one time-out, not the answer', async () => {
    const time = await server((turn) => turn.turn > 1 && good(turn));
    const [answer] = await client([time], { timeoutMs: 60 }).servers(never);
    expect(answer).toMatchObject({ state: 'valid', exchanges: 5, failure: null });
  });

  it('are not lost when they only come late', async () => {
    const time = await server(({ question, turn, reply }) => {
      if (turn === 1) setTimeout(() => reply(timeAnswer(question)), 140);
    });
    // Half of it is the patience with the first try, so the answer comes when the second is under way.
    const [answer] = await client([time], { timeoutMs: 200 }).servers(never);
    expect(answer).toMatchObject({ state: 'valid', stratum: 3 });
    expect(answer?.delayMs).toBeGreaterThan(100);
  });

  it('do not take away what was measured before', async () => {
    const time = await server((turn) => turn.turn <= 2 && good(turn));
    const [answer] = await client([time]).servers(never);
    expect(answer).toMatchObject({ state: 'valid', exchanges: 3 });
    expect(answer?.detail).toContain('the best of 2 answers');
  });

  it('all of them: the server is asked twice and then given up', async () => {
    const time = await server(silent);
    const port = client([time], { timeoutMs: 40 });
    expect(await port.servers(never)).toMatchObject([
      { state: 'unreachable', failure: 'response-timeout', exchanges: 2, offsetMs: null, stratum: null },
    ]);
    expect(await port.offset(never)).toMatchObject({
      ok: false,
      attempts: 2,
      failure: { kind: 'response-timeout' },
    });
    expect(time.questions).toHaveLength(2);
  });
});

describe('a server that is not there', () => {
  it('is seen as refusing at once', async () => {
    const port = await closedPort();
    const result = await client([{ host: '127.0.0.1', port }]).offset(never);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'refused' } });
    expect(!result.ok && result.failure.detail).toContain('ECONNREFUSED');
  });

  it.each<[string, string, { resolve?: Resolve; dns?: boolean }, string]>([
    ['a name that can not exist', 'x'.repeat(300), {}, 'does not resolve'],
    ['a name without an address', 'time.test', { resolve: async () => [] }, 'without an address'],
    [
      'a resolver that never answers',
      'time.test',
      { resolve: () => new Promise(() => {}) },
      'did not resolve in time',
    ],
    ['a name, where DNS is not to be asked', 'time.example', { dns: false }, '--offline asks no DNS'],
  ])('%s has no route', async (_, host, changes, words) => {
    const result = await client([{ host, port: 123 }], { timeoutMs: 100, ...changes }).offset(never);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'unroutable' } });
    expect(!result.ok && result.failure.detail).toContain(words);
    expect(!result.ok && result.failure.detail.length).toBeLessThan(500);
  });

  it('none configured is a failure too', async () => {
    const port = client([]);
    expect(await port.servers(never)).toEqual([]);
    expect(await port.offset(never)).toMatchObject({ ok: false, failure: { kind: 'unroutable' } });
  });
});

describe('a server without the time', () => {
  it.each([
    [
      'not synchronised',
      unsynchronised,
      'unsynchronised',
      'malformed',
      'not synchronised (leap 3, stratum 0)',
    ],
    ['just started', kiss('INIT'), 'unsynchronised', 'malformed', 'code INIT'],
    ['refusing', kiss('DENY'), 'kiss', 'refused', 'kiss code DENY'],
    [
      'at stratum 99',
      ({ question, reply }: Turn) => reply(timeAnswer(question, 0, { stratum: 99 })),
      'malformed',
      'malformed',
      'stratum 99',
    ],
    [
      'with times that contradict ours',
      ({ question, reply }: Turn) => reply(timeAnswer(question, 0, { receiveTime: 1n })),
      'malformed',
      'malformed',
      'breaks the protocol',
    ],
  ])('%s', async (_, behave, state, kind, words) => {
    const time = await server(behave);
    const port = client([time]);
    const [answer] = await port.servers(never);
    expect(answer).toMatchObject({ state, exchanges: 1, offsetMs: null, failure: null });
    const result = await port.offset(never);
    expect(result).toMatchObject({ ok: false, failure: { kind } });
    expect(!result.ok && result.failure.detail).toContain(words);
    expect(!result.ok && result.failure.detail).toContain(`127.0.0.1:${time.port}`);
  });

  it('is believed that it lost the time, even after good answers', async () => {
    const time = await server((turn) => (turn.turn < 3 ? good(turn) : unsynchronised(turn)));
    expect(await client([time]).servers(never)).toMatchObject([{ state: 'unsynchronised', leap: 3 }]);
  });
});

describe('packets nobody asked for', () => {
  it('are ignored while the right one is awaited', async () => {
    const time = await server(({ question, turn, reply }) => {
      reply(timeAnswer(question, 99_000, { originTime: question.transmitTime + 1n }));
      reply(new Uint8Array(10));
      reply(kissBytes(0n));
      if (turn > 1)
        reply(timeAnswer(question, 77_000, { originTime: time.questions[0]?.transmitTime ?? 0n }));
      reply(timeAnswer(question));
    });
    const [answer] = await client([time]).servers(never);
    expect(answer).toMatchObject({ state: 'valid', exchanges: 4 });
    expect(Math.abs(answer?.offsetMs ?? 1e9)).toBeLessThan(1000);
  });

  it('count once, however often they are repeated', async () => {
    const time = await server(({ question, turn, reply }) => {
      const answer = timeAnswer(question);
      if (turn === 1) for (let copy = 0; copy < 3; copy++) reply(answer);
    });
    const [answer] = await client([time]).servers(never);
    expect(answer).toMatchObject({ state: 'valid', exchanges: 2 });
    expect(answer?.detail).toContain('one answer');
  });

  it('do not count when they come from elsewhere, the right nonce or not', async () => {
    const stranger = createSocket('udp4');
    closing.push(() => new Promise((resolve) => stranger.close(() => resolve())));
    const relay = createSocket('udp4');
    closing.push(() => new Promise((resolve) => relay.close(() => resolve())));
    await new Promise<void>((resolve) => relay.bind(0, '127.0.0.1', resolve));
    // The question reaches the relay; the answer with the right nonce leaves another socket.
    relay.on('message', (bytes, from) => {
      const nonce = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(40);
      stranger.send(encodePacket(aPacket({ originTime: nonce })), from.port, from.address);
    });
    const port = relay.address().port;
    const [answer] = await client([{ host: '127.0.0.1', port }], { timeoutMs: 40 }).servers(never);
    expect(answer).toMatchObject({ state: 'unreachable', failure: 'response-timeout' });
  });

  it('and nothing else: the server breaks the protocol', async () => {
    const time = await server(({ question, reply }) => reply(timeAnswer(question, 0, { originTime: 0n })));
    const [answer] = await client([time], { timeoutMs: 40 }).servers(never);
    expect(answer).toMatchObject({ state: 'malformed', failure: null });
    expect(answer?.detail).toContain('origin time');
  });

  it('are endured only so often', async () => {
    const time = await server(({ reply }) => {
      for (let packet = 0; packet < 80; packet++) reply(new Uint8Array(48));
    });
    const [answer] = await client([time], { timeoutMs: 15_000 }).servers(never);
    expect(answer).toMatchObject({ state: 'malformed', exchanges: 1 });
  });

  it('whatever their bytes, end in a typed answer', async () => {
    let bytes = new Uint8Array(48);
    const time = await server(({ question, reply }) => {
      const patched = bytes.slice();
      new DataView(patched.buffer).setBigUint64(24, question.transmitTime);
      reply(patched);
    });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 48, maxLength: 300, size: 'max' }), async (random) => {
        bytes = random as Uint8Array<ArrayBuffer>;
        const [answer] = await client([time], { exchanges: 1 }).servers(never);
        expect(answer?.exchanges).toBe(1);
        expect(['valid', 'unsynchronised', 'kiss', 'malformed']).toContain(answer?.state);
        expect(answer?.state === 'valid').toBe(Number.isFinite(answer?.offsetMs));
      }),
      { numRuns: 100 },
    );
  });
});

const kissBytes = (originTime: bigint): Uint8Array =>
  encodePacket(aPacket({ originTime, leap: 3, stratum: 0, referenceId: referenceId('DENY') }));

describe('a server that wants to be left alone', () => {
  const MINUTE = 60_000;

  it('with DENY is not asked again for an hour, then for two, up to a day', async () => {
    let laterMs = 0;
    const time = await server(kiss('DENY'));
    const clock = { ...CLOCK, monotonicMs: () => performance.now() + laterMs };
    const port = client([time], { clock });
    const askedAfter = async (ms: number): Promise<number> => {
      laterMs += ms;
      port.beginCycle();
      const [answer] = await port.servers(never);
      expect(answer).toMatchObject({ state: 'kiss', kissCode: 'DENY' });
      return time.questions.length;
    };
    expect(await askedAfter(0)).toBe(1);
    expect(await askedAfter(59 * MINUTE)).toBe(1);
    expect(await askedAfter(2 * MINUTE)).toBe(2);
    expect(await askedAfter(119 * MINUTE)).toBe(2);
    expect(await askedAfter(2 * MINUTE)).toBe(3);
    for (let kisses = 4; kisses < 10; kisses++) expect(await askedAfter(24 * 60 * MINUTE + 1)).toBe(kisses);
  });

  it('is asked as before once it gives the time again', async () => {
    let laterMs = 0;
    const time = await server((turn) => (turn.turn === 2 ? good(turn) : kiss('RATE')(turn)));
    const clock = { ...CLOCK, monotonicMs: () => performance.now() + laterMs };
    const port = client([time], { clock });
    const stateAfter = async (ms: number) => {
      laterMs += ms;
      port.beginCycle();
      const [answer] = await port.servers(never);
      return [answer?.state, answer?.exchanges];
    };
    expect(await stateAfter(0)).toEqual(['kiss', 1]);
    expect(await stateAfter(1 * MINUTE)).toEqual(['kiss', 0]);
    expect(await stateAfter(2 * MINUTE)).toEqual(['valid', 1]);
    expect(await stateAfter(1)).toEqual(['kiss', 1]);
    // The hold begins again at two minutes: the good answer has ended the series.
    expect(await stateAfter(2 * MINUTE + 1)).toEqual(['kiss', 1]);
  });

  it('with RATE after good answers keeps its time, and gets one question a cycle from then on', async () => {
    const time = await server((turn) => (turn.turn === 3 ? kiss('RATE')(turn) : good(turn)));
    const port = client([time]);
    expect(await port.servers(never)).toMatchObject([{ state: 'valid', exchanges: 3, kissCode: 'RATE' }]);
    port.beginCycle();
    expect(await port.servers(never)).toMatchObject([{ state: 'valid', exchanges: 1, kissCode: null }]);
    expect(time.questions).toHaveLength(4);
  });
});

describe('several servers', () => {
  it('are asked in order, and no more of them than needed', async () => {
    const [first, second] = [await server(good), await server(good)];
    const answers = await client([first, second]).servers(never);
    expect(answers.map(({ server: name }) => name)).toEqual([`127.0.0.1:${first.port}`]);
    expect(second.questions).toHaveLength(0);
  });

  it.each([
    ['not synchronised', unsynchronised],
    ['refusing', kiss('DENY')],
  ])('the next is asked where the one before is %s', async (_, behave) => {
    const [first, second] = [await server(behave), await server(good)];
    const port = client([first, second]);
    expect(await port.offset(never)).toMatchObject({
      ok: true,
      value: { server: `127.0.0.1:${second.port}` },
    });
    expect((await port.servers(never)).map(({ server: name }) => name)).toEqual([
      `127.0.0.1:${first.port}`,
      `127.0.0.1:${second.port}`,
    ]);
  });

  it('a silent first one does not hold up the second', async () => {
    const [first, second] = [await server(silent), await server(good)];
    // A time-out beyond the test's own: it ends in time only because the second server is not made to wait.
    const answers = await client([first, second], { timeoutMs: 60_000 }).servers(never);
    expect(answers).toMatchObject([
      { state: 'unreachable', failure: 'response-timeout', exchanges: 1 },
      { state: 'valid', exchanges: 4 },
    ]);
    expect(answers[0]?.detail).toContain('when another server had given the time');
  });

  it('a slow first one that answers is not doubted', async () => {
    const first = await server(({ question, reply }) => {
      setTimeout(() => reply(timeAnswer(question)), 30);
    });
    const second = await server(good);
    expect(await client([first, second]).servers(never)).toMatchObject([{ state: 'valid', exchanges: 4 }]);
    expect(second.questions).toHaveLength(0);
  });

  it('the most telling failure speaks for all', async () => {
    const closed = { host: '127.0.0.1', port: await closedPort() };
    const [mute, lost] = [await server(silent), await server(unsynchronised)];
    const result = await client([mute, closed, lost], { timeoutMs: 40 }).offset(never);
    expect(!result.ok && result.failure.detail).toContain('not synchronised');
    const rest = await client([mute, closed], { timeoutMs: 40 }).offset(never);
    expect(rest).toMatchObject({ ok: false, failure: { kind: 'refused' } });
  });
});

describe('the end of a cycle', () => {
  it('that came before the first question leaves no socket and sends nothing', async () => {
    const time = await server(good);
    const [answer] = await client([time]).servers(AbortSignal.abort());
    expect(answer).toMatchObject({ state: 'unreachable', failure: 'response-timeout', exchanges: 0 });
    expect(time.questions).toHaveLength(0);
  });

  it('ends a silence at once', async () => {
    const deadline = new AbortController();
    const time = await server(() => deadline.abort());
    const [answer] = await client([time], { timeoutMs: 60_000 }).servers(deadline.signal);
    expect(answer).toMatchObject({ state: 'unreachable', exchanges: 1 });
  });

  it('keeps what was measured until then', async () => {
    const deadline = new AbortController();
    const time = await server((turn) => (turn.turn < 3 ? good(turn) : deadline.abort()));
    const [answer] = await client([time], { timeoutMs: 60_000 }).servers(deadline.signal);
    expect(answer).toMatchObject({ state: 'valid', exchanges: 3 });
  });

  it('is made by close(), too, and by the next cycle', async () => {
    const time = await server(silent);
    const port = client([time], { timeoutMs: 60_000 });
    const first = port.servers(never);
    port.beginCycle();
    expect(await first).toMatchObject([{ state: 'unreachable' }]);
    const second = port.servers(never);
    await port.close();
    expect(await second).toMatchObject([{ state: 'unreachable' }]);
  });
});
