// Builds reports for tests: `aReport`, `aFinding`, `aVerdict`, `aDelivery`, and one report for each kind of trouble,
// judged by the real checks from a snapshot such as a real cycle leaves.
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { Policy } from '../../src/core/check.ts';
import type { ImdsPurpose, ImdsRequest } from '../../src/core/imds.ts';
import type { Delivery } from '../../src/core/publishing.ts';
import type { Finding, Instance, Report, Verdict } from '../../src/core/report.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { metricsOf } from '../../src/report/metrics.ts';
import { statusOf } from '../../src/report/summary.ts';
import { aRequest, aRole, aTraffic, healthySnapshot, lost, POLICY, seen } from './snapshot.ts';

export const STARTED_AT = '2026-11-23T11:59:00.000Z';

export const AN_INSTANCE: Instance = {
  instanceId: 'i-0123456789abcdef0',
  region: 'eu-west-1',
  availabilityZone: 'eu-west-1a',
  roleName: 'web',
  accountId: '123456789012',
};

export const NOBODY: Instance = {
  instanceId: null,
  region: null,
  availabilityZone: null,
  roleName: null,
  accountId: null,
};

export function aFinding(changes: Partial<Finding> = {}): Finding {
  return {
    id: 'role-credentials-expired',
    severity: 'critical',
    title: 'The credentials of the role have expired',
    cause: 'The metadata service serves credentials that expired 12 min ago.',
    evidence: { expiration: '2026-11-23T11:47:00Z', marginSeconds: -720 },
    fix: [{ text: 'Replace the association with itself.', command: 'aws ec2 replace-it --id "a  b"' }],
    reference: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html',
    ...changes,
  };
}

export const aVerdict = (changes: Partial<Verdict> = {}): Verdict => ({
  id: 'imds-slow',
  status: 'pass',
  because: 'it answered in 2 ms',
  ...changes,
});

export const aDelivery = (changes: Partial<Delivery> = {}): Delivery => ({
  requests: 1,
  accepted: 14,
  rejected: 0,
  pending: 0,
  pendingBefore: 14,
  oldestSeconds: null,
  againLater: true,
  failures: 0,
  failure: null,
  endpoint: 'https://monitoring.eu-west-1.amazonaws.com',
  ...changes,
});

export const aSnapshot = healthySnapshot;

/** A report as given: what is left out is healthy and empty. Judge a snapshot with `judged` where verdicts matter. */
export function aReport(changes: Partial<Report> = {}): Report {
  return {
    schema: 'imds-probe/report/v1',
    version: '0.1.0',
    startedAt: STARTED_AT,
    durationMs: 41,
    instance: AN_INSTANCE,
    status: 'ok',
    observations: healthySnapshot(),
    verdicts: [aVerdict()],
    findings: [],
    metrics: [],
    ...changes,
  };
}

/** The report that the real checks and the real metrics make of a snapshot. */
export function judged(snapshot: Snapshot, changes: Partial<Report> = {}, policy: Policy = POLICY): Report {
  const { verdicts, findings } = assess(CHECKS, snapshot, { 'caller-identity': '--offline' }, policy);
  const metrics = metricsOf({
    snapshot,
    findings,
    trueTime: { source: 'time-server', correctionMs: 0 },
    startedAtMs: Date.parse(STARTED_AT),
    fleet: 'default',
    instanceId: AN_INSTANCE.instanceId,
    instanceSeries: findings.some((finding) => finding.severity === 'critical'),
    outbox: { pending: 0, oldestTimestamp: null, dropped: 0 },
  });
  const status = statusOf(verdicts, findings, CHECKS);
  return aReport({ observations: snapshot, verdicts, findings, metrics, status, ...changes });
}

const withoutImds = (token: ReturnType<typeof lost>, requests: readonly ImdsRequest[]): Snapshot => ({
  ...healthySnapshot(),
  'imds-token': token,
  'imds-traffic': aTraffic(requests),
  'instance-role': token,
  'instance-profile': token,
  'instance-identity': token,
});

const repeated = (purpose: ImdsPurpose, statuses: readonly number[]): ImdsRequest[] =>
  statuses.map((status) => aRequest(purpose, status));

const HEALTHY = healthySnapshot();
const EXPIRED = { expiration: '2026-11-23T11:47:00Z', marginSeconds: -720, ageSeconds: 22_680 };

