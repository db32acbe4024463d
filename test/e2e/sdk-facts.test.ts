// Holds the facts about refreshing and settings to the SDKs themselves: botocore and the JavaScript SDK, on loopback.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { credentialsTreatedAsExpired, defaultProvider } from '@aws-sdk/credential-provider-node';
import { fromInstanceMetadata } from '@smithy/credential-provider-imds';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RefreshingSdk, SDK_REFRESH, type SdkRefresh } from '../../src/facts/sdk-refresh.ts';
import { readMetadataDisabled, SDK_SETTINGS } from '../../src/facts/sdk-settings.ts';
import { pythonWithBotocore, runPython } from '../support/python-peer.ts';

const MINUTE = 60_000;
const TEXTS = ['true', 'TRUE', 'false', 'False', '0', ''];
const python = pythonWithBotocore();

/** A metadata service whose answers a test sets. */
const imds = {
  tokenStatus: 200,
  tokenDelayMs: 0,
  credentialsStatus: 200,
  expiresInMs: 60 * MINUTE,
  puts: 0,
  v1: 0,
};
let server: Server;
let endpoint: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method === 'PUT') {
      imds.puts += 1;
      setTimeout(() => response.writeHead(imds.tokenStatus).end('token'), imds.tokenDelayMs);
      return;
    }
    if (request.headers['x-aws-ec2-metadata-token'] === undefined) imds.v1 += 1;
    if (request.url?.endsWith('security-credentials/') === true) {
      response.end('role');
      return;
    }
    const body = {
      Code: 'Success',
      AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      SecretAccessKey: 's',
      Token: 't',
      Expiration: new Date(Date.now() + imds.expiresInMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    response.writeHead(imds.credentialsStatus).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close().closeAllConnections();
});

