// Connections to the metadata service: read from tables as the kernel prints them, and from this machine's own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMetadataSockets } from '../../../src/clients/host/sockets.ts';

const { signal } = new AbortController();
const ENDPOINT = 'http://169.254.169.254';
const TITLE =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** A line as the kernel of a little-endian machine prints it. */
const line = (local: string, remote: string, state: string, inode: number, uid = 1000): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;

const V4 = 'FEA9FEA9:0050';
const MAPPED = '0000000000000000FFFF0000FEA9FEA9:0050';

function machine(tables: { tcp?: readonly string[]; tcp6?: readonly string[] }): string {
  const root = mkdtempSync(path.join(tmpdir(), 'imds-probe-proc-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(path.join(root, 'proc/net'), { recursive: true });
  for (const [name, lines] of Object.entries(tables)) {
    writeFileSync(path.join(root, 'proc/net', name), [TITLE, ...lines, ''].join('\n'));
  }
  return root;
}

function process_(root: string, pid: number, command: string, ...inodes: readonly number[]): void {
  mkdirSync(path.join(root, `proc/${pid}/fd`), { recursive: true });
  writeFileSync(path.join(root, `proc/${pid}/comm`), `${command}\n`);
  symlinkSync('/dev/null', path.join(root, `proc/${pid}/fd/0`));
  for (const [index, inode] of inodes.entries()) {
    symlinkSync(`socket:[${inode}]`, path.join(root, `proc/${pid}/fd/${index + 3}`));
  }
}

describe('tables', () => {
  it('tells open, opening and closed ones, and whose they are', async () => {
    const root = machine({
      tcp: [
        line('0100000A:9C40', V4, '01', 11),
        line('0100000A:9C41', V4, '02', 12),
        line('0100000A:9C42', V4, '06', 0, 0),
        line('0100000A:9C43', V4, '08', 13),
        line('0100000A:9C44', V4, '0A', 14),
        line('0100000A:9C45', 'FEA9FEA9:01BB', '01', 15),
        line('0100000A:9C46', '08080808:0050', '01', 16),
        line('0100000A:9C47', V4, '01', 99, 33),
        'nonsense',
      ],
    });
    process_(root, 812, 'python3', 11, 12);
    process_(root, 7, 'java\u001b[1m', 13);
    const read = await readMetadataSockets({ root, endpoint: ENDPOINT, ownPid: 1 }, signal);
    expect(read.ok && read.value).toEqual([
      { local: '0100000A:9C40', state: 'open', uid: 1000, pid: 812, command: 'python3' },
      { local: '0100000A:9C41', state: 'opening', uid: 1000, pid: 812, command: 'python3' },
      { local: '0100000A:9C42', state: 'closed', uid: 0, pid: null, command: null },
      { local: '0100000A:9C43', state: 'open', uid: 1000, pid: 7, command: 'java [1m' },
      { local: '0100000A:9C47', state: 'open', uid: 33, pid: null, command: null },
    ]);
  });

  it('knows both addresses of the service, IPv4 in IPv6 sockets, and the endpoint in force', async () => {
    const root = machine({
      tcp: [line('0:1', '0100007F:053A', '01', 1)],
      tcp6: [
        line('0:2', MAPPED, '01', 2),
        // fd00:ec2::254
        line('0:3', 'C20E00FD000000000000000054020000:0050', '01', 3),
        line('0:4', '00000000000000000000000001000000:0050', '01', 4),
      ],
    });
    const endpoint = 'http://127.0.0.1:1338';
    const read = await readMetadataSockets({ root, endpoint, ownPid: 1 }, signal);
    expect(read.ok && read.value.map(({ local }) => local)).toEqual(['0:1', '0:2', '0:3']);
  });

  it('leaves our own connections out', async () => {
    const root = machine({ tcp: [line('0:1', V4, '01', 1), line('0:2', V4, '01', 2)] });
    process_(root, 42, 'node', 1);
    const read = await readMetadataSockets({ root, endpoint: ENDPOINT, ownPid: 42 }, signal);
    expect(read.ok && read.value.map(({ local }) => local)).toEqual(['0:2']);
  });

  it('says so where there is no table', async () => {
    const root = machine({});
    expect(await readMetadataSockets({ root, endpoint: ENDPOINT, ownPid: 1 }, signal)).toMatchObject({
      ok: false,
      failure: { kind: 'permission' },
    });
  });

  it('is bounded', async () => {
    const many = Array.from({ length: 40_000 }, (_, index) => line(`0:${index.toString(16)}`, V4, '06', 0));
    const root = machine({ tcp: many });
    const read = await readMetadataSockets({ root, endpoint: ENDPOINT, ownPid: 1 }, signal);
    expect(read.ok && read.value).toHaveLength(2_000);
  });
});

it.runIf(process.platform === 'linux')('finds real connections, and the process that has them', async () => {
  const server = net.createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // More than a page of the kernel's table.
  const many = 60;
  const script = `const net = require('node:net'); let n = 0; for (let i = 0; i < ${many}; i++) net.connect(${port}, '127.0.0.1', () => { if (++n === ${many}) console.log('there'); });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const own = net.connect(port, '127.0.0.1');
  onTestFinished(() => {
    child.kill();
    own.destroy();
    server.close();
  });
  await Promise.all([once(child.stdout, 'data'), once(own, 'connect')]);
  const endpoint = `http://127.0.0.1:${port}`;
  const read = await readMetadataSockets({ root: '', endpoint, ownPid: process.pid }, signal);
  // A port of chance may have been another test's a moment ago: what is left of that is closed.
  const found = (read.ok ? read.value : []).filter(({ state }) => state !== 'closed');
  expect(found.map(({ pid, state }) => ({ pid, state }))).toEqual(
    Array.from({ length: many }, () => ({ pid: child.pid, state: 'open' })),
  );
  expect(found[0]?.uid).toBe(process.getuid?.());
});
