// How each thing the agent tells reads in the journal: level, a sentence for people, stable fields for machines. Pure.
import type { AgentEvent } from '../core/agent-event.ts';
import type { Delivery } from '../core/publishing.ts';
import type { Finding, Severity } from '../core/report.ts';
import { withoutSecrets } from '../core/secrets.ts';
import { shownCommand, shownText } from '../core/text.ts';

/** One line before it is written. `event` and the names of the fields are stable; `msg` is for people. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of a trouble that may go on: what it is, so that it is said now and then only. */
  readonly trouble?: string;
}

/** What of the events before matters for the next one. Starts as `NOTHING_TOLD`. */
export interface Told {
  /** Status and findings of the cycle before. */
  readonly state: string;
  /** Deliveries in a row that failed. */
  readonly failing: number;
}

export const NOTHING_TOLD: Told = { state: '', failing: 0 };

type Of<T extends AgentEvent['type']> = Extract<AgentEvent, { type: T }>;

/** What is remembered once this event was told. */
export function remember(before: Told, event: AgentEvent): Told {
  if (event.type === 'cycle') return { ...before, state: stateOf(event) };
  if (event.type === 'published') return { ...before, failing: 0 };
  if (event.type === 'publish-failed') return { ...before, failing: Math.max(1, event.delivery.failures) };
  return before;
}

/** The line for an event, after what was told before. */
export function lineOf(event: AgentEvent, before: Told): Line {
  switch (event.type) {
    case 'started':
      return { level: 'info', msg: `imds-probe ${event.version} started`, fields: fieldsOf(event) };
    case 'cycle':
      // Where nothing has changed there is nothing to say.
      return {
        level: stateOf(event) === before.state ? 'debug' : 'info',
        msg: cycleText(event),
        fields: fieldsOf(event),
      };
    case 'raised':
    case 'changed':
      return findingLine(event.finding);
    case 'cleared':
      return clearedLine(event.finding);
    case 'published':
      return publishedLine(event.delivery, before.failing);
    case 'publish-failed':
      return failedLine(event.delivery);
    case 'imds':
      return { level: 'warn', msg: event.detail, fields: { detail: event.detail }, trouble: event.about };
    case 'trouble':
      return {
        level: 'warn',
        msg: `${event.what}: ${event.detail}`,
        fields: fieldsOf(event),
        trouble: event.what,
      };
    case 'recovered':
      return { level: 'info', msg: `${event.what} is over: ${event.detail}`, fields: fieldsOf(event) };
    case 'reloaded':
      return { level: 'info', msg: reloadedText(event), fields: fieldsOf(event) };
    case 'defect':
      return {
        level: 'error',
        msg: `a defect in imds-probe itself, please report it: ${event.detail}`,
        fields: fieldsOf(event),
        trouble: event.detail,
      };
    case 'stopping':
      return { level: 'info', msg: `stopping: ${event.reason}`, fields: fieldsOf(event) };
    case 'stopped':
      return { level: 'info', msg: stoppedText(event), fields: fieldsOf(event) };
  }
}

function fieldsOf(event: AgentEvent): Readonly<Record<string, unknown>> {
  const { type: _type, ...fields } = event;
  return fields;
}

const reloadedText = ({ changed }: Of<'reloaded'>): string =>
  `configuration read again; ${changed.length === 0 ? 'nothing' : changed.join(', ')} changed`;

const stateOf = ({ status, findings }: Of<'cycle'>): string => [status, ...findings].join(' ');

function cycleText({ status, findings }: Of<'cycle'>): string {
  return findings.length === 0
    ? `this instance is ${status}`
    : `this instance is ${status}: ${findings.join(', ')}`;
}

function stoppedText({ pending }: Of<'stopped'>): string {
  return pending === 0 ? 'stopped; every metric was sent' : `stopped; ${pending} metrics were not sent`;
}

const LEVELS: Readonly<Record<Severity, Line['level']>> = {
  critical: 'error',
  warning: 'warn',
  info: 'info',
};

function findingLine({ id, severity, title, cause, evidence, fix, reference }: Finding): Line {
  const command = fix.find((step) => step.command !== undefined)?.command;
  return {
    level: LEVELS[severity],
    msg: `${severity} ${id}: ${cause}`,
    fields: {
      finding: id,
      severity,
      title,
      cause,
      fix: fix[0]?.text ?? null,
      command: command ?? null,
      reference,
      evidence,
    },
  };
}

function clearedLine({ id, severity, title }: Finding): Line {
  return { level: 'info', msg: `cleared ${id}: ${title}`, fields: { finding: id, severity, title } };
}

function publishedLine(delivery: Delivery, failing: number): Line {
  const { accepted, pending, rejected, failure } = delivery;
  const why = failure === null ? '' : ` (${failure.code})`;
  const aside = rejected === 0 ? '' : `, ${rejected} can never be taken${why}`;
  const recovered = failing === 0 ? {} : { afterFailures: failing };
  return {
    level: rejected > 0 ? 'warn' : failing > 0 ? 'info' : 'debug',
    msg: `CloudWatch took ${accepted} metrics${aside}; ${pending} wait`,
    fields: { ...deliveryFields(delivery), ...recovered },
  };
}

function failedLine(delivery: Delivery): Line {
  const { failure, pending } = delivery;
  const why = failure === null ? 'no reason was given' : `${failure.code}: ${failure.detail}`;
  return {
    level: 'warn',
    msg: `CloudWatch did not take the metrics: ${why}; ${pending} are kept and sent later`,
    fields: deliveryFields(delivery),
    trouble: failure?.code ?? '',
  };
}

function deliveryFields({ failure, ...counts }: Delivery): Readonly<Record<string, unknown>> {
  return { ...counts, ...(failure === null ? {} : failure) };
}

/** journald splits at 48 KiB by default (LineMax=), and syslog relays cut at 8 KiB. */
const MAX_LINE = 7_500;
const MAX_TEXT = 500;
/** Most elements of an array, and fields of an object, that are written, and how deep. */
const MAX_MEMBERS = 30;
const MAX_DEPTH = 3;

/** Text as it may be written. What observations say is clean by contract; here that is kept, whatever happens. */
export const journalText = (text: string): string => shownText(withoutSecrets(text), MAX_TEXT);

/** Fields as they may be written: clean, and without the evidence where the line would be too long. */
export function journalFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const clean = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, cleanField(name, value)]),
  );
  if (JSON.stringify(clean).length <= MAX_LINE) return clean;
  const { evidence: _evidence, ...rest } = clean;
  return { ...rest, shortened: true };
}

function cleanField(name: string, value: unknown): unknown {
  // A command is to be pasted: never cut, its blanks kept. A page of AWS can look as random as a key, and is ours.
  if (name === 'command' && typeof value === 'string') return shownCommand(value);
  if (name === 'reference' && typeof value === 'string') return shownText(value, MAX_TEXT);
  return cleaned(value, 0);
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return journalText(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((member) => cleaned(member, depth + 1));
  const members = Object.entries(value).slice(0, MAX_MEMBERS);
  return Object.fromEntries(members.map(([name, member]) => [journalText(name), cleaned(member, depth + 1)]));
}
