// The whole drill, and its tables for deploy/README.md: which fault raises which alarm, and when.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import {
  type DrillCase,
  defaultConfig,
  drill,
  type Fault,
  faults,
  type Recordings,
  recordAll,
  renewalStops,
  shortName,
  type Told,
  templateAlarms,
  timings,
  worst,
} from './alarm-drill.ts';
import { healthyMonth, type Month } from './healthy-month.ts';

/** Targets of the drill, in minutes. */
export const TARGETS = { signing: 5, silent: 15 } as const;

export interface FaultRow {
  readonly fault: Fault;
  /** Minutes to each alarm at worst, over timings, alone and in a fleet; with a credential that signs, and without. */
  readonly running: Told;
  readonly restarted: Told;
  /** Alarms that told more than once of the one fault. */
  readonly flapped: readonly string[];
}

export interface MonthRow {
  readonly title: string;
  readonly days: number;
  /** How often somebody was told, by alarm. */
  readonly told: Readonly<Record<string, number>>;
  /** Whether somebody may be told: where the thresholds do not fit how late EC2 renews here. */
  readonly mayTell: readonly string[];
}

export interface DrillResult {
  readonly rows: readonly FaultRow[];
  readonly renewal: Told;
  readonly months: readonly MonthRow[];
  /** Timings per fault, watched and kind of start. */
  readonly timings: number;
}

export interface DrillOptions {
  readonly timings: number;
  readonly days: number;
  readonly say: (text: string) => void;
}

/** The drill as deploy/README.md shows it. */
export const WHOLE = { days: 30, timings: 24 } as const;

/** A part that can be drilled by itself. */
export type DrillPart =
  | { readonly kind: 'fault'; readonly index: number }
  | { readonly kind: 'renewal' }
  | { readonly kind: 'month'; readonly index: number };

/** What comes of one, as data; `flapped` of a fault only, `restarted` likewise. */
export interface PartResult {
  readonly told: Told;
  readonly restarted: Told;
  readonly flapped: readonly string[];
}

/** What a worker is given of the drill's options. */
export type DrillSize = Pick<DrillOptions, 'timings' | 'days'>;

/** All parts, side by side on all processors: the result does not depend on which worker took which. */
export async function wholeDrill(options: DrillOptions): Promise<DrillResult> {
  const { timings, days } = options;
  const recordings = await recordAll();
  const all = faults(recordings);
  const planned = monthsOf(days);
  const parts: readonly DrillPart[] = [
    // The longest first, so that none is alone at the end.
    ...planned.map((_, index) => ({ kind: 'month', index }) as const),
    { kind: 'renewal' },
    ...all.map((_, index) => ({ kind: 'fault', index }) as const),
  ];
  const results = await inWorkers(recordings, { timings, days }, parts, options.say);
  const of = (wanted: DrillPart): PartResult => {
    const result = results.get(JSON.stringify(wanted));
    if (result === undefined) throw new Error(`nobody drilled ${JSON.stringify(wanted)}`);
    return result;
  };
  return {
    rows: all.map((fault, index) => {
      const { told, restarted, flapped } = of({ kind: 'fault', index });
      return { fault, running: told, restarted, flapped };
    }),
    renewal: of({ kind: 'renewal' }).told,
    months: planned.map(([title, , mayTell], index) => {
      return { title, days, told: of({ kind: 'month', index }).told, mayTell };
    }),
    timings,
  };
}

