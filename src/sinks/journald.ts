// Puts findings that come and go into the systemd journal as entries with fields, under message ids that never change.
import type { AgentEvent, TellAgentEvent } from '../core/agent-event.ts';
import type { Finding, Severity } from '../core/report.ts';
import { withoutSecrets } from '../core/secrets.ts';
import { shownCommand, shownText } from '../core/text.ts';
import { createChildLine } from './child.ts';

type FindingEvent = Extract<AgentEvent, { finding: Finding }>;

/** Stable for ever: filters, catalogues and alerts are written against them (systemd.journal-fields(7)). */
export const MESSAGE_IDS: Readonly<Record<FindingEvent['type'], string>> = {
  raised: 'fcc2611ed8e94667bfba96ea729b4023',
  changed: '7518ed9b32bb4390ab621e04935ae597',
  cleared: 'ede2fae24fc541d3ad973f2ad015610c',
};

export interface JournaldOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears, once, that it does not work. */
  readonly onTrouble: (detail: string) => void;
  /** What takes an entry on its standard input; `logger --journald` of util-linux unless told. */
  readonly command?: readonly [string, ...string[]];
}

export interface Journald {
  readonly tell: TellAgentEvent;
  /** Resolves when all is written. */
  idle(): Promise<void>;
}

/**
 * Null where this process does not write to a journal: systemd sets JOURNAL_STREAM where standard error does. The
 * program is started for each finding raised, changed or cleared, and for nothing else.
 */
export function createJournald({ env, onTrouble, command }: JournaldOptions): Journald | null {
  if ((env['JOURNAL_STREAM'] ?? '') === '') return null;
  let broken = false;
  const line = createChildLine({
    command: command ?? ['logger', '--journald'],
    env,
    onFailure: (why) => {
      if (!broken) onTrouble(`${shownText(why)}; findings are told on standard error only`);
      broken = true;
    },
  });
  return {
    tell: (event) => {
      if (!broken && 'finding' in event) line.run([], journalEntry(event));
    },
    idle: () => line.idle(),
  };
}

/** syslog(3) levels. What was cleared is a notice, whatever it was before. */
const PRIORITIES: Readonly<Record<Severity, number>> = { critical: 2, warning: 4, info: 6 };
const NOTICE = 5;

const MAX_TEXT = 1_000;

/** An entry as `logger --journald` reads it: one `NAME=value` a line. */
export function journalEntry({ type, finding }: FindingEvent): string {
  const { id, severity, title, cause, fix, reference } = finding;
  const command = fix.find((step) => step.command !== undefined)?.command;
  const fields: Readonly<Record<string, string | null | undefined>> = {
    MESSAGE_ID: MESSAGE_IDS[type],
    MESSAGE: type === 'cleared' ? `cleared ${id}: ${title}` : `${severity} ${id}: ${cause}`,
    PRIORITY: String(type === 'cleared' ? NOTICE : PRIORITIES[severity]),
    SYSLOG_IDENTIFIER: 'imds-probe',
    IMDS_PROBE_EVENT: type,
    IMDS_PROBE_FINDING: id,
    IMDS_PROBE_SEVERITY: severity,
    IMDS_PROBE_FIX: type === 'cleared' ? null : fix[0]?.text,
    // Never cut: it is to be pasted.
    IMDS_PROBE_COMMAND: type === 'cleared' || command === undefined ? null : shownCommand(command),
    DOCUMENTATION: reference,
  };
  return Object.entries(fields)
    .filter(([, value]) => value != null && value !== '')
    .map(([name, value]) => {
      const text = value ?? '';
      return `${name}=${name === 'IMDS_PROBE_COMMAND' ? text : shownText(withoutSecrets(text), MAX_TEXT)}\n`;
    })
    .join('');
}
