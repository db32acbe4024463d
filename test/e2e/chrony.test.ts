// Measures real chronyd servers on loopback: right, far off by libfaketime, without the time, limiting, absent.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { clockSkewed } from '../../src/checks/clock-skewed.ts';
import { clockUnsynchronised } from '../../src/checks/clock-unsynchronised.ts';
import { timeSourceUnreachable } from '../../src/checks/time-source-unreachable.ts';
import { createTimeClient } from '../../src/clients/sntp/client.ts';
import type { Result } from '../../src/core/outcome.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { clockFixes } from '../../src/facts/time-sync.ts';
import { POLICY } from '../support/snapshot.ts';

const CHRONYD = ['/usr/sbin/chronyd', '/usr/bin/chronyd', '/usr/local/sbin/chronyd'].find((path) =>
  existsSync(path),
);
const [LIBFAKETIME] = globSync('/usr/lib/{*/,}faketime/libfaketime.so.1');
const missing = CHRONYD === undefined || LIBFAKETIME === undefined;
if (missing) {
  const why = 'chronyd or libfaketime is not installed (.ci/peers/chrony.sh)';
  if (process.env['CI'] === 'true') throw new Error(why);
  console.warn(`SKIPPED: ${why}`);
}

/** What chronyd and libfaketime themselves may be off by; everything else is in the bound. */
const CHRONY_MS = 0.1;

