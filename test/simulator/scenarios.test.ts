// Every scenario, by raw requests: it does what the contract says of it, and nothing else is wrong.
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Box, isScenarioId, SCENARIOS, type ScenarioId, startBox } from '../../src/simulator/box.ts';
import {
  type Asked,
  ask,
  credentialsOf,
  metadata,
  putJson,
  ROLE_PATH,
  signed,
  TOKEN_PATH,
  tokenOf,
} from './ask.ts';

let box: Box;
afterEach(() => box.close());
const start = async (scenario: ScenarioId): Promise<Box> => {
  box = await startBox(scenario);
  return box;
};

const putToken = (imds: string, timeoutMs = 5000): Promise<Asked> =>
  ask(imds, {
    method: 'PUT',
    path: TOKEN_PATH,
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
    timeoutMs,
  });
const HEARTBEAT = {
  Namespace: 'ImdsProbe',
  MetricData: [{ MetricName: 'Heartbeat', Value: 1, Unit: 'Count' }],
};
const IDENTITY = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'Action=GetCallerIdentity&Version=2011-06-15',
};

/** LI, stratum and the offset a time server tells. */
function time(server: string): Promise<{ leap: number; stratum: number; offsetMs: number }> {
  const [host = '', port] = server.split(':');
  const socket = createSocket('udp4');
  const request = Buffer.alloc(48);
  request[0] = 0x23;
  return new Promise((resolve) => {
    socket.once('message', (reply) => {
      socket.close();
      const toldMs = (reply.readUInt32BE(40) - 2_208_988_800) * 1000;
      resolve({
        leap: (reply[0] ?? 0) >> 6,
        stratum: reply[1] ?? 0,
        offsetMs: Math.round((toldMs - Date.now()) / 10_000) * 10_000 + 0,
      });
    });
    socket.send(request, Number(port), host);
  });
}

/** What works in a box that is well; each scenario names what does not. */
async function health(at: Box): Promise<Record<string, boolean>> {
  const credentials = await credentialsOf(at.endpoints.imds);
  const shift = Date.parse((await metadata(at.endpoints.imds, '/')).headers['date'] ?? '') - Date.now();
  const when = new Date(Date.now() + shift);
  const sts = await signed(at.endpoints.sts, IDENTITY, { service: 'sts', credentials, at: when });
  const clock = await time(at.endpoints.timeServer);
  const seconds = (text: string): number => (Date.parse(text) - when.getTime()) / 1000;
  return {
    margin: seconds(credentials.Expiration) > 900,
    age: seconds(credentials.LastUpdated) > -3600 && seconds(credentials.LastUpdated) < -60,
    clock: clock.leap === 0 && clock.stratum > 0 && clock.offsetMs === 0,
    cloudwatch: (await putJson(at.endpoints, HEARTBEAT, { credentials, at: when })).status === 200,
    sts: (await ask(at.endpoints.sts, sts)).status === 200,
  };
}
const WELL = { margin: true, age: true, clock: true, cloudwatch: true, sts: true };

it('healthy', async () => {
  const { endpoints } = await start('healthy');
  expect(await health(box)).toEqual(WELL);
  expect((await ask(endpoints.imds, { path: ROLE_PATH })).status).toBe(401);
  expect(box.received()).toMatchObject({
    metrics: [{ namespace: 'ImdsProbe', name: 'Heartbeat', unit: 'Count', values: [1], counts: [1] }],
    cloudwatchRequests: 1,
    stsRequests: 1,
    timeRequests: 1,
  });
});

it('expiring', async () => {
  const { endpoints } = await start('expiring');
  expect(await health(box)).toEqual({ ...WELL, margin: false, age: false });
  const { Expiration } = await credentialsOf(endpoints.imds);
  const margin = (Date.parse(Expiration) - Date.now()) / 1000;
  expect(margin).toBeGreaterThan(230);
  expect(margin).toBeLessThanOrEqual(240);
});

it('expired', async () => {
  const { endpoints } = await start('expired');
  const credentials = await credentialsOf(endpoints.imds);
  expect(credentials.Code).toBe('Success');
  expect(Date.parse(credentials.Expiration)).toBeLessThan(Date.now() - 1_190_000);
  expect(await health(box)).toEqual({ ...WELL, margin: false, age: false, cloudwatch: false, sts: false });
  const answer = await putJson(endpoints, HEARTBEAT);
  expect(answer.headers['x-amzn-query-error']).toBe('ExpiredToken;Sender');
});

it('no-role', async () => {
  const { endpoints } = await start('no-role');
  expect((await metadata(endpoints.imds, ROLE_PATH)).status).toBe(404);
  expect((await metadata(endpoints.imds, '/latest/meta-data/iam/info')).status).toBe(404);
  expect((await metadata(endpoints.imds, '/latest/meta-data/')).body).not.toContain('iam/');
  expect((await metadata(endpoints.imds, '/latest/meta-data/instance-id')).status).toBe(200);
});

it('role-not-assumable', async () => {
  const { endpoints } = await start('role-not-assumable');
  const answer = await metadata(endpoints.imds, `${ROLE_PATH}app-server`);
  expect(answer.status).toBe(200);
  expect(Object.keys(JSON.parse(answer.body))).toEqual(['Code', 'Message', 'LastUpdated']);
  expect(JSON.parse(answer.body)).toMatchObject({
    Code: 'AssumeRoleUnauthorizedAccess',
    Message: expect.stringMatching(/^EC2 cannot assume the role app-server/),
  });
});

it('throttled: 429, 503, then well', async () => {
  const { endpoints } = await start('throttled');
  const statuses = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await putToken(endpoints.imds)).status);
  expect(statuses).toEqual([429, 503, 200, 200]);
  expect(await health(box)).toEqual(WELL);
});