let before: NodeJS.ProcessEnv;
beforeEach(() => {
  Object.assign(imds, {
    tokenStatus: 200,
    tokenDelayMs: 0,
    credentialsStatus: 200,
    expiresInMs: 60 * MINUTE,
    puts: 0,
    v1: 0,
  });
  before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, base());
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

const base = () => ({
  AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
});

function factsOf(sdk: RefreshingSdk): SdkRefresh {
  const found = SDK_REFRESH.find((one) => one.sdk === sdk);
  if (found === undefined) throw new Error(sdk);
  return found;
}
const settingsOf = (sdk: 'botocore' | 'js-v3') => SDK_SETTINGS.find((one) => one.sdk === sdk);

const FETCH = `
import datetime, json, botocore.session
def remaining(creds): return creds._seconds_remaining()
creds = botocore.session.Session().get_credentials()
print(json.dumps(None if creds is None else remaining(creds)))
`;

// The two windows by behaviour: when refresh_needed turns, and from when a failing refresh fails the caller.
const WINDOWS = `
import datetime, json, botocore.session
creds = botocore.session.Session().get_credentials()
expiry = creds._expiry_time
def at(seconds): creds._time_fetcher = lambda: expiry - datetime.timedelta(seconds=seconds)
def fail(): raise RuntimeError('no')
creds._refresh_using = fail
def needed(seconds):
    at(seconds); return creds.refresh_needed()
def survives(seconds):
    at(seconds)
    try: creds.get_frozen_credentials(); return True
    except RuntimeError: return False
print(json.dumps([[s, needed(s), survives(s)] for s in json.load(__import__('sys').stdin)]))
`;

describe.runIf(python !== null)('botocore', () => {
  const facts = factsOf('botocore');
  const run = (script: string, input: unknown = null, more: Record<string, string> = {}) =>
    runPython(python ?? '', script, input, { ...base(), ...more });
  const [least, most] = facts.extendsSeconds ?? [0, 0];

  it('refreshes in the windows that the facts say', async () => {
    const { advisorySeconds, mandatorySeconds } = facts;
    const points = [advisorySeconds + 1, advisorySeconds - 1, mandatorySeconds + 1, mandatorySeconds - 1];
    imds.expiresInMs = 6 * 60 * MINUTE;
    expect(await run(WINDOWS, points)).toEqual([
      [points[0], false, true],
      [points[1], true, true],
      [points[2], true, true],
      [points[3], true, false],
    ]);
  });

  it.each([
    [26, false],
    [16, true],
    [1, true],
    [-5, true],
  ])('with %i minutes left it makes an expiry up: %s', async (minutes, extended) => {
    imds.expiresInMs = minutes * MINUTE;
    const remaining = Number(await run(FETCH));
    if (!extended) expect(Math.abs(remaining - minutes * 60)).toBeLessThan(10);
    else {
      expect(remaining).toBeGreaterThan(least - 10);
      expect(remaining).toBeLessThanOrEqual(most + 10);
    }
  });

  it('reads how often and how long to try', async () => {
    expect(settingsOf('botocore')).toMatchObject({ readsAttempts: true, readsTimeout: true });
    imds.tokenStatus = 500;
    await run(FETCH);
    expect(imds.puts).toBe(1);
    imds.puts = 0;
    await run(FETCH, null, { AWS_METADATA_SERVICE_NUM_ATTEMPTS: '3' });
    expect(imds.puts).toBe(3);
    Object.assign(imds, { tokenStatus: 200, tokenDelayMs: 1400, v1: 0 });
    await run(FETCH, null, { AWS_METADATA_SERVICE_TIMEOUT: '5' });
    expect(imds.v1).toBe(0);
    await run(FETCH);
    expect(imds.v1).toBeGreaterThan(0);
  });

  it.each(TEXTS)('reads AWS_EC2_METADATA_DISABLED=%s as the facts say', async (text) => {
    const answer = await run(FETCH, null, { AWS_EC2_METADATA_DISABLED: text });
    expect(answer === null ? 'disabled' : 'enabled').toBe(readMetadataDisabled('botocore', text));
  });
});

describe('the JavaScript SDK', () => {
  const facts = factsOf('js-v3');
  const [least, most] = facts.extendsSeconds ?? [0, 0];
  const quiet = { logger: { ...console, warn: () => undefined, debug: () => undefined } };
  const left = (expiration: Date | undefined): number => ((expiration?.getTime() ?? 0) - Date.now()) / 1000;
  const expectExtended = (expiration: Date | undefined): void => {
    expect(left(expiration)).toBeGreaterThan(least - 10);
    expect(left(expiration)).toBeLessThanOrEqual(most + 10);
  };

  it('takes credentials for expired in the window that the facts say', () => {
    const at = (seconds: number) => ({
      accessKeyId: 'a',
      secretAccessKey: 's',
      expiration: new Date(Date.now() + seconds * 1000),
    });
    expect(credentialsTreatedAsExpired(at(facts.advisorySeconds + 5))).toBe(false);
    expect(credentialsTreatedAsExpired(at(facts.advisorySeconds - 5))).toBe(true);
  });

  it('leaves what has not expired alone, and extends what has', async () => {
    imds.expiresInMs = 4 * MINUTE;
    expect(left((await fromInstanceMetadata(quiet)()).expiration)).toBeLessThan(4 * 60 + 5);
    imds.expiresInMs = -5 * MINUTE;
    expectExtended((await fromInstanceMetadata(quiet)()).expiration);
  });

  it('goes on with what it has when IMDS fails', async () => {
    const provider = fromInstanceMetadata(quiet);
    await provider();
    imds.credentialsStatus = 500;
    expectExtended((await provider()).expiration);
  });

  it('reads neither how often nor how long to try', async () => {
    expect(settingsOf('js-v3')).toMatchObject({ readsAttempts: false, readsTimeout: false });
    Object.assign(process.env, { AWS_METADATA_SERVICE_NUM_ATTEMPTS: '3', AWS_METADATA_SERVICE_TIMEOUT: '5' });
    imds.tokenStatus = 500;
    await fromInstanceMetadata(quiet)();
    expect(imds.puts).toBe(1);
    Object.assign(imds, { tokenStatus: 200, tokenDelayMs: 1400, v1: 0 });
    await fromInstanceMetadata(quiet)();
    expect(imds.v1).toBeGreaterThan(0);
  });

  it.each(TEXTS)('reads AWS_EC2_METADATA_DISABLED=%s as the facts say', async (text) => {
    process.env['AWS_EC2_METADATA_DISABLED'] = text;
    const reading = await defaultProvider({ ...quiet, ignoreCache: true })().then(
      () => 'enabled',
      () => 'disabled',
    );
    expect(reading).toBe(readMetadataDisabled('js-v3', text));
  });
});
