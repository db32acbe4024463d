// The embedded instance held to what real AWS clients accept: botocore, boto3 and the AWS CLI (.ci/peers/python-aws.sh),
// and the JS SDK's IMDS client. They find it by the variables that `simulate` prints.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { type Box, type ScenarioId, startBox } from '../../src/simulator/box.ts';
import { credentialsOf } from '../simulator/ask.ts';

const BIN = '/opt/imds-probe-peers/python-aws/bin';
const installed = existsSync(join(BIN, 'aws'));
if (!installed) {
  console.warn(
    'SKIPPED: no AWS CLI and no boto3 in /opt/imds-probe-peers; the simulator met no Python client',
  );
}
const python = describe.skipIf(!installed && process.env['CI'] !== 'true');

const home = mkdtempSync(join(tmpdir(), 'imds-probe-clients-'));
afterAll(() => rmSync(home, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with the box's variables and an empty home. */
async function run(
  box: Box,
  file: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: home, AWS_MAX_ATTEMPTS: '1', ...box.environment, ...more };
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, { env, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string };
    return { code: failed.code ?? -1, stdout: failed.stdout ?? '', stderr: failed.stderr ?? String(error) };
  }
}

async function withBox<T>(scenario: ScenarioId, use: (box: Box) => Promise<T>): Promise<T> {
  const box = await startBox(scenario);
  try {
    return await use(box);
  } finally {
    await box.close();
  }
}

const aws = (box: Box, args: string, more: Record<string, string> = {}): Promise<Ran> =>
  run(box, join(BIN, 'aws'), [...args.split(' '), '--output', 'json'], more);
const py = (box: Box, program: string, more: Record<string, string> = {}): Promise<Ran> =>
  run(box, join(BIN, 'python'), ['-c', program], more);

const FETCH = `
import json, os
from botocore.utils import InstanceMetadataFetcher
fetcher = InstanceMetadataFetcher(timeout=1, num_attempts=int(os.environ.get('ATTEMPTS', '1')),
                                  base_url=os.environ['AWS_EC2_METADATA_SERVICE_ENDPOINT'])
print(json.dumps(fetcher.retrieve_iam_role_credentials()))`;

python('botocore', () => {
  it('reads the credentials of the healthy box, on one connection, with a token', async () => {
    await withBox('healthy', async (box) => {
      const { stdout } = await py(box, FETCH);
      const requests = box.received().imdsRequests;
      const served = await credentialsOf(box.endpoints.imds);
      expect(JSON.parse(stdout)).toEqual({
        role_name: 'app-server',
        access_key: served.AccessKeyId,
        secret_key: served.SecretAccessKey,
        token: served.Token,
        expiry_time: served.Expiration,
      });
      expect(requests.map(({ method, status }) => [method, status])).toEqual([
        ['PUT', 200],
        ['GET', 200],
        ['GET', 200],
      ]);
      expect(new Set(requests.map((request) => request.connection)).size).toBe(1);
    });
  });

  it.each<[ScenarioId, string, boolean]>([
    ['expired', '1', true],
    ['slow', '1', true],
    ['throttled', '1', false],
    ['throttled', '3', true],
    ['throttled-hard', '3', false],
    ['no-role', '1', false],
    ['role-not-assumable', '1', false],
    ['hop-limit', '1', false],
    ['disabled', '1', false],
    ['unreachable', '1', false],
    ['malformed', '1', false],
  ])('in %s, with %s attempts: credentials %s', async (scenario, attempts, found) => {
    await withBox(scenario, async (box) => {
      const { stdout } = await py(box, FETCH, { ATTEMPTS: attempts });
      expect(Object.keys(JSON.parse(stdout)).length > 0).toBe(found);
    });
  });
});

python('the AWS CLI', () => {
  it('finds the role and who it is', async () => {
    await withBox('healthy', async (box) => {
      const list = await aws(box, 'configure list');
      expect(list.stdout).toMatch(/access_key\s+:? ?\**\w{4}\s*:? ?iam-role/);
      const identity = await aws(box, 'sts get-caller-identity');
      expect(identity).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(identity.stdout)).toEqual({
        UserId: 'AROA2B0X2B0X2B0X2B0XE:i-0b0c5eed0b0c5eed0',
        Account: '123456789012',
        Arn: 'arn:aws:sts::123456789012:assumed-role/app-server/i-0b0c5eed0b0c5eed0',
      });
    });
  });

  it('puts metrics', async () => {
    await withBox('healthy', async (box) => {
      const put = 'cloudwatch put-metric-data --namespace ImdsProbe --metric-name ImdsLatency';
      const more = '--unit Milliseconds --timestamp';
      const time = new Date(Math.floor(Date.now() / 1000) * 1000 - 600_000).toISOString();
      expect(
        await aws(box, `${put} --value 2.5 --dimensions Fleet=default,InstanceId=i-1 ${more} ${time}`),
      ).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      expect(box.received().metrics).toEqual([
        {
          namespace: 'ImdsProbe',
          name: 'ImdsLatency',
          dimensions: { Fleet: 'default', InstanceId: 'i-1' },
          timestamp: Date.parse(time) / 1000,
          unit: 'Milliseconds',
          values: [2.5],
          counts: [1],
          statistics: null,
        },
      ]);
    });
  });

  it.each<[ScenarioId, string, RegExp]>([
    [
      'healthy',
      'AWS/EC2',
      /\(InvalidParameterValue\).*: The value AWS\/ for parameter Namespace is invalid\./,
    ],
    ['expired', 'N', /\(ExpiredToken\).*: The security token included in the request is expired/],
    ['cloudwatch-expired-token', 'N', /\(ExpiredToken\).*PutMetricData/],
    ['cloudwatch-throttled', 'N', /\(Throttling\).*: Rate exceeded/],
    ['cloudwatch-down', 'N', /Could not connect to the endpoint URL/],
    ['skewed-clock', 'N', /\(SignatureDoesNotMatch\).*: Signature expired: /],
    ['no-role', 'N', /Unable to locate credentials/],
    ['hop-limit', 'N', /Unable to locate credentials/],
  ])('in %s with namespace %s is told why not', async (scenario, namespace, message) => {
    await withBox(scenario, async (box) => {
      const put = `cloudwatch put-metric-data --namespace ${namespace} --metric-name A --value 1`;
      const ran = await aws(box, put);
      expect(ran.code).toBeGreaterThan(0);
      expect(ran.stderr).toMatch(message);
      expect(box.received().metrics).toEqual([]);
    });
  });

  it('gets through a throttled CloudWatch by its own retries', async () => {
    await withBox('cloudwatch-throttled', async (box) => {
      const put = 'cloudwatch put-metric-data --namespace N --metric-name A --value 1';
      expect((await aws(box, put, { AWS_MAX_ATTEMPTS: '4' })).code).toBe(0);
      expect(box.received()).toMatchObject({ cloudwatchRequests: 3, metrics: [{ name: 'A' }] });
    });
  });
});

