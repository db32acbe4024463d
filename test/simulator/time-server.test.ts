// The box's time server, by packets written and read here.
import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import type { BehaviourChange } from '../../src/simulator/behaviour.ts';
import { type Instance, type InstanceOptions, startInstance } from '../../src/simulator/instance.ts';

const NTP_EPOCH = 2_208_988_800;
const NONCE = Buffer.from('0123456789abcdef', 'hex');

/** A client request (version 4, mode 3) whose transmit time is the nonce. */
const request = (first = 0x23, length = 48): Buffer => {
  const packet = Buffer.alloc(length);
  packet[0] = first;
  packet[2] = 6;
  if (length >= 48) NONCE.copy(packet, 40);
  return packet;
};

/** Sends packets and answers the first reply, or null after `silenceMs`. */
function exchange(server: string, packets: readonly Buffer[], silenceMs = 2000): Promise<Buffer | null> {
  const at = server.lastIndexOf(':');
  const host = server.slice(0, at).replace(/^\[|\]$/g, '');
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const done = (reply: Buffer | null): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(() => done(null), silenceMs);
    socket.on('message', done);
    for (const packet of packets) socket.send(packet, Number(server.slice(at + 1)), host);
  });
}

const epochMs = (packet: Buffer, at: number): number =>
  (packet.readUInt32BE(at) - NTP_EPOCH) * 1000 + (packet.readUInt32BE(at + 4) / 2 ** 32) * 1000;

async function withBox<T>(
  change: BehaviourChange,
  options: InstanceOptions,
  use: (box: Instance) => Promise<T>,
): Promise<T> {
  const box = await startInstance(change, options);
  try {
    return await use(box);
  } finally {
    await box.close();
  }
}

const asked = (change: BehaviourChange, packet = request(), options: InstanceOptions = {}) =>
  withBox(change, options, (box) => exchange(box.endpoints.timeServer, [packet]));

describe('a reply', () => {
  it('tells the time of the box in every field a client looks at', async () => {
    const wall = 1_767_600_000_250.5;
    const reply = await asked({}, request(), { wallMs: () => wall });
    expect(reply).not.toBeNull();
    if (reply === null) return;
    expect(reply).toHaveLength(48);
    expect(reply[0]).toBe(0x24);
    expect([reply[1], reply[2], reply.readInt8(3)]).toEqual([3, 6, -20]);
    expect(reply.readUInt32BE(4) / 65536).toBeCloseTo(0.0002, 4);
    expect(reply.readUInt32BE(8) / 65536).toBeCloseTo(0.0003, 4);
    expect([...reply.subarray(12, 16)]).toEqual([169, 254, 169, 122]);
    expect(reply.subarray(24, 32)).toEqual(NONCE);
    expect(epochMs(reply, 32)).toBeCloseTo(wall, 3);
    expect(epochMs(reply, 40)).toBeCloseTo(wall, 3);
    expect(epochMs(reply, 16)).toBeLessThan(wall);
  });

  it('is right by the real clock', async () => {
    const before = Date.now();
    const reply = await asked({});
    const after = Date.now();
    const told = reply === null ? 0 : epochMs(reply, 40);
    expect(told).toBeGreaterThanOrEqual(before - 2);
    expect(told).toBeLessThanOrEqual(after + 2);
  });

  it('rolls over with the NTP era in 2036', async () => {
    const wall = Date.UTC(2036, 1, 7, 6, 28, 17);
    const reply = await asked({}, request(), { wallMs: () => wall });
    expect(reply?.readUInt32BE(40)).toBe(1);
  });

  it('repeats the version that was asked', async () => {
    expect((await asked({}, request(0x1b)))?.[0]).toBe(0x1c);
  });

  it('adds its own offset to that of the box', async () => {
    const wall = 1_767_600_000_000;
    const change = { clockOffsetMs: 400_000, time: { offsetMs: -150_000 } };
    const reply = await asked(change, request(), { wallMs: () => wall });
    expect(reply === null ? 0 : epochMs(reply, 40)).toBeCloseTo(wall + 250_000, 3);
  });

  it('gives a kiss code, or whatever a test makes of it', async () => {
    const kiss = await asked({ time: { leap: 3, stratum: 0, referenceId: 'RATE' } });
    expect(kiss?.subarray(12, 16).toString('latin1')).toBe('RATE');
    expect(kiss?.readUInt32BE(16)).toBe(0);
    const cut = await asked({ time: { rewrite: (reply) => reply.subarray(0, 20) } });
    expect(cut).toHaveLength(20);
  });

  it('comes over IPv6 too', async () => {
    const reply = await asked({}, request(), { host: '::1' });
    expect(reply).toHaveLength(48);
  });
});

it('ignores what is no client request, and answers the next one', async () => {
  await withBox({}, {}, async (box) => {
    const junk = [Buffer.alloc(0), request(0x23, 47), request(0x24), request(0x1e), Buffer.alloc(1500, 0xff)];
    const reply = await exchange(box.endpoints.timeServer, [...junk, request()]);
    expect(reply?.subarray(24, 32)).toEqual(NONCE);
    expect(box.received().timeRequests).toBe(1);
  });
});

it('stays silent when told to', async () => {
  await withBox({ time: { silent: true } }, {}, async (box) => {
    const socket = createSocket('udp4');
    const port = Number(box.endpoints.timeServer.split(':')[1]);
    const reply = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    const unanswered = request();
    unanswered.fill(0xee, 40);
    socket.send(unanswered, port, '127.0.0.1');
    await expect.poll(() => box.received().timeRequests).toBe(1);
    await box.change({ time: { silent: false } });
    socket.send(request(), port, '127.0.0.1');
    // The first reply there is answers the second request.
    expect((await reply).subarray(24, 32)).toEqual(NONCE);
    socket.close();
  });
});
