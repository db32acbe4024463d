// One agent of the simulated fleet in virtual time: the real checks, transitions, metrics, outbox, schedule and publisher.
import { NOTHING_STANDS, needsAttention, transition } from '../../src/agent/transitions.ts';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { PutOutcome } from '../../src/clients/aws/cloudwatch.ts';
import type { Datum } from '../../src/core/publishing.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import { metricsOf, sendsInstanceSeries } from '../../src/report/metrics.ts';
import { createPublisher } from '../../src/sinks/cloudwatch.ts';
import { aReport, scenarioReport } from '../support/report-builder.ts';
import { aRole, healthySnapshot, POLICY, seen } from '../support/snapshot.ts';
import { beatsOf, type Day, isOut, LOST_TRIES, type Place } from './fleet-day.ts';

/** What is wrong with an instance, for two hours. */
export type Sickness = 'expiring' | 'imds-lost' | 'slow';

export interface Sick {
  readonly kind: Sickness;
  readonly fromS: number;
}

export const SICK_SECONDS = 7_200;
/** The last credentials before the sickness are good for this long. */
const EXPIRING_SECONDS = 290;

export interface AgentDay {
  /** Seconds of the day at which a request was sent, one for each. */
  readonly requests: readonly number[];
  readonly accepted: number;
  readonly waiting: number;
  readonly dropped: number;
  /** Clock hours in which each of its own series had data, added up. */
  readonly instanceMetricHours: number;
  /** Seconds from the cycle that raised something critical, while some credential signed, to when CloudWatch had it. */
  readonly criticalDelays: readonly { readonly raisedS: number; readonly delayS: number }[];
}

const START_S = Date.parse('2026-11-23T00:00:00Z') / 1000;

/** Runs the whole day of one agent. */
export async function runAgentDay(place: Place, day: Day, sick: Sick | null): Promise<AgentDay> {
  let nowS = 0;
  const requests: number[] = [];
  const series = new Set<string>();
  /** Cycles that raised something critical, and when, by the timestamp of their metrics. */
  const raisedCritical = new Map<number, number>();
  const criticalDelays: { raisedS: number; delayS: number }[] = [];
  let accepted = 0;

  const take = (data: readonly Datum[]): PutOutcome => {
    accepted += data.length;
    for (const { timestamp, metric } of data) {
      const { InstanceId } = metric.dimensions;
      if (InstanceId !== undefined) series.add(`${metric.name} ${Math.floor(timestamp / 3600)}`);
      if (metric.name !== 'CriticalFindings' || metric.values[0] === 0) continue;
      const raisedS = raisedCritical.get(timestamp);
      if (raisedS === undefined) continue;
      criticalDelays.push({ raisedS, delayS: nowS - raisedS });
      raisedCritical.delete(timestamp);
    }
    return { kind: 'accepted', requests: 1 };
  };

  const later = (reason: 'server' | 'credentials', code: string, count: number): PutOutcome => ({
    kind: 'later',
    requests: count,
    reason,
    code,
    detail: code,
    mayHaveArrived: false,
  });

  const outbox = createMemoryOutbox();
  const publisher = createPublisher({
    outbox,
    cloudWatch: {
      endpoint: () => 'https://monitoring.us-east-1.amazonaws.com/',
      signer: () => null,
      putMetricData: async (data, _signal, tries = LOST_TRIES) => {
        const out = isOut(day, nowS);
        const outcome = out
          ? later('server', 'ServiceUnavailable', tries)
          : unsigned(sick, nowS)
            ? later('credentials', 'ExpiredToken', 1)
            : take(data);
        for (let count = 0; count < outcome.requests; count++) requests.push(nowS);
        return outcome;
      },
    },
    clock: { wallMs: () => (START_S + nowS) * 1000, monotonicMs: () => nowS * 1000 },
    clockCorrectionMs: () => 0,
    intervalMs: day.flushS * 1000,
    phase: place.flushPhase,
  });

  let memory = NOTHING_STANDS;
  const stop = new AbortController().signal;
  for (const beat of beatsOf(place, day)) {
    nowS = beat;
    const delivery = publisher.last();
    const snapshot: Snapshot = {
      ...snapshotAt(sick, beat),
      ...(delivery === null ? {} : { 'cloudwatch-delivery': seen(delivery) }),
    };
    const judged = assess(CHECKS, snapshot, {}, POLICY);
    const atMs = (START_S + beat) * 1000;
    const step = transition(memory, { ...judged, atMs, uptimeSeconds: 86_400 }, CHECKS);
    memory = step.memory;
    const findings = step.standing.map(({ finding }) => finding);
    const metrics = metricsOf({
      snapshot,
      findings,
      trueTime: { source: 'time-server', correctionMs: 0 },
      startedAtMs: atMs,
      fleet: 'web',
      instanceId: 'i-0123456789abcdef0',
      instanceSeries: sendsInstanceSeries('when-unhealthy', needsAttention(step.standing, atMs)),
      outbox: outbox.depth(),
    });
    if (step.raised.some(({ severity }) => severity === 'critical') && !unsigned(sick, beat))
      raisedCritical.set(Math.floor(START_S + beat), beat);
    outbox.add(Math.floor(START_S + beat), metrics);
    await publisher.sink.deliver(aReport({ observations: snapshot, findings, metrics }), stop);
  }
  const { pending, dropped } = outbox.depth();
  return {
    requests,
    accepted,
    waiting: pending,
    dropped,
    instanceMetricHours: series.size,
    criticalDelays,
  };
}

const isSick = (sick: Sick, nowS: number): boolean => nowS >= sick.fromS && nowS < sick.fromS + SICK_SECONDS;

/** Whether the last credentials have expired and no new ones are there. */
const unsigned = (sick: Sick | null, nowS: number): boolean =>
  sick?.kind === 'expiring' && isSick(sick, nowS) && nowS >= sick.fromS + EXPIRING_SECONDS;

const LINK_LOCAL: Snapshot = {
  'link-local': seen({ total: 0, growth: 0, interfaces: [{ name: 'ens5', dropped: 0 }], detail: null }),
};
const HEALTHY = healthySnapshot(LINK_LOCAL);
const IMDS_LOST = { ...scenarioReport('unreachable').observations, ...LINK_LOCAL };
const SLOW = { ...scenarioReport('slow').observations, ...LINK_LOCAL };

function snapshotAt(sick: Sick | null, nowS: number): Snapshot {
  if (sick === null || !isSick(sick, nowS)) return HEALTHY;
  if (sick.kind === 'imds-lost') return IMDS_LOST;
  if (sick.kind === 'slow') return SLOW;
  const endS = sick.fromS + EXPIRING_SECONDS;
  const expiration = new Date((START_S + endS) * 1000).toISOString();
  const marginSeconds = Math.round(endS - nowS);
  return { ...HEALTHY, 'instance-role': aRole({ marginSeconds, expiration, accessKeyId: 'ASIA…OLD1' }) };
}
