// The whole drill, and its tables for deploy/README.md: which fault raises which alarm, and when.
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

export async function wholeDrill(options: DrillOptions): Promise<DrillResult> {
  const recordings = await recordAll();
  const config = defaultConfig();
  const rows: FaultRow[] = [];
  for (const fault of faults(recordings)) {
    options.say(`fault ${fault.id}`);
    const flapped = new Set<string>();
    const told = async (restarted: boolean): Promise<Told> => {
      const all: Told[] = [];
      for (const watched of ['instance', 'fleet'] satisfies DrillCase['watched'][]) {
        for (const timing of timings(options.timings)) {
          const drilled = await drill(recordings, config, { fault, watched, restarted, timing });
          all.push(drilled.told);
          for (const alarm of drilled.flapped) flapped.add(alarm);
        }
      }
      return worst(all);
    };
    const [running, restarted] = [await told(false), await told(true)];
    rows.push({ fault, running, restarted, flapped: [...flapped] });
  }
  options.say('renewal stops');
  const renewal = await renewalStops(recordings, config);
  const months: MonthRow[] = [];
  for (const [title, month, mayTell] of monthsOf(options.days)) {
    options.say(title);
    months.push({ title, days: month.days, told: await toldIn(recordings, month), mayTell });
  }
  return { rows, renewal, months, timings: options.timings };
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
