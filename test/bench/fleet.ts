// npm run bench:fleet: a fleet over a day in virtual time, with an outage of CloudWatch and sick instances: how evenly it
// asks, what it costs, and how soon something critical is told. The table goes into deploy/README.md with --write.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type AgentDay, runAgentDay, SICK_SECONDS, type Sick, type Sickness } from './fleet-agent.ts';
import { type Day, healthyRequests, type Place } from './fleet-day.ts';
import {
  DAYS_A_MONTH,
  dollarsForMetrics,
  dollarsForRequests,
  dollarsPerInstanceEveryMinute,
} from './prices.ts';
import type { Section } from './section.ts';

const HOUR = 3_600;
export const A_DAY: Day = {
  seconds: 24 * HOUR,
  intervalS: 60,
  flushS: 300,
  outage: { fromS: 10 * HOUR, toS: 12 * HOUR },
};
const SICK_SHARE = 0.01;
const KINDS: readonly Sickness[] = ['expiring', 'imds-lost', 'slow'];
/** Healthy agents that the real publisher runs as well, to hold the arithmetic to it. */
const HELD_TO = 12;
/** After the outage, until every agent has had its place in the interval; what is counted as recovery. */
const RECOVERY_S = 2 * A_DAY.flushS;

/** mulberry32: the same fleet every time. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Load {
  /** Requests a second. */
  readonly mean: number;
  readonly peakSecond: number;
  /** Of any ten seconds that follow each other, a second of them. */
  readonly busiestTen: number;
}

export interface FleetDay {
  readonly instances: number;
  readonly sick: number;
  readonly requests: number;
  readonly steady: Load;
  readonly outage: Load;
  readonly recovery: Load;
  readonly metrics: number;
  readonly instanceMetricHours: number;
  readonly dollarsAMonth: number;
  readonly dollarsPerInstance: number;
  /** Seconds until CloudWatch had the first critical datum, where it answered: median and worst. */
  readonly criticalDelay: { readonly count: number; readonly median: number; readonly worst: number } | null;
  readonly lost: number;
}

/** How many metrics a healthy cycle has, by the real projection. */
async function metricsPerCycle(day: Day): Promise<number> {
  const one = await runAgentDay({ beatPhase: 0, flushPhase: 0 }, { ...day, seconds: 1 }, null);
  return one.waiting + one.accepted;
}

export async function runFleetDay(instances: number, seed = 1, day: Day = A_DAY): Promise<FleetDay> {
  const random = chance(seed);
  const perCycle = await metricsPerCycle(day);
  const perSecond = new Uint32Array(day.seconds);
  const count = (times: readonly number[]): void => {
    for (const time of times) perSecond[Math.floor(time)] = (perSecond[Math.floor(time)] ?? 0) + 1;
  };
  const sickDays: AgentDay[] = [];
  const heldHours: number[] = [];
  for (let index = 0; index < instances; index++) {
    const place: Place = { beatPhase: random(), flushPhase: random() };
    if (index < Math.floor(instances * SICK_SHARE)) {
      const kind = KINDS[index % KINDS.length] ?? 'slow';
      const sick: Sick = { kind, fromS: random() * (day.seconds - SICK_SECONDS - HOUR) };
      const agent = await runAgentDay(place, day, sick);
      sickDays.push(agent);
      count(agent.requests);
      continue;
    }
    const requests = healthyRequests(place, day, perCycle);
    count(requests);
    if (heldHours.length < HELD_TO) {
      const real = await runAgentDay(place, day, null);
      heldHours.push(real.instanceMetricHours);
      if (JSON.stringify(real.requests) !== JSON.stringify(requests))
        throw new Error('the arithmetic for healthy agents is not what the publisher does');
    }
  }
  const well = instances - sickDays.length;
  const outageMetricHours = well * (heldHours.reduce((sum, hours) => sum + hours, 0) / heldHours.length);
  return summaryOf(instances, perCycle, perSecond, sickDays, outageMetricHours, day);
}

