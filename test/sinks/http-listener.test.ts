// The listener over real sockets: what it answers, when it says that the loop stands still, and what it refuses.
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpListener, type HttpListener } from '../../src/sinks/http-listener.ts';
import { aReport } from '../support/report-builder.ts';

const signal = new AbortController().signal;
const listeners: HttpListener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listening(port = 0) {
  const clock = { ms: 0 };
  const listener = createHttpListener({
    host: '127.0.0.1',
    port,
    clock: { monotonicMs: () => clock.ms },
    staleMs: 180_000,
    metrics: ({ status }) => `imds_probe_status ${status}\n`,
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
    status: ({ status }) => JSON.stringify({ status }),
  });
  listeners.push(listener);
  const at = async (): Promise<string> => {
    while (listener.address() === null) await new Promise((resolve) => setImmediate(resolve));
    return `http://127.0.0.1:${listener.address()?.port}`;
  };
  return { clock, listener, at };
}

/** Sends bytes, and answers what comes back until the connection ends. */
function raw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('the listener', () => {
  it('serves metrics and status of the latest report, once there is one', async () => {
    const { listener, at } = await listening();
    const url = await at();
    for (const path of ['/metrics', '/status']) expect((await fetch(url + path)).status).toBe(503);
    await listener.sink.deliver(aReport({ status: 'warning' }), signal);
    await listener.sink.deliver(aReport({ status: 'critical' }), signal);
    const metrics = await fetch(`${url}/metrics?x=1`);
    expect([metrics.status, metrics.headers.get('content-type'), await metrics.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'imds_probe_status critical\n',
    ]);
    const status = await fetch(`${url}/status`);
    expect([status.headers.get('content-type'), await status.json()]).toEqual([
      'application/json; charset=utf-8',
      { status: 'critical' },
    ]);
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '27', '']);
  });

  it('is healthy while cycles finish, not while the process merely lives', async () => {
    const { clock, listener, at } = await listening();
    const health = async (): Promise<[number, string]> => {
      const answer = await fetch(`${await at()}/healthz`);
      return [answer.status, await answer.text()];
    };
    // There is time for the first cycle, too.
    expect(await health()).toEqual([200, 'ok\n']);
    clock.ms = 180_001;
    expect(await health()).toEqual([503, 'no cycle has finished for 180 s\n']);
    await listener.sink.deliver(aReport(), signal);
    expect((await health())[0]).toBe(200);
    clock.ms += 180_000;
    expect((await health())[0]).toBe(200);
    clock.ms += 1;
    expect((await health())[0]).toBe(503);
  });

  it.each([
    ['another path', 'GET /etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 404 /],
    [
      'a method that changes things',
      'POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 405 .*Allow: GET, HEAD/s,
    ],
    ['headers without end', `GET /metrics HTTP/1.1\r\nX: ${'y'.repeat(20_000)}`, /^$/],
    ['no HTTP', '\u0016\u0003\u0001 hello\r\n\r\n', /^$/],
  ])('refuses %s', async (_, bytes, answer) => {
    const { listener, at } = await listening();
    await listener.sink.deliver(aReport(), signal);
    expect(await raw(await at(), bytes)).toMatch(answer);
  });

  it('holds no more connections than it may', async () => {
    const { at } = await listening();
    const port = Number(new URL(await at()).port);
    const sockets = Array.from({ length: 60 }, () => net.connect(port, '127.0.0.1'));
    const ended = await new Promise<number>((resolve) => {
      let count = 0;
      for (const socket of sockets) {
        socket.on('error', () => {});
        socket.on('close', () => {
          count += 1;
          if (count === 60 - 32) resolve(count);
        });
      }
    });
    expect(ended).toBe(28);
    for (const socket of sockets) socket.destroy();
  });

  it('says that its address is taken, and takes it once it is free', async () => {
    const first = await listening();
    const port = Number(new URL(await first.at()).port);
    const second = await listening(port);
    await expect(second.listener.sink.deliver(aReport(), signal)).rejects.toThrow('EADDRINUSE');
    await expect(second.listener.sink.deliver(aReport(), signal)).rejects.toThrow('EADDRINUSE');
    await first.listener.close();
    await second.listener.sink.deliver(aReport({ status: 'warning' }), signal);
    expect(await (await fetch(`${await second.at()}/status`)).json()).toEqual({ status: 'warning' });
  });

  it('closes with clients still connected', async () => {
    const { listener, at } = await listening();
    const client = net.connect(Number(new URL(await at()).port), '127.0.0.1');
    await new Promise((resolve) => client.once('connect', resolve));
    await listener.close();
    await new Promise((resolve) => client.once('close', resolve));
    await listener.sink.deliver(aReport(), signal);
    expect(listener.address()).toBeNull();
  });
});
