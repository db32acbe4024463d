// Metrics published to moto's CloudWatch (.ci/peers/moto.sh) and read back by boto3: neither was written here.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloudWatch } from '../../src/clients/aws/cloudwatch.ts';
import type { Metric } from '../../src/core/report.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { createPublisher } from '../../src/sinks/cloudwatch.ts';
import { CREDENTIALS } from '../support/cloudwatch-server.ts';
import { judged } from '../support/report-builder.ts';
import { aRequest, aRole, aTraffic, healthySnapshot } from '../support/snapshot.ts';

const BIN = '/opt/imds-probe-peers/moto/bin';
const installed = existsSync(`${BIN}/moto_server`);
if (!installed)
  console.warn('SKIPPED: moto is not installed (.ci/peers/moto.sh); no CloudWatch but ours was met');

/** Lists every metric of a namespace with its statistics, by minute. */
const READ_BACK = `
import boto3, datetime, json, sys
endpoint, namespace, start, end = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
client = boto3.client('cloudwatch', endpoint_url=endpoint, region_name='eu-west-1',
                      aws_access_key_id='x', aws_secret_access_key='y')
read = []
for page in client.get_paginator('list_metrics').paginate(Namespace=namespace):
    for metric in page['Metrics']:
        answer = client.get_metric_statistics(
            Namespace=namespace, MetricName=metric['MetricName'], Dimensions=metric['Dimensions'],
            StartTime=datetime.datetime.fromtimestamp(start, datetime.timezone.utc),
            EndTime=datetime.datetime.fromtimestamp(end, datetime.timezone.utc),
            Period=60, Statistics=['SampleCount', 'Sum', 'Minimum', 'Maximum'])
        for point in answer['Datapoints']:
            read.append({
                'name': metric['MetricName'], 'unit': point['Unit'],
                'dimensions': {each['Name']: each['Value'] for each in metric['Dimensions']},
                'timestamp': int(point['Timestamp'].timestamp()), 'count': point['SampleCount'],
                'sum': round(point['Sum'], 6), 'least': point['Minimum'], 'most': point['Maximum']})
print(json.dumps(read))
`;

interface Point {
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly timestamp: number;
  readonly count: number;
  readonly sum: number;
  readonly least: number;
  readonly most: number;
}

const order = (points: readonly Point[]): string[] =>
  points
    .map(({ name, unit, dimensions, timestamp, count, sum, least, most }) =>
      JSON.stringify([name, unit, Object.entries(dimensions).sort(), timestamp, count, sum, least, most]),
    )
    .sort();

const pointOf = (timestamp: number, { name, unit, dimensions, values, counts }: Metric): Point => ({
  name,
  unit,
  dimensions,
  timestamp,
  count: counts.reduce((sum, count) => sum + count, 0),
  sum: Number(values.reduce((sum, value, index) => sum + value * (counts[index] ?? 0), 0).toFixed(6)),
  least: Math.min(...values),
  most: Math.max(...values),
});

describe.skipIf(!installed && process.env['CI'] !== 'true')('CloudWatch by moto', () => {
  const endings: (() => unknown)[] = [];
  const encodings: (string | undefined)[] = [];
  let direct = '';
  let relayed = '';

  beforeAll(async () => {
    const port = await freePort();
    direct = `http://127.0.0.1:${port}`;
    const moto = spawn(`${BIN}/moto_server`, ['-H', '127.0.0.1', '-p', String(port)], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    });
    endings.push(() => moto.kill());
    await answers(direct);
    const relay = gunzippingRelay(port, encodings);
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    endings.push(() => relay.close());
    relayed = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const end of endings.reverse()) end();
  });

  /** Publishes these cycles, each the metrics of one timestamp, and reads back what arrived. */
  async function published(
    namespace: string,
    cycles: ReadonlyMap<number, readonly Metric[]>,
  ): Promise<Point[]> {
    const cloudWatch = createCloudWatch({
      region: () => 'eu-west-1',
      endpoint: relayed,
      namespace,
      credentials: () => CREDENTIALS,
      clockCorrectionMs: () => null,
      environment: {},
      userAgent: ['imds-probe', 'test'],
    });
    endings.push(cloudWatch.close);
    const outbox = createMemoryOutbox();
    const publisher = createPublisher({
      outbox,
      cloudWatch,
      clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
      clockCorrectionMs: () => null,
      intervalMs: 300_000,
      phase: 0,
    });
    for (const [timestamp, metrics] of cycles) outbox.add(timestamp, metrics);
    const { pending } = outbox.depth();
    const delivery = await publisher.flush(AbortSignal.timeout(60_000));
    expect(delivery).toMatchObject({
      accepted: pending,
      rejected: 0,
      pending: 0,
      failures: 0,
      failure: null,
    });
    const times = [...cycles.keys()].sort((a, b) => a - b);
    const from = String(times[0]);
    const to = String((times.at(-1) ?? 0) + 60);
    const { stdout } = await promisify(execFile)(
      `${BIN}/python`,
      ['-c', READ_BACK, direct, namespace, from, to],
      {
        env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
        maxBuffer: 10_000_000,
      },
    );
    return JSON.parse(stdout) as Point[];
  }

  const thisMinute = Math.floor(Date.now() / 60_000) * 60;

  it('gives back every metric of an hour of cycles as it was measured', async () => {
    const cycles = new Map<number, readonly Metric[]>();
    for (let age = 59; age >= 0; age--) {
      const { metrics } = judged(
        healthySnapshot({
          'instance-role': aRole({ marginSeconds: 10_000 + age * 60, ageSeconds: 600 }),
          'imds-traffic': aTraffic([1.25, 1.25, 3.5 + age].map((tookMs) => aRequest('role', 200, tookMs))),
        }),
      );
      cycles.set(thisMinute - age * 60, metrics);
    }

    const read = await published('ImdsProbe', cycles);

    expect(encodings).toContain('gzip');
    const expected = [...cycles].flatMap(([timestamp, metrics]) =>
      metrics.map((each) => pointOf(timestamp, each)),
    );
    expect(expected.length).toBe(60 * 12);
    expect(order(read)).toEqual(order(expected));
  });

  it('finds a sick instance by its id', async () => {
    const { metrics } = judged(healthySnapshot({ 'instance-role': aRole({ marginSeconds: -60 }) }));

    const read = await published('ImdsProbeSick', new Map([[thisMinute, metrics]]));

    const byInstance = read.filter(({ dimensions }) => 'InstanceId' in dimensions);
    const expected = metrics.filter(({ dimensions }) => 'InstanceId' in dimensions);
    expect(expected.map(({ name }) => name)).toContain('CriticalFindings');
    expect(order(byInstance)).toEqual(order(expected.map((each) => pointOf(thisMinute, each))));
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** moto_server says nothing that could be waited for, so it is asked until it answers. */
async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(`${url}/moto-api/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('moto_server did not start within 20 s');
}

/** moto answers 500 to a compressed body, so it gets it plain; everything else passes as it is. */
function gunzippingRelay(port: number, encodings: (string | undefined)[]): http.Server {
  return http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { 'content-encoding': encoding, ...headers } = request.headers;
    encodings.push(encoding);
    const body = encoding === 'gzip' ? gunzipSync(Buffer.concat(chunks)) : Buffer.concat(chunks);
    const onward = http.request(
      {
        host: '127.0.0.1',
        port,
        method: request.method,
        path: request.url,
        headers: { ...headers, 'content-length': String(body.length) },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    onward.end(body);
  });
}