function summaryOf(
  instances: number,
  metrics: number,
  perSecond: Uint32Array,
  sickDays: readonly AgentDay[],
  outageMetricHours: number,
  day: Day,
): FleetDay {
  const { fromS, toS } = day.outage;
  const requests = perSecond.reduce((sum, count) => sum + count, 0);
  const instanceMetricHours = sickDays.reduce((sum, agent) => sum + agent.instanceMetricHours, 0);
  const delays = sickDays
    .flatMap(({ criticalDelays }) => criticalDelays)
    .filter(({ raisedS }) => raisedS < fromS || raisedS >= toS)
    .map(({ delayS }) => delayS)
    .sort((a, b) => a - b);
  // What the fleet has in common is one series each, all day long. The outage, in which every instance has a warning and
  // so for an hour series of its own, comes once a month.
  const metricHours = (metrics * 24 + instanceMetricHours) * DAYS_A_MONTH + outageMetricHours;
  return {
    instances,
    sick: sickDays.length,
    requests,
    steady: loadOf([perSecond.subarray(day.flushS, fromS), perSecond.subarray(toS + RECOVERY_S)]),
    outage: loadOf([perSecond.subarray(fromS, toS)]),
    recovery: loadOf([perSecond.subarray(toS, toS + RECOVERY_S)]),
    metrics,
    instanceMetricHours,
    dollarsAMonth: dollarsForMetrics(metricHours) + dollarsForRequests(requests * DAYS_A_MONTH),
    dollarsPerInstance: dollarsPerInstanceEveryMinute(instances, metrics),
    criticalDelay:
      delays.length === 0
        ? null
        : {
            count: delays.length,
            median: delays[delays.length >> 1] ?? Number.NaN,
            worst: delays.at(-1) ?? Number.NaN,
          },
    lost: sickDays.reduce((sum, agent) => sum + agent.dropped, 0),
  };
}

export function loadOf(spans: readonly Uint32Array[]): Load {
  let [total, seconds, peakSecond, busiestTen] = [0, 0, 0, 0];
  for (const span of spans) {
    seconds += span.length;
    let ten = 0;
    for (const [second, count] of span.entries()) {
      total += count;
      ten += count - (span[second - 10] ?? 0);
      peakSecond = Math.max(peakSecond, count);
      if (second >= 9) busiestTen = Math.max(busiestTen, ten / 10);
    }
  }
  return { mean: total / seconds, peakSecond, busiestTen };
}

/** What has to hold for 10,000 instances; each sentence is a target that was missed. */
export function missedTargets(fleet: FleetDay, intervalS = A_DAY.intervalS): string[] {
  const missed: string[] = [];
  const hold = (held: boolean, what: string): void => {
    if (!held) missed.push(what);
  };
  const { outage, recovery, dollarsAMonth, criticalDelay, lost } = fleet;
  for (const [name, { mean, peakSecond, busiestTen }] of Object.entries({ steady: fleet.steady, outage })) {
    hold(
      peakSecond <= 2 * mean,
      `${name}: the peak second has ${peakSecond} requests, the mean ${mean.toFixed(1)}`,
    );
    hold(
      busiestTen <= 1.5 * mean,
      `${name}: ten seconds have ${busiestTen} a second, the mean ${mean.toFixed(1)}`,
    );
  }
  hold(recovery.peakSecond <= 500, `recovery: ${recovery.peakSecond} requests in a second`);
  hold(dollarsAMonth <= 1_000, `it costs $${dollarsAMonth.toFixed(0)} a month`);
  hold((criticalDelay?.worst ?? 0) <= intervalS, `critical took ${criticalDelay?.worst} s`);
  hold(criticalDelay !== null, 'nothing critical was told');
  hold(lost === 0, `${lost} metrics were lost`);
  return missed;
}

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const toldText = (delay: FleetDay['criticalDelay']): string => {
  if (delay === null) return '–';
  return delay.worst < 1 ? 'its own cycle' : `${number(delay.worst)} s`;
};