/** One snapshot for each scenario of the simulator, as near to what the probes see there as a table can be. */
const SCENARIOS = {
  healthy: { snapshot: HEALTHY },
  expiring: {
    snapshot: { ...HEALTHY, 'instance-role': aRole({ marginSeconds: 240, ageSeconds: 21_360 }) },
  },
  expired: { snapshot: { ...HEALTHY, 'instance-role': aRole(EXPIRED) } },
  'no-role': {
    snapshot: {
      ...HEALTHY,
      'instance-role': seen({
        roleName: null,
        code: null,
        lastUpdated: null,
        expiration: null,
        marginSeconds: null,
        ageSeconds: null,
        accessKeyId: null,
      }),
      'instance-profile': seen({
        code: null,
        lastUpdated: null,
        instanceProfileArn: null,
        instanceProfileId: null,
      }),
      'imds-traffic': aTraffic([aRequest('token', 200), aRequest('role', 404), aRequest('identity', 200)]),
    },
    instance: { ...AN_INSTANCE, roleName: null },
  },
  'role-not-assumable': {
    snapshot: {
      ...HEALTHY,
      'instance-role': aRole({
        code: 'AssumeRoleUnauthorizedAccess',
        message: 'EC2 cannot assume the role web. Please see documentation at https://example.com/d.',
        expiration: null,
        marginSeconds: null,
        ageSeconds: null,
        accessKeyId: null,
      }),
    },
  },
  throttled: {
    snapshot: {
      ...HEALTHY,
      'imds-traffic': aTraffic([
        ...repeated('token', [429, 503, 200]),
        ...repeated('role', [200]),
        ...repeated('credentials', [200]),
      ]),
    },
  },
  'throttled-hard': {
    snapshot: withoutImds(
      lost('http-status', 'HTTP 429 Too Many Requests to each of 3 tries', 429),
      repeated('token', [429, 429, 503]),
    ),
    instance: NOBODY,
  },
  'hop-limit': {
    snapshot: {
      ...withoutImds(lost('response-timeout', 'the token request was accepted and not answered within 1 s'), [
        aRequest('token', null, 1000, 'response-timeout'),
        aRequest('tokenless', 401, 2),
      ]),
      'imds-tokenless': seen({ asked: true, status: 401 }),
      host: seen({ uptimeSeconds: 86_400, container: 'docker', ec2: true, instanceId: null }),
    },
    instance: NOBODY,
  },
  disabled: {
    snapshot: withoutImds(lost('http-status', 'HTTP 403 Forbidden', 403), repeated('token', [403])),
    instance: NOBODY,
  },
  unreachable: {
    snapshot: {
      ...withoutImds(lost('refused', 'connect ECONNREFUSED 169.254.169.254:80'), [
        aRequest('token', null, 0.4, 'refused'),
        aRequest('token', null, 0.3, 'refused'),
        aRequest('token', null, 0.3, 'refused'),
      ]),
      'imds-tokenless': lost('refused', 'connect ECONNREFUSED 169.254.169.254:80'),
      'clock-offset': lost('response-timeout', 'no time server gave a valid time'),
      'http-date': lost('malformed', 'no answer carried a Date header'),
    },
    instance: NOBODY,
  },
  slow: {
    snapshot: {
      ...HEALTHY,
      'imds-traffic': aTraffic([
        aRequest('token', 200, 812),
        aRequest('role', 200, 640),
        aRequest('credentials', 200, 731),
      ]),
    },
  },
  malformed: {
    snapshot: {
      ...HEALTHY,
      'instance-role': lost('malformed', 'the credentials are not JSON: it begins with "<html>"'),
    },
  },
  'skewed-clock': {
    snapshot: {
      ...HEALTHY,
      'clock-offset': seen({
        offsetMs: 400_000.3,
        errorBoundMs: 0.9,
        server: '169.254.169.123:123',
        stratum: 3,
        leap: 0,
      }),
      'http-date': seen({ offsetMs: 400_100, errorBoundMs: 500, source: 'IMDS', headers: 5 }),
    },
  },
  'unsynchronised-clock': {
    snapshot: {
      ...HEALTHY,
      'clock-offset': lost('malformed', '169.254.169.123:123 says that it has no time itself (LI=3)'),
      'time-servers': seen({
        servers: [
          {
            server: '169.254.169.123:123',
            state: 'unsynchronised' as const,
            detail: 'it says that it has no time itself (LI=3)',
            offsetMs: null,
            errorBoundMs: null,
            delayMs: 0.3,
            stratum: 0,
            leap: 3,
            kissCode: null,
            exchanges: 1,
            failure: null,
          },
        ],
      }),
    },
  },
  'cloudwatch-down': {
    snapshot: {
      ...HEALTHY,
      'cloudwatch-delivery': seen(
        aDelivery({
          accepted: 0,
          pending: 14,
          oldestSeconds: 600,
          failures: 3,
          failure: { code: 'refused', detail: 'connect ECONNREFUSED 127.0.0.1:4' },
        }),
      ),
    },
  },
} satisfies Record<string, { snapshot: Snapshot; instance?: Instance }>;

export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

/** What the real checks say about a scenario. */
export function scenarioReport(name: ScenarioName): Report {
  const scenario: { snapshot: Snapshot; instance?: Instance } = SCENARIOS[name];
  return judged(scenario.snapshot, scenario.instance === undefined ? {} : { instance: scenario.instance });
}
