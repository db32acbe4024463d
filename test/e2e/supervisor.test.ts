// The agent under the real systemd-notify and a real systemd-journald, and its metrics read by Prometheus' own parser.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startInstance } from '../../src/simulator/instance.ts';
import { MESSAGE_IDS } from '../../src/sinks/journald.ts';
import { eventually, start } from '../support/program.ts';

const here = path.join(import.meta.dirname, 'supervisor');
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const journald = ['/usr/lib/systemd/systemd-journald', '/lib/systemd/systemd-journald'].some((file) =>
  fs.existsSync(file),
);
const able = {
  'systemd-notify': has('systemd-notify', '--version') && has('python3', '--version'),
  'systemd-journald': journald && has('logger', '--version') && has('unshare', '-m', 'true'),
  promtool: has('promtool', '--version'),
};
for (const [peer, there] of Object.entries(able))
  if (!there) console.warn(`SKIPPED: ${peer} is missing, so the agent was not tried with it`);
const unable = (peer: keyof typeof able): boolean => !able[peer] && process.env['CI'] !== 'true';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-supervisor-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

const folders = (name: string) => ({
  IMDS_PROBE_STATE_DIR: path.join(folder, name, 'state'),
  IMDS_PROBE_RUNTIME_DIR: path.join(folder, name),
});

/** A socket for sd_notify, and what came to it, one list of assignments a message. */
async function notifySocket(): Promise<{ socket: string; messages: () => string[][] }> {
  const socket = path.join(folder, 'notify');
  const listener = spawn('python3', [path.join(here, 'notify_socket.py'), socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(listener);
  let text = '';
  listener.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const lines = (): unknown[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  await eventually('the socket', () => lines().length > 0);
  return {
    socket,
    messages: () => (lines().slice(1) as string[][]).filter((message) => message[0] !== 'BARRIER=1'),
  };
}

describe.skipIf(unable('systemd-notify'))('systemd-notify', () => {
  it('tells readiness, life, a reload and the stop', async () => {
    const { socket, messages } = await notifySocket();
    const box = await startInstance();
    const config = path.join(folder, 'config.yaml');
    fs.writeFileSync(config, 'interval: 1\nflush: 1\n');
    const agent = start(['agent', '--config', config], {
      ...box.environment,
      ...folders('notify-run'),
      NOTIFY_SOCKET: socket,
      WATCHDOG_USEC: '60000000',
    });
    children.push(agent.child);
    const said = (what: string) =>
      messages().findIndex((message) => message.some((line) => line.startsWith(what)));
    await eventually('READY', () => said('READY=1') === 0);
    expect(messages()[0]).toEqual(['READY=1', 'WATCHDOG=1', expect.stringMatching(/^STATUS=ok: /)]);
    const cycles = () => box.received().metrics.filter(({ name }) => name === 'Heartbeat').length;
    await eventually('more cycles', () => cycles() >= 3);
    const alive = () => messages().filter((message) => message.includes('WATCHDOG=1')).length;
    await eventually('a sign of life for each', () => alive() >= 3);

    const before = process.hrtime.bigint() / 1000n;
    fs.writeFileSync(config, 'interval: 1\nflush: 1\nfleet: other\n');
    agent.child.kill('SIGHUP');
    const reloading = await eventually('RELOADING', () =>
      said('RELOADING=1') >= 0 ? said('RELOADING=1') : false,
    );
    const [, stamp = ''] = messages()[reloading] ?? [];
    const microseconds = BigInt(stamp.replace('MONOTONIC_USEC=', ''));
    expect(microseconds >= before && microseconds <= process.hrtime.bigint() / 1000n).toBe(true);
    await eventually('READY again', () =>
      messages()
        .slice(reloading)
        .some(([first]) => first === 'READY=1'),
    );

    agent.child.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
    await eventually('STOPPING', () => said('STOPPING=1') >= 0);
    expect(messages().at(-1)).toEqual(['STOPPING=1', 'STATUS=stopping: SIGTERM']);
    await box.close();
  });
});

describe.skipIf(unable('systemd-journald'))('systemd-journald', () => {
  it('has an entry with fields for each finding raised', async () => {
    const box = await startInstance({ credentials: { updatedAgoSeconds: 25_000, rotateEverySeconds: null } });
    const program = path.resolve(import.meta.dirname, '../../src/main.ts');
    const agent = [
      'timeout',
      '-s',
      'TERM',
      '6',
      process.execPath,
      '--no-warnings',
      program,
      'agent',
      '--interval',
      '1',
    ];
    const child = spawn('unshare', ['-m', path.join(here, 'journald.sh'), MESSAGE_IDS.raised, ...agent], {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '',
        HOME: folder,
        ...box.environment,
        ...folders('journald-run'),
        // As systemd sets it where standard error is the journal's.
        JOURNAL_STREAM: '1:1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await new Promise((resolve) => child.on('close', resolve));
    await box.close();
    const entries = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(entries.find((entry) => entry['IMDS_PROBE_FINDING'] === 'role-credentials-expired')).toMatchObject(
      {
        MESSAGE_ID: MESSAGE_IDS.raised,
        MESSAGE: expect.stringMatching(/^critical role-credentials-expired: /),
        PRIORITY: '2',
        SYSLOG_IDENTIFIER: 'imds-probe',
        IMDS_PROBE_EVENT: 'raised',
        IMDS_PROBE_COMMAND: expect.stringMatching(/^aws /),
        DOCUMENTATION: expect.stringMatching(/^https:/),
      },
    );
  });
});

describe.skipIf(unable('promtool'))('promtool', () => {
  it('takes what the agent writes and serves', async () => {
    const box = await startInstance({ credentials: { updatedAgoSeconds: 25_000, rotateEverySeconds: null } });
    const file = path.join(folder, 'imds.prom');
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const agent = start(['agent', '--interval', '1', '--prometheus-file', file, '--listen', String(port)], {
      ...box.environment,
      ...folders('promtool-run'),
    });
    children.push(agent.child);
    await eventually('the file', () => fs.existsSync(file));
    const served = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const text of [fs.readFileSync(file, 'utf8'), served]) {
      expect(text).toContain('imds_probe_finding{id="role-credentials-expired",severity="critical"} 1');
      const judged = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      expect([judged.status, judged.stdout + judged.stderr]).toEqual([0, '']);
    }
    agent.child.kill('SIGTERM');
    await agent.ended;
    await box.close();
  });
});