python('boto3', () => {
  const PUT = `
import boto3, datetime, json
client = boto3.client('cloudwatch')
def put(n, **more):
    try:
        client.put_metric_data(Namespace='ImdsProbe', MetricData=[dict(MetricName='M%d' % i,
            Timestamp=datetime.datetime.now(datetime.timezone.utc),
            Dimensions=[dict(Name='Fleet', Value='default')], **more.get('datum', dict(Value=i))) for i in range(n)])
        return 'accepted'
    except Exception as error:
        return str(error)
print(json.dumps([
    put(1), put(1000), put(1001),
    put(1, datum=dict(Values=[1.5, float(2**100)], Counts=[1, 2], Unit='Seconds')),
    put(1, datum=dict(StatisticValues=dict(SampleCount=2, Sum=3, Minimum=1, Maximum=2))),
    put(1, datum=dict(Value=float('nan'))),
    put(1, datum=dict(Value=1, Values=[2])),
]))`;

  it('puts data, plain and gzipped, and hears what is refused', async () => {
    await withBox('healthy', async (box) => {
      const ran = await py(box, PUT);
      expect(ran.stderr).toBe('');
      expect(JSON.parse(ran.stdout)).toEqual([
        'accepted',
        'accepted',
        expect.stringMatching(
          /\(InvalidParameterValue\).*The collection MetricData must not have a size greater than 1000\./,
        ),
        'accepted',
        'accepted',
        expect.stringMatching(
          /\(InvalidParameterValue\).*The value NaN for parameter MetricData\.member\.1\.Value/,
        ),
        expect.stringMatching(/\(InvalidParameterCombination\).*mutually exclusive/),
      ]);
      const { metrics } = box.received();
      expect(metrics).toHaveLength(1003);
      expect(metrics[1000]).toMatchObject({ name: 'M999', values: [999], dimensions: { Fleet: 'default' } });
      expect(metrics[1001]).toMatchObject({ values: [1.5, 2 ** 100], counts: [1, 2], unit: 'Seconds' });
      expect(metrics[1002]?.statistics).toEqual({ SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 });
    });
  });
});

describe('the JS SDK', () => {
  const PROGRAM = `
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';
const said = [];
const logger = { debug() {}, trace() {}, info() {}, error() {}, warn: (text) => said.push(text) };
try {
  console.log(JSON.stringify({ ...(await fromInstanceMetadata({ maxRetries: 0, logger })()), said }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}`;
  const fetched = async (scenario: ScenarioId, use: (got: Record<string, unknown>, box: Box) => unknown) =>
    withBox(scenario, async (box) => {
      const ran = await run(box, process.execPath, ['--input-type=module', '-e', PROGRAM]);
      expect(ran.stderr).toBe('');
      await use(JSON.parse(ran.stdout), box);
    });

  it.each<ScenarioId>(['healthy', 'slow'])('reads the credentials in %s', async (scenario) => {
    await fetched(scenario, async (got, box) => {
      const requests = box.received().imdsRequests;
      expect(requests.map(({ method, withToken }) => [method, withToken])).toEqual([
        ['PUT', false],
        ['GET', true],
        ['GET', true],
      ]);
      const served = await credentialsOf(box.endpoints.imds);
      expect(got).toMatchObject({
        accessKeyId: served.AccessKeyId,
        secretAccessKey: served.SecretAccessKey,
        sessionToken: served.Token,
        expiration: new Date(served.Expiration).toISOString(),
        said: [],
      });
    });
  });

  it('extends what has expired, and says so', async () => {
    await fetched('expired', (got) => {
      expect(Date.parse(String(got['expiration']))).toBeGreaterThan(Date.now());
      expect(String(got['said'])).toContain('credential expiration');
    });
  });

  const ERROR = 'Error response received from instance metadata service';
  it.each<[ScenarioId, string]>([
    ['throttled', ERROR],
    ['throttled-hard', ERROR],
    ['no-role', ERROR],
    ['disabled', ERROR],
    ['hop-limit', ERROR],
    ['unreachable', 'Unable to connect to instance metadata service'],
    ['role-not-assumable', 'Invalid response received from instance metadata service'],
    ['malformed', 'JSON'],
  ])('fails in %s', async (scenario, message) => {
    await fetched(scenario, (got) => {
      expect(got['accessKeyId']).toBeUndefined();
      expect(got['message']).toContain(message);
    });
  });
});