async function inWorkers(
  recordings: Recordings,
  size: DrillSize,
  parts: readonly DrillPart[],
  say: DrillOptions['say'],
): Promise<ReadonlyMap<string, PartResult>> {
  const results = new Map<string, PartResult>();
  const waiting = [...parts];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('drill-worker.ts', import.meta.url), {
      workerData: { recordings, size },
      execArgv: ['--no-warnings'],
    });
    try {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
        say(Object.values(part).join(' '));
        worker.postMessage(part);
        // An error in the worker rejects this.
        const [result] = (await once(worker, 'message')) as [PartResult];
        results.set(JSON.stringify(part), result);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

/** Drills one part. What comes of it depends on nothing but these. */
export async function drillPart(
  recordings: Recordings,
  { timings: count, days }: DrillSize,
  part: DrillPart,
): Promise<PartResult> {
  const config = defaultConfig();
  if (part.kind === 'renewal')
    return { told: await renewalStops(recordings, config), restarted: {}, flapped: [] };
  if (part.kind === 'month') {
    const [, month] = monthsOf(days)[part.index] ?? [];
    if (month === undefined) throw new Error(`there is no month ${part.index}`);
    return { told: await toldIn(recordings, month), restarted: {}, flapped: [] };
  }
  const fault = faults(recordings)[part.index];
  if (fault === undefined) throw new Error(`there is no fault ${part.index}`);
  const flapped = new Set<string>();
  const told = async (restarted: boolean): Promise<Told> => {
    const all: Told[] = [];
    for (const watched of ['instance', 'fleet'] satisfies DrillCase['watched'][]) {
      for (const timing of timings(count)) {
        const drilled = await drill(recordings, config, { fault, watched, restarted, timing });
        all.push(drilled.told);
        for (const alarm of drilled.flapped) flapped.add(alarm);
      }
    }
    return worst(all);
  };
  return { told: await told(false), restarted: await told(true), flapped: [...flapped] };
}

function monthsOf(days: number): readonly (readonly [string, Month, readonly string[]])[] {
  const base = { days, outageAtHours: (days * 24) / 2 };
  const alone = { ...base, watched: 'instance', instances: 1 } as const;
  const fleet = { ...base, watched: 'fleet', instances: 6 } as const;
  const late = { ExpiryTicketSeconds: 300, CredentialAgeSeconds: 21_600 };
  return [
    [
      'one instance, renewed hourly',
      { ...alone, rotation: 'hourly', alarms: templateAlarms('instance') },
      [],
    ],
    [
      'a fleet of six, renewed hourly, one instance replaced a day',
      { ...fleet, rotation: 'hourly', alarms: templateAlarms('fleet') },
      [],
    ],
    [
      'one instance, renewed as late as EC2 promises (five minutes before the end)',
      { ...alone, rotation: 'at-the-last', alarms: templateAlarms('instance') },
      ['credential-age', 'expiry-ticket'],
    ],
    [
      'the same with ExpiryTicketSeconds=300 and CredentialAgeSeconds=21600',
      { ...alone, rotation: 'at-the-last', alarms: templateAlarms('instance', late) },
      [],
    ],
  ];
}

async function toldIn(recordings: Recordings, month: Month): Promise<MonthRow['told']> {
  const told: Record<string, number> = {};
  for (const { alarm, tells } of await healthyMonth(recordings, defaultConfig(), month)) {
    if (tells) told[shortName(alarm)] = (told[shortName(alarm)] ?? 0) + 1;
  }
  return told;
}

/** What was not met; none where all is well. */
export function shortfalls({ rows, months }: DrillResult): readonly string[] {
  const missed: string[] = [];
  const hold = (id: string, how: string, told: Told, within: number) => {
    const minutes = told['page'] ?? Number.POSITIVE_INFINITY;
    if (minutes > within) missed.push(`${id}, ${how}: a page after ${minutes} minutes instead of ${within}`);
  };
  for (const { fault, running, restarted, flapped } of rows) {
    for (const alarm of flapped) missed.push(`${fault.id}: ${alarm} tells of it again and again`);
    if (!fault.critical) continue;
    hold(fault.id, 'running', running, fault.silent ? TARGETS.silent : TARGETS.signing);
    hold(fault.id, 'restarted', restarted, TARGETS.silent);
  }
  for (const { title, told, mayTell } of months) {
    for (const [alarm, times] of Object.entries(told))
      if (!mayTell.includes(alarm)) missed.push(`${title}: ${alarm} ${times} times`);
  }
  return missed;
}

/** Which of the alarms a composite counts. */
const PAGED_BY = ['expiry-page', 'critical', 'heartbeat'];

/** The tables as Markdown. */
export function drillMarkdown({ rows, renewal, months, timings: count }: DrillResult): string {
  const page = (told: Told): string => {
    const minutes = told['page'];
    if (minutes === undefined) return '–';
    const by = PAGED_BY.filter((alarm) => (told[alarm] ?? Number.POSITIVE_INFINITY) <= minutes);
    return `${minutes.toFixed(1)} (${by.join(', ')})`;
  };
  const tickets = (told: Told): string =>
    Object.entries(told)
      .filter(([alarm]) => alarm !== 'page' && !PAGED_BY.includes(alarm))
      .map(([alarm, minutes]) => `${alarm} ${minutes.toFixed(1)}`)
      .join(', ') || '–';
  const clock = (minutes: number): string =>
    `${Math.floor(minutes / 60)}:${String(Math.round(minutes % 60)).padStart(2, '0')}`;
  return [
    `Minutes from the fault to the page at worst, over ${count} timings of fault, cycle and delivery, on one instance and on one of a fleet of six. *Signs*: the agent runs on and a credential it has read before still signs. *Silent*: it starts anew with the fault, and only silence tells.`,
    '',
    '| fault | page, signs | page, silent | tickets, signs |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ fault, running, restarted }) => {
      const first = fault.silent ? '–' : page(running);
      // What it still signs with may be the fault's own: then the fault tells of itself, and not silence.
      const signsAnyway = restarted['page'] !== undefined && restarted['page'] !== restarted['heartbeat'];
      const second = signsAnyway ? 'still signs' : page(restarted);
      return `| \`${fault.id}\`: ${fault.title} | ${first} | ${second} | ${tickets(running)} |`;
    }),
    '',
    `EC2 stops renewing, hours after the last renewal (the end is at 6:00): ${Object.entries(renewal)
      .sort(([, a], [, b]) => a - b)
      .map(([alarm, minutes]) => `${alarm} ${clock(minutes)}`)
      .join(', ')}.`,
    '',
    'Healthy months: throttled about once an hour, slow twice, one delivery in a thousand fails, CloudWatch refuses everybody for four minutes a day and is away once for two hours.',
    '',
    '| month | days | told |',
    '| --- | --- | --- |',
    ...months.map(({ title, days, told }) => {
      const times = Object.entries(told).map(([alarm, number]) => `${alarm} ${number}×`);
      return `| ${title} | ${days} | ${times.join(', ') || 'nobody'} |`;
    }),
  ].join('\n');
}