const running: ChildProcess[] = [];
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'imds-probe-chrony-'));
});
afterEach(async () => {
  await Promise.all(
    running.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

function client(port: number, exchanges?: number) {
  return createTimeClient({
    servers: [{ host: '127.0.0.1', port }],
    ...(exchanges !== undefined && { exchanges }),
    timeoutMs: 1000,
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    randomBytes,
  });
}

/** Starts a chronyd that can neither set this machine's clock nor be told to, and waits until it answers. */
async function chronyd(directives: readonly string[], fakeTime?: string): Promise<number> {
  const port = await freePort();
  const own = mkdtempSync(join(folder, 'server-'));
  mkdirSync(join(own, 'run'));
  const config = join(own, 'chrony.conf');
  const fixed = [
    `port ${port}`,
    'bindaddress 127.0.0.1',
    'allow 127.0.0.0/8',
    'cmdport 0',
    'bindcmdaddress /',
    `pidfile ${join(own, 'run', 'pid')}`,
  ];
  writeFileSync(config, `${[...fixed, ...directives].join('\n')}\n`);
  const { NODE_OPTIONS: _node, ...env } = process.env;
  const child = spawn(CHRONYD ?? '', ['-x', '-U', '-d', '-u', userInfo().username, '-f', config], {
    env: fakeTime === undefined ? env : { ...env, LD_PRELOAD: LIBFAKETIME, FAKETIME: fakeTime },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let log = '';
  child.stdout.on('data', (text) => {
    log += text;
  });
  child.stderr.on('data', (text) => {
    log += text;
  });
  for (let tries = 0; tries < 100; tries++) {
    // One question at a time: a server that limits its clients must not be used up by this.
    const [answer] = await client(port, 1).servers(AbortSignal.timeout(1000));
    if (answer?.state !== 'unreachable') return port;
    if (child.exitCode !== null) throw new Error(`chronyd ended: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`chronyd does not answer: ${log}`);
}

const never = new AbortController().signal;
const outcome = <T>(result: Result<T>) => ({ attempts: 1, tookMs: 1, ...result });

/** What the probes and checks of the clock make of a server. */
async function findingsOf(port: number): Promise<readonly string[]> {
  const time = client(port);
  const snapshot: Snapshot = {
    'time-servers': outcome({ ok: true, value: { servers: await time.servers(never) } }),
    'clock-offset': outcome(await time.offset(never)),
  };
  const { findings } = assess(
    [clockSkewed, clockUnsynchronised, timeSourceUnreachable],
    snapshot,
    {},
    POLICY,
  );
  return findings.map(({ severity, id }) => `${severity} ${id}`);
}

describe.skipIf(missing)('a real chronyd', () => {
  it('that shares our clock is measured within the bound, time after time', async () => {
    const port = await chronyd(['local stratum 8']);
    const offsets: number[] = [];
    for (let run = 0; run < 20; run++) {
      const result = await client(port).offset(never);
      expect(result).toMatchObject({ ok: true, value: { stratum: 8, leap: 0 } });
      if (!result.ok) return;
      const { offsetMs, errorBoundMs } = result.value;
      expect(Math.abs(offsetMs)).toBeLessThanOrEqual(errorBoundMs + CHRONY_MS);
      offsets.push(Math.abs(offsetMs));
    }
    offsets.sort((a, b) => a - b);
    const median = ((offsets[9] ?? NaN) + (offsets[10] ?? NaN)) / 2;
    console.info(
      `chrony, 20 runs: median |offset| ${median.toFixed(4)} ms, worst ${offsets.at(-1)?.toFixed(4)} ms`,
    );
    expect(median).toBeLessThan(1);
    expect(await findingsOf(port)).toEqual([]);
  });

  it.each([
    ['ahead of us', '+400s', 400_000],
    ['behind us', '-400s', -400_000],
  ])('400 s %s is measured within the bound, and judged', async (_, fakeTime, shiftMs) => {
    const port = await chronyd(['local stratum 8'], fakeTime);
    const result = await client(port).offset(never);
    if (!result.ok) throw new Error(result.failure.detail);
    const { offsetMs, errorBoundMs } = result.value;
    expect(Math.abs(offsetMs - shiftMs)).toBeLessThanOrEqual(errorBoundMs + CHRONY_MS);
    expect(await findingsOf(port)).toEqual(['critical clock-skewed']);
  });

  it('across the end of era 0 is measured in the right era', async () => {
    // Ten years ahead of 2026 lies 2036-02-07, where NTP seconds begin again at zero.
    const shiftMs = Date.parse('2037-01-01T00:00:00Z') - Date.parse('2026-11-01T00:00:00Z');
    const port = await chronyd(['local stratum 8'], `+${shiftMs / 1000}s`);
    const result = await client(port).offset(never);
    if (!result.ok) throw new Error(result.failure.detail);
    expect(Math.abs(result.value.offsetMs - shiftMs)).toBeLessThanOrEqual(
      result.value.errorBoundMs + CHRONY_MS,
    );
  });

  it('without a source says so, and is not believed', async () => {
    const port = await chronyd([]);
    expect(await client(port).servers(never)).toMatchObject([
      { state: 'unsynchronised', leap: 3, stratum: 0, offsetMs: null, exchanges: 1 },
    ]);
    const result = await client(port).offset(never);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
    expect(!result.ok && result.failure.detail).toContain('not synchronised (leap 3, stratum 0)');
    expect(await findingsOf(port)).toEqual(['warning clock-unsynchronised']);
  });

  it('that limits its clients gives what it gives, and costs no time-out', async () => {
    const port = await chronyd(['local stratum 8', 'ratelimit interval 12 burst 3 leak 4']);
    const time = createTimeClient({
      servers: [{ host: '127.0.0.1', port }],
      // Beyond the test's own: only the short patience with a server already heard lets this end in time.
      timeoutMs: 600_000,
      clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
      randomBytes,
    });
    const [answer] = await time.servers(never);
    expect(answer).toMatchObject({ state: 'valid', stratum: 8 });
  });

  it('that has gone is refused at once', async () => {
    const port = await chronyd(['local stratum 8']);
    const [child] = running;
    child?.kill('SIGKILL');
    if (child) await once(child, 'exit');
    expect(await client(port).offset(never)).toMatchObject({ ok: false, failure: { kind: 'refused' } });
    expect(await findingsOf(port)).toEqual(['warning time-source-unreachable']);
  });

  it('accepts the line that the fix writes into its configuration', () => {
    const commands = clockFixes('chronyd', false).map(({ command }) => command ?? '');
    const line = commands.map((command) => /echo '(server [^']+)'/.exec(command)?.[1]).find((found) => found);
    const config = join(folder, 'fix.conf');
    writeFileSync(config, `${line}\n`);
    expect(execFileSync(CHRONYD ?? '', ['-p', '-f', config], { encoding: 'utf8' })).toContain(line);
  });
});
