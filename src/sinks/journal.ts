// Writes what the agent tells as JSON lines, for the systemd journal or whoever collects standard error.
import pino from 'pino';
import type { TellAgentEvent } from '../core/agent-event.ts';
import { journalFields, journalText, lineOf, NOTHING_TOLD, remember } from './journal-lines.ts';
import { admit, forget, NOTHING_SAID } from './repeats.ts';

export interface JournalOptions {
  /** Takes one line, its end included; standard error unless told. */
  readonly write?: (line: string) => void;
  readonly wallMs?: () => number;
  readonly monotonicMs?: () => number;
  /** `debug` adds a line for every cycle and delivery, whether or not anything changed. */
  readonly level?: 'debug' | 'info';
}

export interface Journal {
  /** Written at once; never throws. */
  readonly tell: TellAgentEvent;
}

/** How often a trouble that goes on is said. */
export const REPEAT_EVERY_MS = 15 * 60_000;

/** No event has a field of such a name; should one ever get it, it stays empty. */
const SECRET_FIELDS = [
  'secretAccessKey',
  'SecretAccessKey',
  'sessionToken',
  'SessionToken',
  'Token',
  'token',
  'password',
  'authorization',
].flatMap((name) => [name, `*.${name}`]);

/** Lines have `level`, `time`, `event`, the event's own fields, and `msg`. */
export function createJournal(options: JournalOptions = {}): Journal {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const wallMs = options.wallMs ?? Date.now;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const logger = pino(
    {
      base: null,
      level: options.level ?? 'info',
      timestamp: () => `,"time":"${new Date(wallMs()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: SECRET_FIELDS, censor: '…' },
    },
    { write },
  );
  let told = NOTHING_TOLD;
  let repeats = NOTHING_SAID;

  const tell: TellAgentEvent = (event) => {
    const line = lineOf(event, told);
    told = remember(told, event);
    // It is over: news when it comes back.
    if (event.type === 'cycle' && event.status === 'ok') repeats = forget(repeats, 'imds ');
    if (event.type === 'published') repeats = forget(repeats, 'publish-failed ');
    if (event.type === 'recovered') repeats = forget(repeats, `trouble ${event.what}`);
    let suppressed = 0;
    if (line.trouble !== undefined) {
      const admission = admit(repeats, `${event.type} ${line.trouble}`, monotonicMs(), REPEAT_EVERY_MS);
      repeats = admission.repeats;
      if (!admission.say) return;
      suppressed = admission.suppressed;
    }
    const fields = { event: event.type, ...line.fields, ...(suppressed === 0 ? {} : { suppressed }) };
    logger[line.level](journalFields(fields), journalText(line.msg));
  };

  return {
    tell: (event) => {
      try {
        tell(event);
      } catch {
        // A journal that can't be written to must not take the agent with it, and there is nowhere to say so.
      }
    },
  };
}
