// Tells systemd how the agent is: ready with its first finished cycle, alive with every one after, stopping, reloading.
import type { Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';
import { shownText } from '../core/text.ts';
import { createChildLine } from './child.ts';

export interface NotifyOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** The longest that can pass between two finished cycles while all is well. */
  readonly cycleMs: number;
  /** CLOCK_MONOTONIC in microseconds, as systemd reads it. */
  readonly monotonicMicroseconds: () => bigint;
  /** One line about the state. */
  readonly statusText: (report: Report) => string;
  /** Hears, once, that it does not work. */
  readonly onTrouble: (detail: string) => void;
  /** What sends `VARIABLE=VALUE` arguments; `systemd-notify` unless told. */
  readonly command?: readonly [string, ...string[]];
}

export interface Notify {
  readonly sink: Sink;
  /** With a new configuration cycles may take longer. */
  reconfigured(cycleMs: number): void;
  reloading(): void;
  /** After `reloading`, whether or not anything changed. */
  reloaded(): void;
  stopping(why: string): void;
  /** Resolves when systemd has been told all of it. */
  idle(): Promise<void>;
}

/**
 * Null where no systemd listens (sd_notify(3)). Node has no datagram sockets of the Unix domain, so a child speaks for
 * us: the unit needs `NotifyAccess=all`.
 *
 * The watchdog hears of finished cycles only: an event loop that still turns while no cycle ends is not alive. Where
 * the unit allows less time than two cycles can take, it is asked for more, or a slow IMDS would have us killed.
 */
export function createNotify(options: NotifyOptions): Notify | null {
  const { env, statusText } = options;
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return null;
  let told = false;
  const line = createChildLine({
    command: options.command ?? ['systemd-notify'],
    env,
    onFailure: (why) => {
      if (!told) options.onTrouble(shownText(why));
      told = true;
    },
  });
  let allowedMs = watchdogMs(env, options.pid);
  let ready = false;
  let status = '';

  const enoughTime = (cycleMs: number): string[] => {
    if (allowedMs === null || allowedMs >= 2 * cycleMs) return [];
    allowedMs = 3 * cycleMs;
    return [`WATCHDOG_USEC=${allowedMs * 1000}`];
  };

  return {
    sink: {
      name: 'notify',
      deliver: async (report) => {
        const words: string[] = [];
        if (!ready) words.push('READY=1', ...enoughTime(options.cycleMs));
        ready = true;
        if (allowedMs !== null) words.push('WATCHDOG=1');
        const text = shownText(statusText(report));
        if (text !== status) words.push(`STATUS=${text}`);
        status = text;
        if (words.length > 0) line.run(words);
      },
    },
    reconfigured: (cycleMs) => {
      const words = enoughTime(cycleMs);
      if (words.length > 0) line.run(words);
    },
    reloading: () => line.run(['RELOADING=1', `MONOTONIC_USEC=${options.monotonicMicroseconds()}`]),
    reloaded: () => line.run(['READY=1']),
    stopping: (why) => line.run(['STOPPING=1', `STATUS=${shownText(why)}`]),
    idle: () => line.idle(),
  };
}

/** How long the watchdog waits, or null where it does not watch this process (sd_watchdog_enabled(3)). */
function watchdogMs(env: NotifyOptions['env'], pid: number): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'] ?? '');
  const watched = env['WATCHDOG_PID'] ?? '';
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return null;
  return watched === '' || watched === String(pid) ? microseconds / 1000 : null;
}
