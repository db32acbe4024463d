// Runs agents and the alarms that watch them through virtual time, a minute a step: who is told what, and when.
import type { Config } from '../../src/config/config.ts';
import type { Outbox } from '../../src/core/publishing.ts';
import { createMemoryOutbox } from '../../src/recorder/memory-outbox.ts';
import {
  type AlarmState,
  type Assumptions,
  compositeAlarmState,
  DOCUMENTED,
  metricAlarmState,
} from './alarm-evaluator.ts';
import type { Alarms } from './cloudformation.ts';
import { MetricStore } from './metric-store.ts';
import { createVirtualAgent, type Stage, type VirtualAgent } from './virtual-agent.ts';

/** An instance of the run. All times are epoch seconds of true time. */
export interface RunInstance {
  readonly id: string;
  /** Second of the minute in which its cycles begin, and its place in the flush interval. */
  readonly offset: number;
  readonly phase: number;
  /** What is true of it at this moment; null while its agent does not run. */
  readonly stage: (now: number) => Stage | null;
  /** When its agent starts anew: only its outbox is still there. */
  readonly restarts?: readonly number[];
}

export interface RunOptions {
  readonly config: Config;
  readonly alarms: Alarms;
  readonly namespace: string;
  readonly fleet: string;
  readonly instances: readonly RunInstance[];
  readonly from: number;
  readonly to: number;
  /**
   * What AWS itself publishes for the minute that begins here: how many are in service; null where it publishes nothing.
   * `lateSeconds` is how much later than usual CloudWatch has it.
   */
  readonly inService: (minute: number) => { readonly count: number; readonly lateSeconds?: number } | null;
  readonly assumptions?: Assumptions;
  /** Seconds until CloudWatch's alarms see what it has accepted, and what AWS publishes about the group. */
  readonly ingestSeconds?: number;
  readonly referenceSeconds?: number;
}

export interface Transition {
  readonly at: number;
  readonly alarm: string;
  readonly state: AlarmState;
  /** Whether somebody is told of ALARM. */
  readonly tells: boolean;
}

/** Names by which the run publishes what AWS knows; the template is resolved with the same. */
export const GROUP_NAME = 'web-group';
export const WATCHED_INSTANCE = 'i-0123456789abcdef0';

/**
 * Sixty seconds until a datum counts: CloudWatch is mostly faster, and says nothing binding. The metrics of AWS's own
 * services are a minute or two behind.
 */
const INGEST_SECONDS = 60;
const REFERENCE_SECONDS = 120;
/** The alarms are created when the agents have been running for so long. */
const ALARMS_AFTER_SECONDS = 25 * 60;

/** Every change of state of every alarm, in order. */
export async function runAlarms(options: RunOptions): Promise<readonly Transition[]> {
  const { config, alarms, from, to, instances, assumptions = DOCUMENTED } = options;
  const { ingestSeconds = INGEST_SECONDS, referenceSeconds = REFERENCE_SECONDS } = options;
  const store = new MetricStore();
  const clock = { now: from };
  const agents = new Map<string, VirtualAgent>();
  const outboxes = new Map<string, Outbox>();
  const states = new Map<string, AlarmState>();
  const transitions: Transition[] = [];
  const turn = (alarm: string, state: AlarmState, tells: boolean): void => {
    if (states.get(alarm) !== state && !(state === 'INSUFFICIENT_DATA' && !states.has(alarm)))
      transitions.push({ at: clock.now, alarm, state, tells: tells && state === 'ALARM' });
    states.set(alarm, state);
  };
  const byOffset = [...instances].sort((a, b) => a.offset - b.offset);

  for (let minute = from; minute < to; minute += 60) {
    for (const instance of byOffset) {
      clock.now = minute + instance.offset;
      const { now } = clock;
      if (instance.stage(now) === null) continue;
      const starts = instance.restarts?.some((at) => at <= now && at > now - 60) ?? false;
      const agent = (starts ? undefined : agents.get(instance.id)) ?? newAgent(instance);
      agents.set(instance.id, agent);
      await agent.cycle();
    }
    clock.now = minute + 60;
    const reference = options.inService(minute);
    if (reference !== null) {
      const { count, lateSeconds = 0 } = reference;
      publishReference(store, count, minute, minute + 60 + referenceSeconds + lateSeconds);
    }
    store.advance(clock.now);
    if (clock.now < from + ALARMS_AFTER_SECONDS) continue;
    for (const alarm of alarms.metric) {
      const before = states.get(alarm.name) ?? 'INSUFFICIENT_DATA';
      turn(
        alarm.name,
        metricAlarmState(alarm, store.lookup, clock.now, before, assumptions),
        alarm.actions.length > 0,
      );
    }
    for (const alarm of alarms.composite)
      turn(
        alarm.name,
        compositeAlarmState(alarm, (name) => states.get(name)),
        alarm.actions.length > 0,
      );
  }
  return transitions;

  function newAgent(instance: RunInstance): VirtualAgent {
    const outbox = outboxes.get(instance.id) ?? createMemoryOutbox();
    outboxes.set(instance.id, outbox);
    return createVirtualAgent({
      outbox,
      config,
      instanceId: instance.id,
      fleet: options.fleet,
      phase: instance.phase,
      now: () => clock.now,
      stage: () => {
        const stage = instance.stage(clock.now);
        if (stage === null) throw new Error(`${instance.id} does not run`);
        return stage;
      },
      accepted: (data) => {
        for (const { metric, timestamp } of data)
          store.put(options.namespace, metric, timestamp, clock.now + ingestSeconds);
      },
    });
  }
}

/** EC2 publishes status checks of an instance, Auto Scaling the counts of a group, once a minute each. */
function publishReference(store: MetricStore, count: number, minute: number, visibleAt: number): void {
  const one = (name: string, dimensions: Readonly<Record<string, string>>, value: number) => ({
    name,
    dimensions,
    values: [value],
    counts: [1],
  });
  store.put(
    'AWS/AutoScaling',
    one('GroupInServiceInstances', { AutoScalingGroupName: GROUP_NAME }, count),
    minute,
    visibleAt,
  );
  store.put('AWS/EC2', one('StatusCheckFailed', { InstanceId: WATCHED_INSTANCE }, 0), minute, visibleAt);
}
