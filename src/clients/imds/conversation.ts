// The IMDSv2 conversation: a session token, GETs with it, and the one GET without it that tells causes apart.
import type { ImdsPurpose, TokenlessAnswer } from '../../core/imds.ts';
import { type Failure, failed, type Result, succeeded } from '../../core/outcome.ts';
import type { ClockPort, OnClientEvent } from '../../core/ports.ts';
import { MAX_TOKEN_TTL_SECONDS, parseIdentity, parseToken, parseTokenTtl } from './answers.ts';
import { Connection, type WireRequest } from './connection.ts';
import type { Cycle, HeldToken } from './cycle.ts';
import { type Answer, type Exchange, exactTimer } from './exchange.ts';
import { statusFailure, told } from './failures.ts';
import { passing, withRetries } from './retry.ts';

/** EC2 User Guide, "Use the Instance Metadata Service to access instance metadata". */
export const TOKEN_PATH = '/latest/api/token';
export const ROLE_LIST_PATH = '/latest/meta-data/iam/security-credentials/';
export const PROFILE_PATH = '/latest/meta-data/iam/info';
export const IDENTITY_PATH = '/latest/dynamic/instance-identity/document';

/** A PUT unanswered for this long gets a tokenless GET beside it. IMDS answers within a few milliseconds. */
export const UNANSWERED_MS = 250;

/** A token is given up this long before its end (a tenth of a short life): longer than a cycle's deadline. */
const TOKEN_MARGIN_MS = 30_000;

/** Of a time-out, for the name of the endpoint: a silent name server is then told from a silent metadata service. */
const NAME_SHARE = 0.8;

/** Shorter tokens are not looked for in an answer: they may be part of any word. */
const TELLING_TOKEN_LENGTH = 16;

/** Kinds after which asking on in the same cycle only costs time: nobody answers. */
const SILENCE: readonly Failure['kind'][] = ['connect-timeout', 'response-timeout', 'refused', 'unroutable'];

export interface ConversationOptions {
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly clock: ClockPort;
  readonly random: () => number;
  readonly onEvent: OnClientEvent;
  /** False under `--offline`. Default true. */
  readonly dns?: boolean;
  /** The cycle in which connections are opened now. */
  readonly cycle: () => Cycle;
}

