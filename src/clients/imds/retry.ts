// Tries again what may pass by itself: full-jitter exponential back-off over 429, 5xx, resets and time-outs.
import pRetry from 'p-retry';
import type { ImdsPurpose } from '../../core/imds.ts';
import type { Failure, Result } from '../../core/outcome.ts';
import type { OnClientEvent } from '../../core/ports.ts';
import type { Answer, Exchange } from './exchange.ts';
import { statusFailure, told } from './failures.ts';
import { parseHttpDate } from './http-date.ts';

/**
 * First and longest wait, in milliseconds. IMDS counts requests by the second, so a throttle passes within one or
 * two; the waits must leave room for the tries themselves within a cycle's deadline of 10 s.
 */
export const BACKOFF_BASE_MS = 200;
export const BACKOFF_CAP_MS = 2000;

/** Milliseconds before try `attempt` + 1: anything from 0 to the exponential bound ("full jitter"). */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1)));
}

/** Milliseconds a `Retry-After` header asks for (RFC 9110, section 10.2.3), never more than the longest wait. */
export function retryAfterMs(header: Answer['headers'][string], nowMs: number): number {
  if (typeof header !== 'string') return 0;
  const text = header.trim();
  const date = /^\d{1,9}$/.test(text) ? null : parseHttpDate(text, nowMs);
  const ms = date === null ? Number(/^\d{1,9}$/.exec(text)?.[0] ?? 0) * 1000 : date - nowMs;
  return Math.min(BACKOFF_CAP_MS, Math.max(0, ms));
}

/** A status that may pass by itself. */
export const passing = (status: number): boolean => status === 429 || (status >= 500 && status <= 599);

export interface RetryOptions {
  readonly purpose: ImdsPurpose;
  /** What is asked, for a failure's text: `GET /latest/…`. */
  readonly what: string;
  /** All tries, the first included. */
  readonly attempts: number;
  readonly random: () => number;
  readonly wallMs: () => number;
  readonly signal: AbortSignal;
  readonly onEvent: OnClientEvent;
  /** Asked before and after the wait: false when another try after such a failure has lost its point. */
  readonly worthwhile?: (failure: Failure) => boolean;
}

class TryFailed extends Error {
  readonly result: Extract<Result<never>, { ok: false }>;
  readonly again: boolean;
  readonly waitMs: number;
  constructor(result: Extract<Result<never>, { ok: false }>, again: boolean, waitMs: number) {
    super('this try failed');
    this.result = result;
    this.again = again;
    this.waitMs = waitMs;
  }
}

/** An exchange as a try: a complete answer with any lasting status is a success here; its reader judges it. */
function judged(exchange: Exchange, attempt: number, before: Failure | null, options: RetryOptions): Answer {
  if (!exchange.ok) {
    // A try that the deadline cut short says less than the whole one before it.
    const failure = options.signal.aborted ? (before ?? exchange.failure) : exchange.failure;
    throw new TryFailed({ ok: false, failure, attempts: attempt }, exchange.transient, 0);
  }
  const { answer } = exchange;
  if (!passing(answer.status)) return answer;
  const failure = statusFailure(options.what, answer.status);
  const asked = retryAfterMs(answer.headers['retry-after'], options.wallMs());
  throw new TryFailed({ ok: false, failure, attempts: attempt }, true, asked);
}

/**
 * Sends until there is an answer with a lasting status, or the attempts or the cycle's deadline are used up.
 * Every failed try that is followed by another is told at once.
 */
export async function withRetries(
  send: () => Promise<Exchange>,
  options: RetryOptions,
): Promise<Result<Answer>> {
  const { purpose, attempts, signal, onEvent } = options;
  let tries = 0;
  let before: Failure | null = null;
  const goesOn = (error: unknown): error is TryFailed =>
    error instanceof TryFailed &&
    error.again &&
    !signal.aborted &&
    (options.worthwhile?.(error.result.failure) ?? true);
  try {
    const value = await pRetry(
      async (attempt) => {
        tries = attempt;
        return judged(await send(), attempt, before, options);
      },
      {
        retries: attempts - 1,
        minTimeout: 0,
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft === 0 || !goesOn(error)) return;
          const waitMs = Math.max(error.waitMs, backoffMs(attemptNumber, options.random));
          before = error.result.failure;
          const got = told(before);
          onEvent({ type: 'retry', purpose, got, attempt: attemptNumber, attempts, waitMs });
          await pause(waitMs, signal);
        },
        shouldRetry: ({ error }) => goesOn(error),
      },
    );
    return { ok: true, value, attempts: tries };
  } catch (error) {
    if (error instanceof TryFailed) return error.result;
    throw error;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
