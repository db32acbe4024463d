// A day of the simulated fleet: when each agent's cycles come, when CloudWatch is out, and what a healthy agent then sends.
import { firstBeat, nextBeat } from '../../src/agent/schedule.ts';
import { CYCLES_TO_SETTLE, WARNING_ATTENTION_MS } from '../../src/agent/transitions.ts';
import { PUT_METRIC_DATA } from '../../src/facts/cloudwatch.ts';
import { INSTANCE_SERIES } from '../../src/report/metrics.ts';
import { flushDue } from '../../src/sinks/flush-schedule.ts';

/** Seconds of virtual time throughout. */
export interface Day {
  readonly seconds: number;
  readonly intervalS: number;
  readonly flushS: number;
  /** While CloudWatch answers nothing but 503. */
  readonly outage: { readonly fromS: number; readonly toS: number };
}

/** What chance gives an agent. All of them are started in the same second: the worst case. */
export interface Place {
  readonly beatPhase: number;
  readonly flushPhase: number;
}

export const isOut = ({ outage }: Day, nowS: number): boolean => nowS >= outage.fromS && nowS < outage.toS;

/** Tries of a request that CloudWatch does not answer, where the publisher does not bound them (its client's default). */
export const LOST_TRIES = 3;
/** Requests of one delivery (BATCHES_AT_ONCE of the publisher). */
const BATCHES_AT_ONCE = 10;

/** When the cycles of a day come. */
export function* beatsOf({ beatPhase }: Place, { seconds, intervalS }: Day): Generator<number> {
  const origin = firstBeat(0, intervalS * 1000, beatPhase);
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs = nextBeat(origin, intervalS * 1000, nowMs))
    yield nowMs / 1000;
}

/**
 * The times at which a healthy agent sends a request. The real schedule decides; what the publisher does beside it is
 * put as arithmetic, and `fleet.ts` holds that to the real publisher.
 */
export function healthyRequests(place: Place, day: Day, metricsPerCycle: number): number[] {
  const requests: number[] = [];
  let waiting = 0;
  let lastMs = 0;
  let failures = 0;
  const failing = publishFailing();
  for (const now of beatsOf(place, day)) {
    waiting += metricsPerCycle + (failing(failures, now) ? INSTANCE_SERIES.size : 0);
    const due = flushDue({
      nowMs: now * 1000,
      lastMs,
      intervalMs: day.flushS * 1000,
      phase: place.flushPhase,
      failures,
      alarmTries: null,
      freshCredentials: false,
    });
    if (!due) continue;
    lastMs = now * 1000;
    if (isOut(day, now)) {
      failures += 1;
      requests.push(now);
      continue;
    }
    failures = 0;
    const batches = Math.min(BATCHES_AT_ONCE, Math.ceil(waiting / PUT_METRIC_DATA.dataPerRequest));
    for (let batch = 0; batch < batches; batch++) requests.push(now);
    waiting = Math.max(0, waiting - batches * PUT_METRIC_DATA.dataPerRequest);
  }
  return requests;
}

/** Whether a healthy agent sends its own series: for the first hour of `publish-failing`, which two failures raise. */
function publishFailing(): (failures: number, nowS: number) => boolean {
  let [seen, passes] = [0, 0];
  let sinceS: number | null = null;
  return (failures, nowS) => {
    if (failures >= 2) [seen, passes] = [seen + 1, 0];
    if (failures === 0) [seen, passes] = [0, passes + 1];
    if (passes >= CYCLES_TO_SETTLE) sinceS = null;
    if (sinceS === null && seen >= CYCLES_TO_SETTLE) sinceS = nowS;
    return sinceS !== null && (nowS - sinceS) * 1000 < WARNING_ATTENTION_MS;
  };
}
