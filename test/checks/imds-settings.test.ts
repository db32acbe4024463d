// Holds the checks on how SDKs here are set up to reach IMDS to a table: pass, every edge, fail, unknown.
import { describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { imdsDisabledByEnv } from '../../src/checks/imds-disabled-by-env.ts';
import { imdsEndpointOverridden } from '../../src/checks/imds-endpoint-overridden.ts';
import { imdsRetriesTooLow } from '../../src/checks/imds-retries-too-low.ts';
import type { Check } from '../../src/core/check.ts';
import type { ImdsRequest, ImdsSettings } from '../../src/core/imds.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { chain, environment } from '../support/chain.ts';
import { aRequest, aTraffic, healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const settings = (changes: Partial<ImdsSettings>): Snapshot => ({
  'imds-settings': seen({
    endpoint: 'http://169.254.169.254',
    overriddenBy: null,
    disabledVariable: null,
    sdkAttempts: null,
    sdkTimeoutSeconds: null,
    ...changes,
  }),
});

const told = (check: Check, changes: Snapshot): string => {
  const { verdicts, findings } = assess([check], healthySnapshot(changes), {}, POLICY);
  const finding = findings[0];
  return finding
    ? `${finding.severity}: ${finding.cause}`
    : `${verdicts[0]?.status}: ${verdicts[0]?.because}`;
};

describe('imds-endpoint-overridden', () => {
  it.each<[string, Snapshot, string | RegExp]>([
    ['healthy', {}, /^pass/],
    ['a flag of ours moves us alone', settings({ endpoint: 'http://127.0.0.1:1' }), /^pass/],
    [
      'a variable',
      settings({
        endpoint: 'http://127.0.0.1:1',
        overriddenBy: 'http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT)',
      }),
      'info: SDKs in this environment ask http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT); imds-probe asked there, too.',
    ],
    [
      'a variable under a flag of ours',
      settings({ overriddenBy: 'http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT)' }),
      'info: SDKs in this environment ask http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT); imds-probe was told to ask http://169.254.169.254.',
    ],
    ['unseen', { 'imds-settings': lost('permission', 'not seen') }, 'unknown: not seen'],
  ])('%s', (_, changes, expected) => {
    const text = told(imdsEndpointOverridden, changes);
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  });
});

describe('imds-disabled-by-env', () => {
  it.each<[string | null, RegExp]>([
    [null, /^pass/],
    [
      'false',
      /^pass: AWS_EC2_METADATA_DISABLED is "false": only SDK for JavaScript 2 and early 3 would not ask$/,
    ],
    [
      'true',
      /^warning: AWS_EC2_METADATA_DISABLED is "true": SDKs and the AWS CLI in this environment do not ask/,
    ],
    [
      'TRUE',
      /^warning: AWS_EC2_METADATA_DISABLED is "TRUE": SDKs and the AWS CLI in this environment do not ask/,
    ],
    ['False', /these get no .*: SDK for JavaScript 3; these do: AWS CLI, boto3 \(botocore\), .*Java 2/],
    ['1', /^warning: .*these get no .*: SDK for JavaScript 3, SDK for Java 2; these do: AWS CLI, boto3/],
    [
      '',
      /^warning: AWS_EC2_METADATA_DISABLED is set to nothing in this environment, .*these get no .*: SDK for Java 2; these do: AWS CLI/,
    ],
  ])('%j', (disabledVariable, expected) => {
    expect(told(imdsDisabledByEnv, settings({ disabledVariable }))).toMatch(expected);
  });

  it('looks into the process that was asked for, and not into this shell', () => {
    const subject = { pid: 77, command: 'java', uid: 5, home: '/srv', network: 'same' as const };
    const ofProcess = (metadataDisabled: string | null) => ({
      ...settings({ disabledVariable: metadataDisabled === null ? 'true' : null }),
      'credential-chain': seen(chain({ subject, environment: environment({ metadataDisabled }) })),
    });
    expect(told(imdsDisabledByEnv, ofProcess('true'))).toMatch(
      /^warning: .*in the environment of process 77/,
    );
    expect(told(imdsDisabledByEnv, ofProcess(null))).toMatch(/^pass/);
  });

  it('is unknown where the environment was not seen', () => {
    expect(told(imdsDisabledByEnv, { 'imds-settings': lost('permission', 'not seen') })).toBe(
      'unknown: not seen',
    );
  });

  it('never says of "false" or nothing that everything is switched off', () => {
    for (const disabledVariable of ['false', 'FALSE', '', '0', 'no']) {
      expect(told(imdsDisabledByEnv, settings({ disabledVariable }))).not.toContain(
        'SDKs and the AWS CLI in this',
      );
    }
  });
});

describe('imds-retries-too-low', () => {
  const cycleOf = (...requests: ImdsRequest[]): Snapshot => ({
    'imds-traffic': aTraffic([...requests, aRequest('role', 200), aRequest('credentials', 200)]),
  });
  const token = (status: number | null, tookMs = 2): ImdsRequest =>
    aRequest('token', status, tookMs, status === null ? 'response-timeout' : null);

  it.each<[string, Snapshot, string]>([
    ['healthy', {}, 'pass'],
    ['nothing asked at all', { 'imds-traffic': aTraffic([]) }, 'unknown: no request was sent to judge by'],
    ['one throttle, recovered', cycleOf(token(429), token(200)), 'info'],
    ['one 503, recovered', cycleOf(token(503), token(200)), 'info'],
    ['one time-out, recovered', cycleOf(token(null), token(200)), 'info'],
    [
      'refused right after boot, recovered',
      cycleOf(aRequest('token', null, 1, 'refused'), token(200)),
      'info',
    ],
    [
      'a throttled GET, recovered',
      { 'imds-traffic': aTraffic([token(200), aRequest('role', 429), aRequest('role', 200)]) },
      'info',
    ],
    ['a token renewed after 401', cycleOf(token(200), aRequest('role', 401), token(200)), 'pass'],
    ['no role', cycleOf(token(200), aRequest('role', 404)), 'pass'],
    ['answers within the default second', cycleOf(token(200, 999)), 'pass'],
    ['an answer beyond it', cycleOf(token(200, 1001)), 'info'],
    [
      'SDKs told to try as often as was needed',
      {
        ...settings({ sdkAttempts: { value: 3, from: 'x' } }),
        ...cycleOf(token(429), token(503), token(200)),
      },
      'pass',
    ],
    [
      'SDKs told to try once less',
      {
        ...settings({ sdkAttempts: { value: 2, from: 'x' } }),
        ...cycleOf(token(429), token(503), token(200)),
      },
      'info',
    ],
    [
      'SDKs told to wait long enough',
      { ...settings({ sdkTimeoutSeconds: { value: 2, from: 'x' } }), ...cycleOf(token(200, 1500)) },
      'pass',
    ],
    ['throttled for good', { 'imds-traffic': aTraffic([token(429), token(503), token(503)]) }, 'unknown'],
    ['unreachable', { 'imds-traffic': aTraffic([aRequest('token', null, 1, 'refused')]) }, 'unknown'],
    [
      'the hop limit, with its tokenless request',
      { 'imds-traffic': aTraffic([token(null, 1000), aRequest('tokenless', 401, 3)]) },
      'unknown',
    ],
    [
      'what a proxy did is no matter of retries',
      cycleOf(
        token(200),
        aRequest('proxied', null, 2000, 'response-timeout'),
        aRequest('proxied', 200, 2000),
      ),
      'pass',
    ],
    ['settings unseen', { 'imds-settings': lost('permission', 'not seen') }, 'unknown'],
    ['traffic unseen', { 'imds-traffic': lost('crashed', 'our defect') }, 'unknown'],
  ])('%s', (_, changes, expected) => {
    expect(told(imdsRetriesTooLow, changes)).toMatch(new RegExp(`^${expected}`));
  });

  it('says what was needed, and what SDKs give', () => {
    expect(told(imdsRetriesTooLow, cycleOf(token(429), token(200, 1500)))).toBe(
      'info: This cycle saw 2 tries until an answer came and an answer that took 1500 ms; SDKs here make 1 try (default) of 1 s (default) and would have reported missing credentials.',
    );
    const set = settings({ sdkAttempts: { value: 2, from: 'AWS_METADATA_SERVICE_NUM_ATTEMPTS' } });
    expect(told(imdsRetriesTooLow, { ...set, ...cycleOf(token(429), token(429), token(200)) })).toContain(
      'SDKs here make 2 tries (AWS_METADATA_SERVICE_NUM_ATTEMPTS) of 1 s (default)',
    );
  });
});
