// The drill: every fault on one instance, alone and in a fleet, and how long until somebody is told.
import path from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { SCENARIOS, type ScenarioId } from '../../src/simulator/box.ts';
import type { Assumptions } from './alarm-evaluator.ts';
import { GROUP_NAME, type RunInstance, runAlarms, type Transition, WATCHED_INSTANCE } from './alarm-run.ts';
import { type Alarms, alarmsOf, readTemplate } from './cloudformation.ts';
import { defaultConfig, type Recorded, recordScenario } from './recorded-snapshots.ts';
import type { CloudWatchRefusal, Stage, VirtualCredentials } from './virtual-agent.ts';

const TEMPLATE = path.resolve(import.meta.dirname, '../../deploy/cloudformation/alarms.yaml');
export const FLEET = 'web';

export type Watched = 'instance' | 'fleet';
export type Recordings = Readonly<Record<ScenarioId, Recorded>>;

/** The alarms of the template as they stand with these parameters. */
export function templateAlarms(
  watched: Watched,
  parameters: Readonly<Record<string, string | number>> = {},
): Alarms {
  const subject =
    watched === 'fleet' ? { AutoScalingGroupName: GROUP_NAME } : { InstanceId: WATCHED_INSTANCE };
  const given = { Fleet: FLEET, ...subject, ...parameters };
  const key = JSON.stringify(given);
  const alarms = READ.get(key) ?? alarmsOf(readTemplate(TEMPLATE, given));
  READ.set(key, alarms);
  return alarms;
}

const READ = new Map<string, Alarms>();

/** Records every scenario from the embedded instance, side by side. */
export async function recordAll(): Promise<Recordings> {
  const recorded = await Promise.all(
    SCENARIOS.map(async ({ id }) => [id, await recordScenario(id)] as const),
  );
  return Object.fromEntries(recorded) as Recordings;
}

const HOUR = 3600;
const VALIDITY = 6 * HOUR;
/** A Monday, at midnight. */
export const EPOCH = Date.UTC(2026, 0, 5) / 1000;

/** Renewed hourly, valid for six hours. `phase`: this instance's minute of the hour, from 0 to 1. */
export function hourly(phase: number): (now: number) => VirtualCredentials {
  return (now) => {
    const lastUpdated = Math.floor((now - phase * HOUR) / HOUR) * HOUR + phase * HOUR;
    return { key: `ASIA…${Math.round(lastUpdated)}`, lastUpdated, expiration: lastUpdated + VALIDITY };
  };
}

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** Whether instances with it can't use their role, or soon can't. */
  readonly critical: boolean;
  /** Whether it takes away the metrics themselves, so that only silence tells. */
  readonly silent: boolean;
  /** What is true of the instance with the fault; null: its agent is dead. `healthy` is what would be otherwise. */
  readonly stage: (now: number, faultAt: number, healthy: Stage, restarted: boolean) => Stage | null;
}

const REFUSALS: Partial<Record<ScenarioId, CloudWatchRefusal>> = {
  'cloudwatch-down': { reason: 'network', code: 'refused' },
  'cloudwatch-expired-token': { reason: 'credentials', code: 'ExpiredToken' },
};

/** Credentials that end at this moment, and nothing newer comes. */
const ending = (expiration: number): VirtualCredentials => ({
  key: 'ASIA…LAST',
  lastUpdated: expiration - VALIDITY,
  expiration,
});

/** Every scenario of the simulator, and what no box can be: faults that take their time. */
export function faults(recordings: Recordings): readonly Fault[] {
  const scenarios = SCENARIOS.filter(({ id }) => id !== 'healthy').map(({ id, title }): Fault => {
    const refusal = REFUSALS[id];
    const { cold } = recordings[id];
    return {
      id,
      title,
      critical: CRITICAL.has(id),
      silent: refusal !== undefined,
      stage: (_now, faultAt, healthy, restarted) => ({
        snapshot: snapshotOf(recordings, id, restarted),
        credentials:
          id === 'expiring'
            ? ending(faultAt + 240)
            : id === 'expired'
              ? ending(faultAt - 1200)
              : healthy.credentials,
        slowSeconds: id === 'skewed-clock' ? offsetSeconds(cold) : 0,
        cloudWatch: refusal ?? 'accepts',
      }),
    };
  });
  return [
    ...scenarios,
    {
      id: 'link-local-drops',
      title: 'the network card drops packets to metadata, DNS and time, forty a minute',
      critical: false,
      silent: false,
      stage: (_now, _faultAt, healthy) => ({
        ...healthy,
        snapshot: { ...healthy.snapshot, ...linkLocal(40) },
      }),
    },
    {
      id: 'agent-dead',
      title: 'the agent is killed and does not come back',
      critical: true,
      silent: true,
      stage: () => null,
    },
  ];
}

const CRITICAL: ReadonlySet<string> = new Set([
  'expiring',
  'expired',
  'no-role',
  'role-not-assumable',
  'throttled-hard',
  'hop-limit',
  'disabled',
  'unreachable',
  'malformed',
  'skewed-clock',
]);

/** The hop limit shows when the next token is due, which an agent that starts asks for at once. */
const snapshotOf = (recordings: Recordings, id: ScenarioId, restarted: boolean) =>
  restarted || id === 'hop-limit' ? recordings[id].cold : recordings[id].warm;

function offsetSeconds(snapshot: Recorded['cold']): number {
  const offset = snapshot['clock-offset'];
  return offset?.ok ? offset.value.offsetMs / 1000 : 0;
}

