// The SDK is told everything: no AWS variable, no shared file and no metadata service changes what it sends.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudWatchServer, CREDENTIALS, startCloudWatch } from '../../support/cloudwatch-server.ts';

const SOURCE = pathToFileURL(
  path.resolve(import.meta.dirname, '../../../src/clients/aws/cloudwatch.ts'),
).href;

/** Publishes twice the way main does, and tells which files of the home folder were opened. */
const PROGRAM = `
  import fs from 'node:fs';
  import promises from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  const opened = [];
  for (const [owner, name] of [[fs, 'readFile'], [fs, 'readFileSync'], [fs, 'open'], [fs, 'openSync'],
                               [promises, 'readFile'], [promises, 'open'], [fs, 'existsSync'], [fs, 'stat']]) {
    const real = owner[name];
    owner[name] = (file, ...rest) => {
      if (String(file).startsWith(process.env.HOME)) opened.push(String(file));
      return real.call(owner, file, ...rest);
    };
  }
  syncBuiltinESMExports();
  const { createCloudWatch } = await import(${JSON.stringify(SOURCE)});
  const publisher = (changes) => createCloudWatch({
    region: () => 'eu-west-1', namespace: 'ImdsProbe', credentials: () => (${JSON.stringify(CREDENTIALS)}),
    clockCorrectionMs: () => 0, userAgent: ['imds-probe', '1.2.3'], ...changes,
  });
  const cloudWatch = publisher({ endpoint: process.argv[1], environment: {} });
  // Nothing can be sent by such a proxy, but the endpoint of the Region is looked up.
  const regional = publisher({ environment: { https_proxy: 'nonsense://' } });
  const metric = { name: 'Heartbeat', unit: 'Count', values: [1], counts: [1], dimensions: { Fleet: 'x' } };
  const put = (target) => target.putMetricData(
    Array.from({ length: 200 }, (_, id) => ({ id, timestamp: 1_700_000_000, metric })), AbortSignal.timeout(10_000));
  const outcomes = [await put(cloudWatch), await put(cloudWatch), await put(regional)].map(({ kind }) => kind);
  cloudWatch.close();
  process.stdout.write(JSON.stringify({ outcomes, endpoint: regional.endpoint(), opened }));
`;

let home: string;
let trap: http.Server;
let server: CloudWatchServer;
const trapped: string[] = [];

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'imds-probe-home-'));
  server = await startCloudWatch();
  trap = http.createServer((request, response) => {
    trapped.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  await new Promise<void>((ready) => trap.listen(0, '127.0.0.1', ready));
  await mkdir(path.join(home, '.aws'));
  const settings = `
region = mars-north-1
retry_mode = nonsense
max_attempts = many
defaults_mode = nonsense
use_fips_endpoint = perhaps
use_dualstack_endpoint = perhaps
disable_request_compression = perhaps
request_min_compression_size_bytes = -1
sdk_ua_app_id = intruder
auth_scheme_preference = httpBearerAuth
endpoint_url = ${trapUrl()}
credential_process = /bin/sh -c 'touch ${home}/ran'
`;
  await writeFile(path.join(home, '.aws/config'), `[default]${settings}\n[profile evil]${settings}`);
  await writeFile(
    path.join(home, '.aws/credentials'),
    '[default]\naws_access_key_id = AKIAEVILEVILEVILEVIL\naws_secret_access_key = evil\n',
  );
});
afterAll(async () => {
  trap.close();
  await server[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const trapUrl = (): string => `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;

const hostile = (): Record<string, string> => ({
  AWS_PROFILE: 'evil',
  AWS_REGION: 'mars-north-1',
  AWS_DEFAULT_REGION: 'mars-north-1',
  AWS_ACCESS_KEY_ID: 'AKIAEVILEVILEVILEVIL',
  AWS_SECRET_ACCESS_KEY: 'evil',
  AWS_SESSION_TOKEN: 'evil',
  AWS_MAX_ATTEMPTS: 'many',
  AWS_RETRY_MODE: 'nonsense',
  AWS_DEFAULTS_MODE: 'nonsense',
  AWS_USE_FIPS_ENDPOINT: 'perhaps',
  AWS_USE_DUALSTACK_ENDPOINT: 'perhaps',
  AWS_DISABLE_REQUEST_COMPRESSION: 'perhaps',
  AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES: '-1',
  AWS_SDK_UA_APP_ID: 'intruder',
  AWS_AUTH_SCHEME_PREFERENCE: 'httpBearerAuth',
  AWS_BEARER_TOKEN_CLOUDWATCH: 'evil',
  AWS_DISABLE_CLOCK_SKEW_CORRECTION: 'perhaps',
  AWS_EXECUTION_ENV: 'intruder',
  AWS_LAMBDA_FUNCTION_NAME: 'intruder',
  _X_AMZN_TRACE_ID: 'intruder',
  AWS_ENDPOINT_URL: trapUrl(),
  AWS_ENDPOINT_URL_CLOUDWATCH: trapUrl(),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${trapUrl()}/credentials`,
  AWS_EC2_METADATA_SERVICE_ENDPOINT: trapUrl(),
  HTTPS_PROXY: trapUrl(),
  HTTP_PROXY: trapUrl(),
  http_proxy: trapUrl(),
  ALL_PROXY: trapUrl(),
});

describe('a hostile home folder', () => {
  it.each([
    ['and hostile variables', hostile],
    ['alone', () => ({})],
  ])('%s changes nothing of what is sent, and is not looked into', async (_name, variables) => {
    const before = server.received.length;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', PROGRAM, server.url],
      {
        cwd: home,
        env: { ...variables(), HOME: home, NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '' },
      },
    );
    expect(JSON.parse(stdout)).toEqual({
      outcomes: ['accepted', 'accepted', 'later'],
      endpoint: 'https://monitoring.eu-west-1.amazonaws.com/',
      opened: [],
    });
    expect(stderr).toBe('');
    expect(trapped).toEqual([]);
    const requests = server.received.slice(before);
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(request.signed).toBe(true);
      expect(request.headers.authorization).toContain('/eu-west-1/monitoring/');
      expect(request.headers['content-encoding']).toBe('gzip');
      expect(JSON.stringify(request.headers)).not.toMatch(/intruder|evil/i);
    }
  });
});