/** All calls but `tokenless` are made one after the other; see Turnstile. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #line: Connection;
  /** The tokenless GET must not wait behind a PUT that hangs, nor the PUT's answer be taken for its own. */
  readonly #aside: Connection;
  #held: HeldToken | null = null;

  constructor(options: ConversationOptions) {
    this.#options = options;
    const connection = {
      endpoint: options.endpoint,
      monotonicMs: () => options.clock.monotonicMs(),
      onOpened: () => options.cycle().traffic.opened(),
      dns: options.dns ?? true,
      nameMs: options.timeoutMs * NAME_SHARE,
    };
    this.#line = new Connection(connection);
    this.#aside = new Connection(connection);
  }

  async close(): Promise<void> {
    this.#held = null;
    await Promise.all([this.#line.close(), this.#aside.close()]);
  }

  /** The token of this cycle: one that is still good, or one PUT for all who ask. Its failure is shared as well. */
  token(cycle: Cycle, signal: AbortSignal): Promise<Result<HeldToken>> {
    if (cycle.token !== null) return cycle.token;
    if (this.#held !== null && this.#options.clock.monotonicMs() < this.#held.useUntilMs) {
      cycle.reused = true;
      cycle.token = Promise.resolve(succeeded(this.#held, 0));
    } else {
      cycle.token = this.#put(cycle, signal);
    }
    return cycle.token;
  }

  /**
   * GETs with the session token. Ok with any status in `accept`; every other lasting status is a failure.
   * A 401 renews the token once a cycle and repeats the GET once, whatever the attempts say.
   */
  async get(
    purpose: ImdsPurpose,
    path: string,
    accept: readonly number[],
    cycle: Cycle,
    signal: AbortSignal,
  ): Promise<Result<Answer>> {
    const token = await this.token(cycle, signal);
    if (!token.ok) return withoutToken(token);
    if (cycle.worn !== null && SILENCE.includes(cycle.worn.failure.kind)) {
      const detail = `not asked, since IMDS fell silent in this cycle: ${cycle.worn.failure.detail}`;
      return { ok: false, failure: { kind: cycle.worn.failure.kind, detail }, attempts: cycle.worn.attempts };
    }
    const first = await this.#tryGet(purpose, path, token.value, cycle, signal);
    if (!first.ok || first.value.status !== 401) return this.#accepted(first, purpose, path, accept);
    const tries = first.attempts ?? 1;
    if (cycle.renewed) return this.#refused(purpose, path, tries, cycle);
    this.#options.onEvent({
      type: 'retry',
      purpose,
      got: 401,
      attempt: tries,
      attempts: this.#options.attempts,
      waitMs: 0,
    });
    cycle.renewed = true;
    cycle.reused = false;
    cycle.token = this.#put(cycle, signal);
    const fresh = await cycle.token;
    if (!fresh.ok) return withoutToken(fresh);
    const second = await this.#tryGet(purpose, path, fresh.value, cycle, signal);
    const all = tries + (second.attempts ?? 1);
    if (second.ok && second.value.status === 401) return this.#refused(purpose, path, all, cycle);
    return this.#accepted({ ...second, attempts: all }, purpose, path, accept);
  }

  /** Sends the tokenless GET, once a cycle and without a second try: EC2 counts them, and people alarm on that. */
  tokenless(
    cycle: Cycle,
    signal: AbortSignal,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<Result<TokenlessAnswer>> {
    if (cycle.tokenless === null) {
      cycle.tokenless = this.#askWithoutToken(cycle, signal, timeoutMs);
      // A defect in there is told to whoever awaits it, and must not end the program where nobody does.
      cycle.tokenless.catch(() => undefined);
    }
    return cycle.tokenless;
  }

  async #put(cycle: Cycle, signal: AbortSignal): Promise<Result<HeldToken>> {
    const what = `PUT ${TOKEN_PATH}`;
    cycle.putSent = true;
    this.#held = null;
    let sentMs = 0;
    const put = async (): Promise<Exchange> => {
      sentMs = this.#options.clock.monotonicMs();
      const exchange = await this.#sendPut(cycle, signal);
      if (!signal.aborted && callsForComparison(exchange)) void this.tokenless(cycle, signal);
      return exchange;
    };
    // What the tokenless answer proves (somebody is there, and only the PUT is lost) no second PUT can change.
    const worthwhile = (failure: Failure): boolean =>
      !(failure.kind === 'response-timeout' && cycle.tokenlessAnswered);
    const result = await withRetries(put, { ...this.#retrying('token', what, signal), worthwhile });
    if (!result.ok) return this.#gaveUp('token', result);
    const { status, body, headers } = result.value;
    const attempts = result.attempts ?? 1;
    if (status !== 200) {
      return this.#gaveUp('token', { ok: false, failure: statusFailure(what, status), attempts });
    }
    const text = parseToken(body);
    if (!text.ok) {
      cycle.traffic.spoilt('token');
      return failed('malformed', `the answer to ${what} makes no sense: ${text.odd}`, attempts);
    }
    const ttl = headers['x-aws-ec2-metadata-token-ttl-seconds'];
    const ttlMs = parseTokenTtl(typeof ttl === 'string' ? ttl : undefined) * 1000;
    const endsMs = sentMs + ttlMs;
    const held = { text: text.value, endsMs, useUntilMs: endsMs - Math.min(TOKEN_MARGIN_MS, ttlMs / 10) };
    this.#held = held;
    return succeeded(held, attempts);
  }

  async #sendPut(cycle: Cycle, signal: AbortSignal): Promise<Exchange> {
    let stopWaiting = (): void => undefined;
    const beside = (): void => {
      if (cycle.tokenless !== null) return;
      this.#options.onEvent({ type: 'unanswered', purpose: 'token', afterMs: UNANSWERED_MS });
      // Beside the only try, it must not take longer than that.
      const { attempts, timeoutMs } = this.#options;
      void this.tokenless(cycle, signal, attempts === 1 ? timeoutMs - UNANSWERED_MS : timeoutMs);
    };
    const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': String(MAX_TOKEN_TTL_SECONDS) };
    try {
      return await this.#line.send(
        { method: 'PUT', path: TOKEN_PATH, headers },
        {
          ...this.#sending('token', 'PUT', cycle, signal),
          onSent: () => {
            stopWaiting();
            stopWaiting = exactTimer(UNANSWERED_MS, beside);
          },
        },
      );
    } finally {
      stopWaiting();
    }
  }

  async #tryGet(
    purpose: ImdsPurpose,
    path: string,
    token: HeldToken,
    cycle: Cycle,
    signal: AbortSignal,
  ): Promise<Result<Answer>> {
    const what = `GET ${path}`;
    const retrying = this.#retrying(purpose, what, signal);
    const result = await withRetries(
      () =>
        this.#line.send(
          { method: 'GET', path, headers: { 'X-aws-ec2-metadata-token': token.text } },
          this.#sending(purpose, 'GET', cycle, signal),
        ),
      // A service that has just used up all attempts of one GET is not hammered with those of the next.
      cycle.worn === null ? retrying : { ...retrying, attempts: 1 },
    );
    if (!result.ok) {
      const { failure, attempts = 1 } = result;
      if (failure.kind !== 'malformed') cycle.worn = { failure, attempts };
      return result;
    }
    // No honest answer repeats the secret it was asked with; one that does must not be shown in any part.
    if (token.text.length >= TELLING_TOKEN_LENGTH && result.value.body.includes(token.text)) {
      cycle.traffic.spoilt(purpose);
      return failed('malformed', `the answer to ${what} repeats the session token`, result.attempts);
    }
    return result;
  }

  #accepted(
    result: Result<Answer>,
    purpose: ImdsPurpose,
    path: string,
    accept: readonly number[],
  ): Result<Answer> {
    if (!result.ok) return this.#gaveUp(purpose, result);
    if (accept.includes(result.value.status)) return result;
    const failure = statusFailure(`GET ${path}`, result.value.status);
    return this.#gaveUp(purpose, { ok: false, failure, attempts: result.attempts ?? 1 });
  }

  /** A fresh token was refused as well. The next cycle starts with a new one. */
  #refused(purpose: ImdsPurpose, path: string, attempts: number, cycle: Cycle): Result<Answer> {
    cycle.freshTokenRejected = true;
    this.#held = null;
    const failure = statusFailure(`GET ${path} with a fresh session token`, 401);
    return this.#gaveUp(purpose, { ok: false, failure, attempts });
  }

  async #askWithoutToken(
    cycle: Cycle,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<Result<TokenlessAnswer>> {
    // The identity document is there on every instance, holds no secret, and where IMDSv1 is allowed it brings
    // the instance id and the Region that the fix of a lost PUT needs.
    const exchange = await this.#aside.send(
      { method: 'GET', path: IDENTITY_PATH, headers: {} },
      { ...this.#sending('tokenless', 'GET', cycle, signal), timeoutMs },
    );
    await this.#aside.close();
    if (!exchange.ok) return { ok: false, failure: exchange.failure, attempts: 1 };
    const { status, body } = exchange.answer;
    cycle.tokenlessAnswered = true;
    const identity = status === 200 ? parseIdentity(body) : null;
    if (identity?.ok) cycle.tokenlessIdentity = identity.value;
    return succeeded({ asked: true, status });
  }

  #gaveUp<T>(purpose: ImdsPurpose, result: Extract<Result<T>, { ok: false }>): Result<never> {
    const { failure, attempts = 1 } = result;
    this.#options.onEvent({ type: 'gave-up', purpose, got: told(failure), attempts });
    return { ok: false, failure, attempts };
  }

  #retrying(purpose: ImdsPurpose, what: string, signal: AbortSignal) {
    const { attempts, random, clock, onEvent } = this.#options;
    return { purpose, what, attempts, random, wallMs: () => clock.wallMs(), signal, onEvent };
  }

  #sending(purpose: ImdsPurpose, method: WireRequest['method'], cycle: Cycle, signal: AbortSignal) {
    const onExchange = (exchange: Exchange, startedMs: number): void =>
      cycle.traffic.note(purpose, method, exchange, startedMs);
    return { timeoutMs: this.#options.timeoutMs, signal, onExchange };
  }
}

/**
 * Whether a PUT that ended like this is compared with a tokenless GET. A throttled or broken service (429, 5xx)
 * is spared: there the GET could tell nothing, and would add to the load.
 */
function callsForComparison(exchange: Exchange): boolean {
  return !exchange.ok || !(exchange.answer.status === 200 || passing(exchange.answer.status));
}

/** What the failed acquisition means for a GET that needs the token. */
export function withoutToken(token: Extract<Result<HeldToken>, { ok: false }>): Result<never> {
  const { failure, attempts = 1 } = token;
  return { ok: false, failure: { ...failure, detail: `no session token: ${failure.detail}` }, attempts };
}