/** What the driver of the network card counts; boxes have none. */
function linkLocal(growth: number): Pick<Recorded['cold'], 'link-local'> {
  const value = { total: growth, growth, interfaces: [{ name: 'eth0', dropped: growth }], detail: null };
  return { 'link-local': { ok: true, tookMs: 3, attempts: 1, value } };
}

export function healthyStage(recordings: Recordings, credentials: VirtualCredentials): Stage {
  return {
    snapshot: { ...recordings.healthy.warm, ...linkLocal(0) },
    credentials,
    slowSeconds: 0,
    cloudWatch: 'accepts',
  };
}

export interface Timing {
  /** Seconds from one minute to the fault; the sick instance's second of the minute; its place in the flush interval. */
  readonly faultSecond: number;
  readonly offset: number;
  readonly phase: number;
}

/** Timings spread evenly over their three ranges (Halton's sequence). */
export function timings(count: number): readonly Timing[] {
  const halton = (index: number, base: number): number => {
    let [result, fraction, rest] = [0, 1 / base, index];
    for (; rest > 0; rest = Math.floor(rest / base), fraction /= base) result += fraction * (rest % base);
    return result;
  };
  return Array.from({ length: count }, (_, index) => ({
    faultSecond: Math.floor(halton(index + 1, 2) * 60),
    offset: halton(index + 1, 3) * 60,
    phase: halton(index + 1, 5),
  }));
}

export interface DrillCase {
  readonly fault: Fault;
  readonly watched: Watched;
  /** The agent starts anew with the fault: nothing is left to sign with, unless the fault leaves credentials. */
  readonly restarted: boolean;
  readonly timing: Timing;
  readonly assumptions?: Assumptions;
}

/** Minutes from the fault until each alarm, by the end of its name; those that stayed silent are absent. */
export type Told = Readonly<Record<string, number>>;

export interface Drilled {
  readonly told: Told;
  /** Alarms that told more than once of the one fault. */
  readonly flapped: readonly string[];
}

/** Healthy for half an hour, then the fault for as long. */
const WARM_UP = 30 * 60;
const WATCHED_FOR = 40 * 60;
const COMPANIONS = 5;

export async function drill(recordings: Recordings, config: Config, drillCase: DrillCase): Promise<Drilled> {
  const { fault, watched, restarted, timing, assumptions } = drillCase;
  const faultAt = EPOCH + WARM_UP + timing.faultSecond;
  const renewed = hourly(timing.phase / 3);
  const sick: RunInstance = {
    id: WATCHED_INSTANCE,
    offset: timing.offset,
    phase: timing.phase,
    ...(restarted ? { restarts: [faultAt] } : {}),
    stage: (now) => {
      const healthy = healthyStage(recordings, renewed(now));
      return now < faultAt ? healthy : fault.stage(now, faultAt, healthy, restarted);
    },
  };
  const companions = Array.from({ length: watched === 'fleet' ? COMPANIONS : 0 }, (_, index): RunInstance => {
    const own = hourly(index / COMPANIONS);
    return {
      id: `i-companion${index}`,
      offset: (timing.offset + 7 + index * 11) % 60,
      phase: (timing.phase + index / COMPANIONS) % 1,
      stage: (now) => healthyStage(recordings, own(now)),
    };
  });
  const transitions = await runAlarms({
    config,
    alarms: templateAlarms(watched),
    namespace: config.namespace,
    fleet: FLEET,
    instances: [sick, ...companions],
    from: EPOCH,
    to: EPOCH + WARM_UP + WATCHED_FOR,
    inService: () => ({ count: companions.length + 1 }),
    ...(assumptions === undefined ? {} : { assumptions }),
  });
  return { told: toldOf(transitions, faultAt), flapped: flappedOf(transitions) };
}

/**
 * EC2 stops renewing credentials that were renewed at the start and are valid for six hours: minutes from then until
 * each alarm, over seven hours.
 */
export async function renewalStops(recordings: Recordings, config: Config): Promise<Told> {
  const credentials = ending(EPOCH + VALIDITY);
  const transitions = await runAlarms({
    config,
    alarms: templateAlarms('instance'),
    namespace: config.namespace,
    fleet: FLEET,
    instances: [
      { id: WATCHED_INSTANCE, offset: 30, phase: 0.5, stage: () => healthyStage(recordings, credentials) },
    ],
    from: EPOCH,
    to: EPOCH + VALIDITY + HOUR,
    inService: () => ({ count: 1 }),
  });
  return toldOf(transitions, EPOCH);
}

export const shortName = (alarm: string): string => alarm.replace(`imds-probe-${FLEET}-`, '');

function toldOf(transitions: readonly Transition[], faultAt: number): Told {
  const told: Record<string, number> = {};
  for (const { at, alarm, state } of transitions) {
    if (state !== 'ALARM') continue;
    if (at < faultAt) throw new Error(`${alarm} was in ALARM before the fault`);
    told[shortName(alarm)] ??= (at - faultAt) / 60;
  }
  return told;
}

function flappedOf(transitions: readonly Transition[]): readonly string[] {
  const raised = transitions.filter(({ state }) => state === 'ALARM').map(({ alarm }) => shortName(alarm));
  return [...new Set(raised.filter((alarm, index) => raised.indexOf(alarm) !== index))];
}

/** The worst of several: the longest time to each alarm; an alarm that any of them went without is absent. */
export function worst(all: readonly Told[]): Told {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first)
      .filter(([alarm]) => others.every((told) => alarm in told))
      .map(([alarm, minutes]) => [alarm, Math.max(minutes, ...others.map((told) => told[alarm] ?? 0))]),
  );
}

export { defaultConfig };
