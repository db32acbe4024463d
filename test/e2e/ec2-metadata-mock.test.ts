// AWS's own mock of the metadata service, which nobody here wrote: with IMDSv1 allowed, and with IMDSv2 only.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { clientFor, wholeCycle } from '../support/imds-client.ts';
import { inSeconds } from '../support/scripted-imds.ts';

const MOCK = '/opt/imds-probe-peers/ec2-metadata-mock/ec2-metadata-mock';
const missing = !existsSync(MOCK);
if (missing) {
  const message = 'SKIPPED: ec2-metadata-mock is not installed (.ci/peers/ec2-metadata-mock.sh)';
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Starts the mock, and answers the function that ends it. */
async function start(port: number, args: readonly string[]): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(MOCK, ['-n', '127.0.0.1', '-p', String(port), ...args], {
    stdio: 'ignore',
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  };
  open.push(stop);
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 200 || child.exitCode !== null) throw new Error('the mock does not start');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return stop;
}

async function hand(port: number, over: Parameters<typeof clientFor>[1] = {}) {
  const client = clientFor(`http://127.0.0.1:${port}`, over);
  open.push(() => client.client.close());
  return client;
}

describe.skipIf(missing)('ec2-metadata-mock', () => {
  test.each([
    ['IMDSv2 only', ['-I'], 401],
    ['IMDSv1 allowed', [], 200],
  ])('%s', async (_, args, tokenless) => {
    const port = await freePort();
    await start(port, args);
    const seen = await wholeCycle(await hand(port, { imdsv1: true }));
    expect(seen).toMatchObject({
      token: { ok: true, attempts: 1, value: { reused: false, freshTokenRejected: false } },
      tokenless: { ok: true, value: { asked: true, status: tokenless } },
      // The mock's credentials are those of a day in 2020.
      role: {
        ok: true,
        attempts: 1,
        value: {
          roleName: 'baskinc-role',
          code: 'Success',
          lastUpdated: '2020-04-02T18:50:40Z',
          expiration: '2020-04-02T00:49:51Z',
          accessKeyId: '…',
        },
      },
      profile: {
        ok: true,
        value: {
          code: 'Success',
          instanceProfileArn: expect.stringMatching(/instance-profile\/baskinc-role$/),
        },
      },
      identity: {
        ok: true,
        value: { instanceId: 'i-1234567890abcdef0', region: 'us-east-1', instanceType: 'm4.xlarge' },
      },
    });
    expect(seen.traffic.requests.map((request) => request.failure)).toEqual(Array(6).fill(null));
    expect(seen.traffic.connections).toBe(2);
    expect(Math.abs(seen.date?.offsetMs ?? 1e9)).toBeLessThanOrEqual(seen.date?.errorBoundMs ?? 0);
  });

  test('fresh credentials sign; a mock that was restarted refuses the old token once, and nobody notices', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imds-probe-aemm-'));
    open.push(() => rm(folder, { recursive: true }));
    const config = join(folder, 'aemm.json');
    const credentials = {
      Code: 'Success',
      LastUpdated: inSeconds(-60),
      Type: 'AWS-HMAC',
      AccessKeyId: 'ASIAMOCKMOCKMOCKMOCK',
      SecretAccessKey: 'mock-secret-key',
      Token: 'mock-session-token',
      Expiration: inSeconds(3600),
    };
    await writeFile(
      config,
      JSON.stringify({ metadata: { values: { 'iam-security-credentials': credentials } } }),
    );
    const port = await freePort();
    const stop = await start(port, ['-I', '-c', config]);
    const imds = await hand(port);
    expect(await wholeCycle(imds)).toMatchObject({ role: { ok: true, value: { accessKeyId: 'ASIA…MOCK' } } });
    expect(imds.client.signingCredentials()).toMatchObject({
      secretAccessKey: 'mock-secret-key',
      sessionToken: 'mock-session-token',
    });
    imds.client.beginCycle();
    expect((await wholeCycle(imds)).traffic).toMatchObject({
      connections: 0,
      requests: [{ purpose: 'credentials' }],
    });

    await stop();
    await start(port, ['-I', '-c', config]);
    imds.client.beginCycle();
    const seen = await wholeCycle(imds);
    expect(seen).toMatchObject({
      role: { ok: true, attempts: 2 },
      token: { ok: true, value: { renewedAfterRejection: true, freshTokenRejected: false } },
    });
    expect(seen.traffic.requests.map((request) => [request.purpose, request.status])).toEqual([
      ['credentials', 401],
      ['token', 200],
      ['credentials', 200],
    ]);
  });
});