it('throttled-hard: 429, then 503 for ever', async () => {
  const { endpoints } = await start('throttled-hard');
  const statuses = [];
  for (let i = 0; i < 8; i += 1) statuses.push((await putToken(endpoints.imds)).status);
  expect(statuses).toEqual([429, ...Array(7).fill(503)]);
  expect((await ask(endpoints.imds, { path: ROLE_PATH })).status).toBe(503);
});

it('hop-limit: the PUT is read and never answered, a GET is answered at once', async () => {
  const { endpoints } = await start('hop-limit');
  const [put, get] = await Promise.all([
    putToken(endpoints.imds, 400),
    ask(endpoints.imds, { path: ROLE_PATH }),
  ]);
  expect(put).toMatchObject({ status: null, error: 'timeout' });
  expect(get.status).toBe(401);
  expect(box.received().imdsRequests.map(({ method, status }) => [method, status])).toContainEqual([
    'PUT',
    null,
  ]);
});

it('disabled: 403 to everything', async () => {
  const { endpoints } = await start('disabled');
  expect((await putToken(endpoints.imds)).status).toBe(403);
  const get = await ask(endpoints.imds, { path: ROLE_PATH });
  expect(get.status).toBe(403);
  expect(get.body).toContain('403 - Forbidden');
});

it('unreachable: refused', async () => {
  const { endpoints } = await start('unreachable');
  for (let i = 0; i < 20; i += 1) {
    expect(await putToken(endpoints.imds)).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  }
});

it('slow: late, and within a second', async () => {
  const { endpoints } = await start('slow');
  const before = performance.now();
  const answer = await putToken(endpoints.imds, 1000);
  expect(answer.status).toBe(200);
  expect(performance.now() - before).toBeGreaterThanOrEqual(395);
});

it('malformed: complete by HTTP, broken as JSON', async () => {
  const { endpoints } = await start('malformed');
  const answer = await metadata(endpoints.imds, `${ROLE_PATH}app-server`);
  expect(answer.status).toBe(200);
  expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
  expect(() => JSON.parse(answer.body)).toThrow(SyntaxError);
  expect((await metadata(endpoints.imds, ROLE_PATH)).body).toBe('app-server');
});

it('skewed-clock: every server tells the same true time', async () => {
  const { endpoints } = await start('skewed-clock');
  expect(await time(endpoints.timeServer)).toEqual({ leap: 0, stratum: 3, offsetMs: 400_000 });
  expect(await health(box)).toEqual({ ...WELL, clock: false });
  const ours = await putJson(endpoints, HEARTBEAT);
  expect(ours.headers['x-amzn-query-error']).toBe('SignatureDoesNotMatch;Sender');
});

it('unsynchronised-clock', async () => {
  const { endpoints } = await start('unsynchronised-clock');
  expect(await time(endpoints.timeServer)).toEqual({ leap: 3, stratum: 0, offsetMs: 0 });
  expect(await health(box)).toEqual({ ...WELL, clock: false });
});

it('cloudwatch-down: refused', async () => {
  const { endpoints } = await start('cloudwatch-down');
  expect(await ask(endpoints.cloudwatch)).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  expect(await health(box)).toEqual({ ...WELL, cloudwatch: false });
});

it('cloudwatch-throttled: twice, then well', async () => {
  const { endpoints } = await start('cloudwatch-throttled');
  const credentials = await credentialsOf(endpoints.imds);
  for (const status of [400, 400, 200, 200]) {
    const answer = await putJson(endpoints, HEARTBEAT, { credentials });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-amzn-query-error']).toBe(status === 200 ? undefined : 'Throttling;Sender');
  }
  expect(box.received().metrics).toHaveLength(2);
});

it('cloudwatch-expired-token: always, though they have hours to go', async () => {
  const { endpoints } = await start('cloudwatch-expired-token');
  for (let i = 0; i < 4; i += 1) {
    const answer = await putJson(endpoints, HEARTBEAT);
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({
      __type: 'com.amazon.coral.service#ExpiredTokenException',
      message: 'The security token included in the request is expired',
    });
  }
  expect(await health(box)).toEqual({ ...WELL, cloudwatch: false });
});

describe('the list of scenarios', () => {
  it('has one file each, and every file is in it', async () => {
    await start('healthy');
    const files = readdirSync(new URL('../../src/simulator/scenarios/', import.meta.url))
      .map((name) => name.replace(/\.ts$/, ''))
      .filter((name) => name !== 'index' && name !== 'scenario');
    expect(SCENARIOS.map(({ id }) => id).sort()).toEqual(files.sort());
    expect(SCENARIOS).toHaveLength(17);
    for (const { title } of SCENARIOS) expect(title).toMatch(/\w/);
  });

  it('knows its names', async () => {
    await start('healthy');
    expect(isScenarioId('hop-limit')).toBe(true);
    for (const text of ['', 'Healthy', 'toString', '__proto__']) expect(isScenarioId(text)).toBe(false);
  });

  it('points clients at the box by variables', async () => {
    const { endpoints, environment, scenario } = await start('healthy');
    expect(scenario).toBe('healthy');
    expect(environment).toEqual({
      AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoints.imds,
      AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
      AWS_ENDPOINT_URL_STS: endpoints.sts,
      AWS_ENDPOINT_URL_EC2: endpoints.ec2,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      IMDS_PROBE_TIME_SERVER: endpoints.timeServer,
      NO_PROXY: '127.0.0.1,localhost,::1',
      no_proxy: '127.0.0.1,localhost,::1',
    });
    expect(await tokenOf(endpoints.imds)).toMatch(/^AQAEA/);
  });
});