const COLUMNS: readonly (readonly [string, (fleet: FleetDay) => string])[] = [
  ['instances', ({ instances }) => number(instances)],
  ['requests a second: mean', ({ steady }) => number(steady.mean, steady.mean < 1 ? 4 : 1)],
  ['busiest ten seconds', ({ steady }) => number(steady.busiestTen, 1)],
  ['peak second', ({ steady }) => number(steady.peakSecond)],
  ['in the outage', ({ outage }) => number(outage.peakSecond)],
  ['recovering from it', ({ recovery }) => number(recovery.peakSecond)],
  ['critical told with', ({ criticalDelay }) => toldText(criticalDelay)],
  ['a month', ({ dollarsAMonth }) => `$${number(dollarsAMonth, dollarsAMonth < 100 ? 2 : 0)}`],
  [
    'per-instance every minute',
    ({ dollarsPerInstance }) => `$${number(dollarsPerInstance, dollarsPerInstance < 100 ? 2 : 0)}`,
  ],
];

const titles = COLUMNS.map(([title]) => title);
const cellsOf = (fleet: FleetDay): string[] => COLUMNS.map(([, of]) => of(fleet));

/** The table of deploy/README.md. */
export function fleetMarkdown(fleets: readonly FleetDay[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---:')), ...fleets.map((fleet) => line(cellsOf(fleet)))].join(
    '\n',
  );
}

const README = path.resolve(import.meta.dirname, '../../deploy/README.md');
const [BEGIN, END] = ['<!-- fleet-table -->', '<!-- /fleet-table -->'];

function premises(fleets: readonly FleetDay[]): string {
  const [{ metrics, sick } = { metrics: 0, sick: 0 }] = fleets.slice(-1);
  return `One day in virtual time (\`npm run bench:fleet\`): every agent is started in the same second, CloudWatch is out for two hours, and one instance in a hundred (${number(sick)} of the largest fleet) is sick for two; a month has such sick instances every day, and one such outage. ${metrics} metrics a cycle, a cycle a minute, sent every five; peaks are the highest of the day. Prices are the list of us-east-1 without the free tier.`;
}

async function runFleets(say: (text: string) => void): Promise<FleetDay[]> {
  const fleets: FleetDay[] = [];
  for (const instances of [1, 100, 10_000]) {
    const started = performance.now();
    fleets.push(await runFleetDay(instances));
    say(`${number(instances)} instances over a day: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  return fleets;
}

/** Puts it between the markers of deploy/README.md. */
function writeTable(table: string): void {
  const text = readFileSync(README, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${README} has no place for the table`);
  writeFileSync(README, `${text.slice(0, from + BEGIN.length)}\n${table}\n${text.slice(to)}`);
}

const missedBy = (fleets: readonly FleetDay[]): string[] =>
  fleets.slice(-1).flatMap((fleet) => missedTargets(fleet));

/** As a part of `npm run bench`. */
export const fleet: Section = async ({ say }) => {
  const fleets = await runFleets(say);
  const missed = missedBy(fleets);
  return {
    tables: [
      {
        title: 'A fleet over a day',
        columns: titles,
        rows: fleets.map(cellsOf),
        notes: [premises(fleets), ...missed],
      },
    ],
    data: fleets,
    limits: [{ what: 'targets that the fleet misses', is: missed.length, atMost: 0 }],
  };
};

if (import.meta.main) {
  const fleets = await runFleets((text) => console.log(text));
  const text = `${premises(fleets)}\n\n${fleetMarkdown(fleets)}`;
  console.log(text);
  if (process.argv.includes('--write')) writeTable(text);
  const missed = missedBy(fleets);
  for (const what of missed) console.error(`missed: ${what}`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}
