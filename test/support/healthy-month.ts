// A month in which nothing is wrong and a lot happens: rotations, blips, instances that come and go, CloudWatch away.
import type { Config } from '../../src/config/config.ts';
import { EPOCH, FLEET, healthyStage, hourly, type Recordings, type Watched } from './alarm-drill.ts';
import type { Assumptions } from './alarm-evaluator.ts';
import { type RunInstance, runAlarms, type Transition, WATCHED_INSTANCE } from './alarm-run.ts';
import type { Alarms } from './cloudformation.ts';
import type { Stage, VirtualCredentials } from './virtual-agent.ts';

const DAY = 86_400;
const HOUR = 3600;

export interface Month {
  readonly watched: Watched;
  readonly alarms: Alarms;
  readonly days: number;
  /** Alone: 1. */
  readonly instances: number;
  /**
   * `hourly`: as EC2 does (boto/botocore#2670). `at-the-last`: as late as it promises, five minutes before the end,
   * once in almost six hours.
   */
  readonly rotation: 'hourly' | 'at-the-last';
  /** Hours after the start at which CloudWatch is away for two hours: for everybody, AWS's own services included. */
  readonly outageAtHours: number | null;
  /** Minutes after the outage at which AWS's own metrics of that time are there; left out: never. */
  readonly backfillMinutes?: number;
  readonly assumptions?: Assumptions;
}

const OUTAGE_SECONDS = 2 * HOUR;
/** One cycle in an hour or so is throttled twice and recovers; one in half an hour is slow; one delivery in a thousand fails. */
const CHANCES = { throttled: 1 / 60, slow: 1 / 30, refused: 1 / 1000 } as const;
/** Once a day CloudWatch refuses every agent for so long, though AWS's own metrics go on. */
const BROWNOUT_SECONDS = 4 * 60;
const brownout = (at: number): boolean =>
  (at - EPOCH - 10 * HOUR) % DAY < BROWNOUT_SECONDS && at > EPOCH + 10 * HOUR;
/** In a fleet one instance a day is replaced: in service two minutes after the old one is gone, heard after five more. */
const GONE_SECONDS = 120;
const BOOT_SECONDS = 300;

/** Every change of state of every alarm, over the month. */
export async function healthyMonth(
  recordings: Recordings,
  config: Config,
  month: Month,
): Promise<readonly Transition[]> {
  const to = EPOCH + month.days * DAY;
  const outage = month.outageAtHours === null ? null : EPOCH + month.outageAtHours * HOUR;
  const away = (at: number): boolean => outage !== null && at >= outage && at < outage + OUTAGE_SECONDS;
  const lives = livesOf(month);
  const instances = lives.map(({ from, until }, index): RunInstance => {
    const phase = chance('phase', index);
    const credentials = month.rotation === 'hourly' ? hourly(phase) : atTheLast(phase);
    return {
      id: index === 0 ? WATCHED_INSTANCE : `i-${index}`,
      // The first one beats on the edge of a minute: some of its beats fall into the next.
      offset: index === 0 ? 59.6 : chance('offset', index) * 59,
      phase,
      stage: (now) => {
        if (now < from + BOOT_SECONDS || now >= until) return null;
        return stageAt(recordings, credentials(now), away(now) || brownout(now), (what) =>
          chance(what, index, Math.floor(now / 60)),
        );
      },
    };
  });
  return runAlarms({
    config,
    alarms: month.alarms,
    namespace: config.namespace,
    fleet: FLEET,
    instances,
    from: EPOCH,
    to,
    inService: (minute) => {
      const count = lives.filter(({ from, until }) => minute >= from && minute < until).length;
      if (outage === null || !away(minute)) return { count };
      if (month.backfillMinutes === undefined) return null;
      const lateSeconds = outage + OUTAGE_SECONDS + month.backfillMinutes * 60 - minute - 60;
      return { count, lateSeconds };
    },
    ...(month.assumptions === undefined ? {} : { assumptions: month.assumptions }),
  });
}

function stageAt(
  recordings: Recordings,
  credentials: VirtualCredentials,
  away: boolean,
  luck: (what: keyof typeof CHANCES) => number,
): Stage {
  const healthy = healthyStage(recordings, credentials);
  const scenario =
    luck('throttled') < CHANCES.throttled ? 'throttled' : luck('slow') < CHANCES.slow ? 'slow' : 'healthy';
  const refused = away || luck('refused') < CHANCES.refused;
  return {
    ...healthy,
    snapshot: recordings[scenario].warm,
    cloudWatch: refused ? { reason: 'server', code: 'InternalFailure' } : 'accepts',
  };
}

interface Life {
  readonly from: number;
  readonly until: number;
}

/** The first instance stays; of the others one a day is replaced. */
function livesOf({ instances, days }: Month): readonly Life[] {
  const lives: Life[] = [{ from: EPOCH - BOOT_SECONDS, until: Number.POSITIVE_INFINITY }];
  for (let place = 1; place < instances; place++) {
    let from = EPOCH - BOOT_SECONDS;
    for (let day = place - 0.5; day < days; day += instances - 1) {
      const gone = EPOCH + Math.floor(day * DAY + chance('gone', place) * HOUR);
      lives.push({ from, until: gone });
      from = gone + GONE_SECONDS;
    }
    lives.push({ from, until: Number.POSITIVE_INFINITY });
  }
  return lives;
}

function atTheLast(phase: number): (now: number) => VirtualCredentials {
  const validity = 6 * HOUR;
  const every = validity - 300 - 15;
  return (now) => {
    const lastUpdated = Math.floor((now - phase * every) / every) * every + phase * every;
    return { key: `ASIA…${Math.round(lastUpdated)}`, lastUpdated, expiration: lastUpdated + validity };
  };
}

/** Chance that is the same in every run: from 0 to 1, by what it is about (FNV-1a, then mixed). */
function chance(what: string, ...numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const char of `${what} ${numbers.join(' ')}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 2 ** 32;
}
