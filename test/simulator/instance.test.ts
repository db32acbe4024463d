// A box as a whole: doors that open and shut, several at once, clients that mean it ill, and a clean end.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { ask, credentialsOf, metadata, putJson, tokenOf } from './ask.ts';

const boxes: Instance[] = [];
const start = async (...args: Parameters<typeof startInstance>): Promise<Instance> => {
  const box = await startInstance(...args);
  boxes.push(box);
  return box;
};
afterEach(async () => {
  await Promise.all(boxes.splice(0).map((box) => box.close()));
});

const portOf = (endpoint: string): number => Number(new URL(endpoint).port);
/** What the kernel has on a local port of 127.0.0.1, by its table of TCP sockets. */
function socketStates(port: number): string[] {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const names: Record<string, string> = { '01': 'established', '0A': 'listening' };
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address]) => address === local)
    .map(([, , , state = '']) => names[state] ?? state);
}

const HEARTBEAT = { Namespace: 'ImdsProbe', MetricData: [{ MetricName: 'Heartbeat', Value: 1 }] };

/** Sends raw bytes to a port and answers all that comes back until the connection ends, or the client ends it. */
function talk(port: number, bytes: string | Uint8Array, end = false): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ port, host: '127.0.0.1' });
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
    socket.on('connect', () => (end ? socket.end(bytes) : socket.write(bytes)));
  });
}

describe('doors', () => {
  it('shut and open again on the same port, as it runs', async () => {
    const box = await start();
    const credentials = await credentialsOf(box.endpoints.imds);
    const put = () => putJson(box.endpoints, HEARTBEAT, { credentials });
    const seen: (number | string | null)[] = [];
    for (const refused of [true, false, true, true, false]) {
      await box.change({ cloudwatch: { refused } });
      const answer = await put();
      seen.push(answer.status ?? answer.error);
    }
    expect(seen).toEqual(['ECONNREFUSED', 200, 'ECONNREFUSED', 'ECONNREFUSED', 200]);
    expect(box.received().metrics).toHaveLength(2);
  });

  it('cut the connections that are there when they shut', async () => {
    const box = await start({ imds: { faults: [{ wire: 'hang' }] } });
    const hanging = ask(box.endpoints.imds, { timeoutMs: 10_000 });
    await expect.poll(() => box.received().imdsRequests.length).toBe(1);
    await box.change({ imds: { refused: true } });
    expect((await hanging).error).toBe('ECONNRESET');
  });

  it.each(['from the start', 'as it runs'])(
    'keep a shut port, %s, by a connection of their own',
    async (when) => {
      const box = await start({ imds: { refused: when === 'from the start' } });
      const port = portOf(box.endpoints.imds);
      await box.change({ imds: { refused: true } });
      expect(socketStates(port)).toEqual(['established']);
      expect((await ask(box.endpoints.imds)).error).toBe('ECONNREFUSED');
      await box.change({ imds: { refused: false } });
      expect(socketStates(port)).toEqual(['listening']);
    },
  );

  it('a shut box may open', async () => {
    const box = await start({ imds: { refused: true } });
    expect((await ask(box.endpoints.imds)).error).toBe('ECONNREFUSED');
    await box.change({ imds: { refused: false } });
    expect(await tokenOf(box.endpoints.imds)).toMatch(/^AQAEA/);
  });
});

it('boxes live side by side, on both families, and know only their own tokens', async () => {
  const [a, b, six] = await Promise.all([start(), start(), start({}, { host: '::1' })]);
  expect(six.endpoints.imds).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect(six.endpoints.timeServer).toMatch(/^\[::1\]:\d+$/);
  expect((await metadata(six.endpoints.imds, '/latest/meta-data/instance-id')).status).toBe(200);
  expect((await putJson(six.endpoints, HEARTBEAT)).status).toBe(200);
  const headers = { 'x-aws-ec2-metadata-token': await tokenOf(a.endpoints.imds) };
  const path = '/latest/meta-data/';
  expect((await ask(a.endpoints.imds, { path, headers })).status).toBe(200);
  expect((await ask(b.endpoints.imds, { path, headers })).status).toBe(401);
  expect(
    (await putJson(b.endpoints, HEARTBEAT, { credentials: await credentialsOf(a.endpoints.imds) })).status,
  ).toBe(403);
});

