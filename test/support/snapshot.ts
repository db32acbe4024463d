// Builds snapshots for tests: a healthy instance, and observations that went well or badly.
import type { Policy } from '../../src/core/check.ts';
import type { EndpointReach, ServerCertificate } from '../../src/core/endpoint.ts';
import type { ImdsPurpose, ImdsRequest, InstanceRole } from '../../src/core/imds.ts';
import type { FailureKind, Outcome } from '../../src/core/outcome.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';

export const POLICY: Policy = {
  marginWarningSeconds: 900,
  marginCriticalSeconds: 300,
  clockWarningSeconds: 30,
  clockCriticalSeconds: 240,
  slowWarningMs: 250,
  previousRoleName: null,
};

export const seen = <T>(value: T, tookMs = 2): Outcome<T> => ({ ok: true, tookMs, attempts: 1, value });

export const lost = (kind: FailureKind, detail = `it was ${kind}`, status?: number): Outcome<never> => ({
  ok: false,
  tookMs: 1000,
  attempts: 1,
  failure: status === undefined ? { kind, detail } : { kind, detail, status },
});

export const aRequest = (
  purpose: ImdsPurpose,
  status: number | null,
  tookMs = 2,
  failure: FailureKind | null = null,
): ImdsRequest => ({
  purpose,
  method: purpose === 'token' ? 'PUT' : 'GET',
  startedMs: 0,
  tookMs,
  status,
  failure,
});

export const aTraffic = (requests: readonly ImdsRequest[]) =>
  seen({ endpoint: 'http://169.254.169.254', connections: 1, requests });

export const aRole = (changes: Partial<InstanceRole> = {}): Outcome<InstanceRole> =>
  seen({
    roleName: 'web',
    code: 'Success',
    lastUpdated: '2026-11-23T11:00:00Z',
    expiration: '2026-11-23T17:30:00Z',
    marginSeconds: 20_000,
    ageSeconds: 600,
    accessKeyId: 'ASIA…WXYZ',
    ...changes,
  });

export const aCertificate = (changes: Partial<ServerCertificate> = {}): ServerCertificate => ({
  issuer: 'Amazon RSA 2048 M02 (Amazon)',
  subject: 'sts.eu-west-1.amazonaws.com',
  amazon: true,
  trust: 'public',
  problem: null,
  validTo: '2027-06-01T23:59:59Z',
  ...changes,
});

/** An endpoint that answered, STS's unless said otherwise. */
export function aReach(changes: Partial<EndpointReach> = {}): Outcome<EndpointReach> {
  const service = changes.service ?? 'sts';
  return seen({
    service,
    endpoint: `https://${service === 'sts' ? 'sts' : 'monitoring'}.eu-west-1.amazonaws.com`,
    configured: false,
    proxy: null,
    address: '203.0.113.7',
    nameMs: 1,
    connectMs: 1,
    proxyMs: null,
    tlsMs: 4,
    firstByteMs: 3,
    totalMs: 9,
    status: 403,
    stopped: null,
    certificate: aCertificate(),
    clock: { offsetMs: 200, errorBoundMs: 525 },
    caVariables: [],
    agoSeconds: 0,
    ...changes,
  });
}

/** An instance on which everything is as it should be. */
export function healthySnapshot(changes: Snapshot = {}): Snapshot {
  return {
    'imds-settings': seen({
      endpoint: 'http://169.254.169.254',
      overriddenBy: null,
      disabledVariable: null,
      sdkAttempts: null,
      sdkTimeoutSeconds: null,
    }),
    'imds-token': seen({
      ttlSeconds: 21_600,
      reused: false,
      renewedAfterRejection: false,
      freshTokenRejected: false,
    }),
    'imds-tokenless': seen({ asked: false, status: null }),
    'imds-traffic': aTraffic([
      aRequest('token', 200),
      aRequest('role', 200),
      aRequest('credentials', 200),
      aRequest('instance-profile', 200),
      aRequest('identity', 200),
    ]),
    'instance-role': aRole(),
    'instance-profile': seen({
      code: 'Success',
      lastUpdated: '2026-11-23T11:00:00Z',
      instanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/web',
      instanceProfileId: 'AIPAEXAMPLE',
    }),
    'instance-identity': seen({
      instanceId: 'i-0123456789abcdef0',
      region: 'eu-west-1',
      availabilityZone: 'eu-west-1a',
      accountId: '123456789012',
      instanceType: 't3.micro',
      imageId: 'ami-0123456789abcdef0',
      architecture: 'x86_64',
    }),
    'clock-offset': seen({
      offsetMs: 0.4,
      errorBoundMs: 0.9,
      server: '169.254.169.123:123',
      stratum: 3,
      leap: 0,
    }),
    'time-servers': seen({
      servers: [
        {
          server: '169.254.169.123:123',
          state: 'valid',
          detail: 'good',
          offsetMs: 0.4,
          errorBoundMs: 0.9,
          delayMs: 0.3,
          stratum: 3,
          leap: 0,
          kissCode: null,
          exchanges: 4,
          failure: null,
        },
      ],
    }),
    'http-date': seen({ offsetMs: 200, errorBoundMs: 500, source: 'IMDS', headers: 5 }),
    'local-clock': seen({ daemon: 'chronyd', synchronised: true }),
    'sts-endpoint': aReach(),
    'cloudwatch-endpoint': aReach({ service: 'cloudwatch' }),
    host: seen({ uptimeSeconds: 86_400, container: null, ec2: true, instanceId: null }),
    ...changes,
  };
}
