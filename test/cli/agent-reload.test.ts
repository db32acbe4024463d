// Runs the agent as a process: SIGHUP with a good and a wrong configuration, what outlives it, and what a stop leaves.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { startInstance } from '../../src/simulator/instance.ts';
import { eventually, type Running, start } from '../support/program.ts';
import { aFolder, removeFolders } from '../support/recorder.ts';

afterAll(removeFolders);

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

const lines = (agent: Running): Line[] =>
  agent
    .output()
    .stderr.split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An agent on an instance of its own, configured by a file. */
async function running({ onTestFinished }: TestContext, settings: string) {
  const box = await startInstance();
  const folder = aFolder();
  const config = path.join(folder, 'config.yaml');
  fs.writeFileSync(config, settings);
  const agent = start(['agent', '--config', config], {
    ...box.environment,
    IMDS_PROBE_STATE_DIR: path.join(folder, 'state'),
    IMDS_PROBE_RUNTIME_DIR: path.join(folder, 'run'),
  });
  onTestFinished(async () => {
    agent.child.kill('SIGKILL');
    await agent.ended;
    await box.close();
  });
  const received = () => box.received().metrics;
  const reload = (text: string) => {
    fs.writeFileSync(config, text);
    agent.child.kill('SIGHUP');
  };
  return { agent, box, folder, received, reload };
}

describe.concurrent('SIGHUP', () => {
  it('puts a good configuration in force between cycles, and loses nothing', async (context) => {
    const { agent, received, reload } = await running(context, 'interval: 1\nflush: 1\nfleet: before\n');
    await eventually('metrics of the first configuration', () => received().length > 20);
    reload('interval: 1\nflush: 1\nfleet: after\n');
    const fleets = () => new Set(received().map(({ dimensions }) => dimensions['Fleet']));
    await eventually('metrics of the second one', () => fleets().has('after'));
    agent.child.kill('SIGTERM');
    const ended = await agent.ended;
    expect(ended.code).toBe(0);
    expect(lines(agent).filter(({ event }) => event === 'reloaded')).toMatchObject([{ changed: ['fleet'] }]);
    // Each cycle's heartbeat once.
    const beats = received().filter(({ name }) => name === 'Heartbeat');
    expect(new Set(beats.map(({ timestamp }) => timestamp)).size).toBeGreaterThanOrEqual(beats.length - 1);
    expect(lines(agent).at(-1)).toMatchObject({ event: 'stopped', pending: 0 });
  });

  it('keeps the one before where the new one is wrong, and says what is wrong with it', async (context) => {
    const { agent, received, reload } = await running(context, 'interval: 1\nflush: 1\nfleet: before\n');
    await eventually('metrics', () => received().length > 0);
    reload('interval: soon\nfleet: after\n');
    await eventually('the mistake told', () =>
      agent.output().stderr.includes('the one before stays in force'),
    );
    const count = received().length;
    await eventually('more metrics', () => received().length > count + 12);
    expect(new Set(received().map(({ dimensions }) => dimensions['Fleet']))).toEqual(new Set(['before']));
    expect(lines(agent).find(({ what }) => what === 'configuration')).toMatchObject({
      event: 'trouble',
      detail: expect.stringMatching(/config\.yaml:1: interval cannot be "soon"; allowed: seconds/),
    });
    // And a good one afterwards is taken, however often it is asked for.
    for (let times = 0; times < 5; times++) reload('interval: 1\nflush: 1\nfleet: third\n');
    await eventually('the third', () => received().some(({ dimensions }) => dimensions['Fleet'] === 'third'));
  });

  it('moves the listener and the files, and a stop removes them', async (context) => {
    const [one, two] = [await freePort(), await freePort()];
    const { agent, folder, reload } = await running(context, `interval: 1\nlisten: 127.0.0.1:${one}\n`);
    const answers = async (port: number): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/metrics`).then(
        ({ status }) => status,
        () => 0,
      );
    const status = path.join(folder, 'run', 'status.json');
    await eventually('status.json', () => fs.existsSync(status));
    expect(await answers(one)).toBe(200);
    const prom = path.join(folder, 'imds.prom');
    reload(`interval: 1\nlisten: 127.0.0.1:${two}\nprometheus-file: ${prom}\n`);
    await eventually('the Prometheus file', () => fs.existsSync(prom));
    expect([await answers(one), await answers(two)]).toEqual([0, 200]);
    expect(JSON.parse(fs.readFileSync(status, 'utf8'))).toMatchObject({ schema: 'imds-probe/status/v1' });
    agent.child.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
    expect([fs.existsSync(status), fs.existsSync(prom)]).toEqual([false, false]);
    expect(fs.readdirSync(path.join(folder, 'state')).sort()).toEqual(['recorder.db', 'recorder.lock']);
  });
});

describe.concurrent('what can’t be written', () => {
  it('is told once, and when it works again', async (context) => {
    const { agent, folder } = await running(context, 'interval: 1\n');
    await eventually('status.json', () => fs.existsSync(path.join(folder, 'run', 'status.json')));
    fs.rmSync(path.join(folder, 'run'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'run'), 'in the way');
    const told = (event: string) => lines(agent).filter((line) => line.event === event);
    await eventually('the trouble', () => told('trouble').length > 0);
    const cycles = () => fs.statSync(path.join(folder, 'state', 'recorder.db-wal')).size;
    const before = cycles();
    await eventually('more cycles', () => cycles() > before + 20_000);
    fs.rmSync(path.join(folder, 'run'));
    await eventually('the recovery', () => told('recovered').length > 0);
    expect(told('trouble')).toHaveLength(1);
    expect(told('trouble')[0]).toMatchObject({ what: 'status file' });
  });
});
