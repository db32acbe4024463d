// The time port: asks the configured servers once a cycle, in order, and remembers who asked to be left alone.
import type { ClockOffset, TimeServerAnswer } from '../../core/clock.ts';
import { type FailureKind, failed, type Result, succeeded } from '../../core/outcome.ts';
import type { TimePort } from '../../core/ports.ts';
import { addressesOf } from '../names.ts';
import type { AskOptions } from './ask.ts';
import { type Resolve, TimeServer, type TimeServerAddress } from './server.ts';

/** Exchanges with a server: of four, one nearly always meets no delay on the way. */
export const EXCHANGES = 4;
/** How long a server may stay silent before the next one is asked beside it. Link-local answers take under 1 ms. */
const HEAD_START_MS = 100;
export interface TimeClientOptions extends Omit<AskOptions, 'exchanges'> {
  readonly servers: readonly TimeServerAddress[];
  /** Default `EXCHANGES`. */
  readonly exchanges?: number;
  /** False under `--offline`: a name is then looked for in hosts(5) only. Default true. */
  readonly dns?: boolean;
  /** Default hosts(5) and DNS. */
  readonly resolve?: Resolve;
}

export interface TimeClient extends TimePort {
  /** Milliseconds the true time was ahead of the local clock when a server last told, or null before that. */
  correctionMs(): number | null;
  /** Ends what is under way and waits until every socket is closed. */
  close(): Promise<void>;
}

/** `clock.wallMs` must read the system's clock anew each time (`Date.now`), or a step of it goes unseen. */
export function createTimeClient(options: TimeClientOptions): TimeClient {
  const askOptions: AskOptions = { ...options, exchanges: options.exchanges ?? EXCHANGES };
  const { dns = true } = options;
  const resolve: Resolve = options.resolve ?? ((name, signal) => addressesOf(name, signal, { dns }));
  const servers = options.servers.map((address) => new TimeServer(address, askOptions, resolve));
  let current: {
    readonly stop: AbortController;
    readonly answers: Promise<readonly TimeServerAnswer[]>;
  } | null = null;

  let correctionMs: number | null = null;

  // The first caller's signal rules the cycle; the second shares what comes of it.
  const askOnce = (signal: AbortSignal): Promise<readonly TimeServerAnswer[]> => {
    if (current === null) {
      const stop = new AbortController();
      current = { stop, answers: askInOrder(servers, signal, stop) };
    }
    return current.answers;
  };

  return {
    beginCycle() {
      current?.stop.abort();
      current = null;
    },
    servers: askOnce,
    async offset(signal) {
      const offset = bestOffset(await askOnce(signal));
      if (offset.ok) correctionMs = offset.value.offsetMs;
      return offset;
    },
    correctionMs: () => correctionMs,
    async close() {
      current?.stop.abort();
      await current?.answers;
    },
  };
}

/**
 * Each server is asked when the one before has ended without the time, or stays silent over its head start: a first
 * server behind a dropping firewall then delays the answer by a tenth of a second and not by a time-out.
 */
async function askInOrder(
  servers: readonly TimeServer[],
  signal: AbortSignal,
  stop: AbortController,
): Promise<readonly TimeServerAnswer[]> {
  const either = AbortSignal.any([signal, stop.signal]);
  const asked: Promise<TimeServerAnswer>[] = [];
  for (const server of servers) {
    if (either.aborted && asked.length > 0) break;
    let heard = false;
    const asking = server
      .ask(either, () => {
        heard = true;
      })
      .then((answer) => {
        if (answer.state === 'valid') stop.abort('when another server had given the time');
        return answer;
      });
    asked.push(asking);
    await headStart(asking);
    if (heard) await asking;
  }
  return Promise.all(asked);
}

async function headStart(asking: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, HEAD_START_MS);
  });
  await Promise.race([asking, over]);
  clearTimeout(timer);
}

// Without a valid server, the most telling answer speaks for all: the first one highest in this list.
const TELLING: readonly (TimeServerAnswer['state'] | FailureKind)[] = [
  'unsynchronised',
  'kiss',
  'malformed',
  'refused',
  'response-timeout',
  'unroutable',
];

/** The valid answer with the least error bound, or why there is none. */
function bestOffset(answers: readonly TimeServerAnswer[]): Result<ClockOffset> {
  const attempts = Math.max(
    1,
    answers.reduce((sum, { exchanges }) => sum + exchanges, 0),
  );
  const [best] = answers.flatMap(asOffset).sort((a, b) => a.errorBoundMs - b.errorBoundMs);
  if (best !== undefined) return succeeded(best, attempts);

  const rank = (answer: TimeServerAnswer): number => {
    const place = TELLING.indexOf(answer.failure ?? answer.state);
    return place < 0 ? TELLING.length : place;
  };
  const [worst] = answers.toSorted((a, b) => rank(a) - rank(b));
  if (worst === undefined) return failed('unroutable', 'no time server is configured', attempts);
  return failed(failureKind(worst), `${worst.server} ${worst.detail}`, attempts);
}

function asOffset(answer: TimeServerAnswer): ClockOffset[] {
  const { state, server, offsetMs, errorBoundMs, stratum, leap } = answer;
  if (state !== 'valid' || offsetMs === null || errorBoundMs === null || stratum === null || leap === null)
    return [];
  return [{ offsetMs, errorBoundMs, server, stratum, leap }];
}

function failureKind(answer: TimeServerAnswer): FailureKind {
  if (answer.failure !== null) return answer.failure;
  // A server that sends us away refuses; one without the time, or with nonsense, gave no usable answer.
  return answer.state === 'kiss' ? 'refused' : 'malformed';
}