it('takes the ports it is given, and says when one is taken', async () => {
  const first = await start();
  const imds = portOf(first.endpoints.imds);
  await expect(startInstance({}, { ports: { imds } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await boxes.pop()?.close();
  const second = await start({}, { ports: { imds } });
  expect(portOf(second.endpoints.imds)).toBe(imds);
});

it('ends at once, with answers owed and connections open', async () => {
  const box = await startInstance({
    imds: { faults: [{ delayMs: 60_000 }] },
    sts: { faults: [{ wire: 'hang' }] },
  });
  const owed = [
    ask(box.endpoints.imds),
    ask(box.endpoints.sts),
    talk(portOf(box.endpoints.cloudwatch), 'GET'),
  ];
  await expect.poll(() => box.received().stsRequests).toBe(1);
  await box.close();
  for (const one of await Promise.all(owed)) expect(one).toSatisfy((it) => it === '' || it.status === null);
  expect((await ask(box.endpoints.imds)).error).toBe('ECONNREFUSED');
});

it('leaves nothing behind that would keep a process alive', async () => {
  const program = `
    import { startInstance } from '${new URL('../../src/simulator/instance.ts', import.meta.url)}';
    import { get } from 'node:http';
    const box = await startInstance({ imds: { faults: [{ delayMs: 3_600_000 }] }, sts: { refused: true } });
    const asked = new Promise((resolve) => get(box.endpoints.imds).on('error', resolve).on('socket', (socket) =>
      socket.on('connect', () => setTimeout(() => box.close(), 50))));
    console.log((await asked).code);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 15_000,
  });
  expect(stdout).toBe('ECONNRESET\n');
});

it('no secret is in anything it says of itself', async () => {
  const box = await start();
  const { SecretAccessKey, Token } = await credentialsOf(box.endpoints.imds);
  const token = await tokenOf(box.endpoints.imds);
  await putJson(box.endpoints, HEARTBEAT);
  const said = JSON.stringify([box, box.received(), box.environment, box.endpoints]);
  for (const secret of [SecretAccessKey, Token, token]) expect(said).not.toContain(secret);
});

describe('clients that mean it ill', () => {
  const MALICE: [string, string | Uint8Array][] = [
    ['no HTTP', 'hello\r\n\r\n'],
    ['zeros', new Uint8Array(100_000)],
    ['a header without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}`],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['a body cut off', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab'],
    ['a bad chunk', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['an expectation', 'POST / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\na'],
    [
      'a path of escapes',
      'GET /%ff%00/../..//latest?%&&==&%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ],
    ['an absolute target', 'GET http://elsewhere/latest/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ];

  it.each(MALICE)('%s', async (_, bytes) => {
    const box = await start();
    const ports = [box.endpoints.imds, box.endpoints.cloudwatch, box.endpoints.sts].map(portOf);
    const heard = await Promise.all(ports.map((port) => talk(port, bytes, true)));
    for (const answer of heard) {
      expect(answer).not.toContain('HTTP/1.1 200');
      expect(answer).not.toContain('defect');
    }
    expect((await metadata(box.endpoints.imds, '/latest/meta-data/')).status).toBe(200);
    expect((await putJson(box.endpoints, HEARTBEAT)).status).toBe(200);
  });

  it('odd signatures and operations', async () => {
    const box = await start();
    const header = 'AWS4-HMAC-SHA256 Credential=ASIA/x, SignedHeaders=host, Signature=';
    const headers: Record<string, string>[] = [
      { authorization: `${header}${'0'.repeat(64)}` },
      { authorization: `${header}${'0'.repeat(100_0)}` },
      { authorization: `AWS4-HMAC-SHA256 ${', '.repeat(3000)}` },
      { 'x-amz-target': '.'.repeat(5000) },
      { 'smithy-protocol': 'rpc-v2-cbor' },
      { 'content-encoding': 'gzip', 'x-amz-target': 'a.b' },
    ];
    for (const one of headers) {
      for (const endpoint of [box.endpoints.cloudwatch, box.endpoints.sts]) {
        const answer = await ask(endpoint, { method: 'POST', headers: one, body: '\u0000'.repeat(1000) });
        expect([400, 403]).toContain(answer.status);
        expect(answer.body).not.toContain('defect');
      }
    }
  });

  it('a body for IMDS that never ends is cut off', async () => {
    const box = await start();
    const head = 'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const heard = await talk(portOf(box.endpoints.imds), `${head}ffffff\r\n${'a'.repeat(1_000_000)}`);
    expect(heard).toContain('413 - Request Entity Too Large');
  });
});
