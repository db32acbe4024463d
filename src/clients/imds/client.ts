// The IMDS client: what the probes may know of this instance, and for the AWS clients the credentials to sign with.
import type {
  ImdsPurpose,
  ImdsToken,
  InstanceIdentity,
  InstanceProfile,
  InstanceRole,
  TokenlessAnswer,
} from '../../core/imds.ts';
import { failed, type Result, succeeded } from '../../core/outcome.ts';
import type { ClockPort, ImdsPort, OnClientEvent } from '../../core/ports.ts';
import { type Parsed, parseCredentials, parseIdentity, parseProfile, parseRoleList } from './answers.ts';
import { Conversation, IDENTITY_PATH, PROFILE_PATH, ROLE_LIST_PATH, withoutToken } from './conversation.ts';
import { Cycle } from './cycle.ts';
import type { Answer } from './exchange.ts';
import { Memory } from './memory.ts';
import { noRole, observedRole, type SigningCredentials, signable } from './role.ts';
import { Turnstile } from './turnstile.ts';

export interface ImdsClientOptions {
  /** `http://host[:port]`, validated by the config. */
  readonly endpoint: string;
  /** Milliseconds for one attempt, connecting included. */
  readonly timeoutMs: number;
  /** All tries of one operation, the first included. */
  readonly attempts: number;
  /** Send the tokenless request in every cycle. */
  readonly imdsv1: boolean;
  readonly clock: ClockPort;
  /** Uniform in [0, 1), for the back-off. */
  readonly random: () => number;
  readonly onEvent: OnClientEvent;
  /** False under `--offline`: the name of an endpoint is then looked for in hosts(5) only. Default true. */
  readonly dns?: boolean;
}

export interface ImdsClient extends ImdsPort {
  /**
   * The last good credentials, until they expire; null where there are none. They outlive failing cycles.
   * Only `src/clients/aws` may ask.
   */
  signingCredentials(): SigningCredentials | null;
  /** This instance's Region, once the identity document was read. */
  region(): string | null;
  close(): Promise<void>;
}

/** Who goes first when several ask at once: the token and the role are what the program is there for. */
const RANK = { role: 0, identity: 1, profile: 2, afterAll: 3 } as const;

export function createImdsClient(options: ImdsClientOptions): ImdsClient {
  return new SerialImdsClient(options);
}

class SerialImdsClient implements ImdsClient {
  readonly #options: ImdsClientOptions;
  readonly #conversation: Conversation;
  /** Requests go one after the other on one connection; an operation keeps the line over its retries. */
  readonly #turns = new Turnstile();
  readonly #memory: Memory;
  #cycle: Cycle;
  #signing: SigningCredentials | null = null;
  /** True time minus local time by IMDS's own Date headers, in milliseconds; 0 within their resolution. */
  #correctionMs = 0;

  constructor(options: ImdsClientOptions) {
    this.#options = options;
    this.#cycle = new Cycle(0, options.clock);
    this.#memory = new Memory(options.clock);
    this.#conversation = new Conversation({ ...options, cycle: () => this.#cycle });
  }

  beginCycle(): void {
    this.#cycle = new Cycle(this.#cycle.number + 1, this.#options.clock);
  }

  /** Waits for what else is asked in this cycle: only then is it known whether the token was accepted. */
  async token(signal: AbortSignal): Promise<Result<ImdsToken>> {
    const cycle = this.#cycle;
    await this.#turns.through(RANK.afterAll, signal, () => this.#conversation.token(cycle, signal));
    const token = await (cycle.token ?? outOfTime('token'));
    if (!token.ok) return token;
    const value = {
      ttlSeconds: Math.max(0, Math.floor((token.value.endsMs - this.#options.clock.monotonicMs()) / 1000)),
      reused: cycle.reused,
      renewedAfterRejection: cycle.renewed,
      freshTokenRejected: cycle.freshTokenRejected,
    };
    return succeeded(value, token.attempts);
  }

  async tokenless(signal: AbortSignal): Promise<Result<TokenlessAnswer>> {
    const cycle = this.#cycle;
    if (this.#options.imdsv1) return this.#conversation.tokenless(cycle, signal);
    await this.#turns.through(RANK.afterAll, signal, () => this.#conversation.token(cycle, signal));
    return cycle.tokenless ?? succeeded({ asked: false, status: null }, 0);
  }

  /** The first caller's signal rules; the others share what comes of it. */
  role(signal: AbortSignal): Promise<Result<InstanceRole>> {
    const cycle = this.#cycle;
    cycle.role ??= this.#roleOnce(cycle, signal);
    return cycle.role;
  }

  async #roleOnce(cycle: Cycle, signal: AbortSignal): Promise<Result<InstanceRole>> {
    const role = await this.#turns.through(RANK.role, signal, () => this.#readRole(cycle, signal));
    return role ?? (await unasked('role', cycle));
  }

  /** `attempts` is 0 where the answer of an earlier cycle serves. */
  async profile(signal: AbortSignal): Promise<Result<InstanceProfile>> {
    const cycle = this.#cycle;
    const { profile: memory } = this.#memory;
    const profile = await this.#turns.through(RANK.profile, signal, async () => {
      const known = memory.recall(cycle);
      if (known !== undefined) return succeeded(known, 0);
      const answer = await this.#conversation.get(
        'instance-profile',
        PROFILE_PATH,
        [200, 404],
        cycle,
        signal,
      );
      const result = read(cycle, 'instance-profile', answer, PROFILE_PATH, NO_PROFILE, parseProfile);
      if (result.ok) memory.keep(result.value, cycle);
      return result;
    });
    if (profile !== null) return profile;
    return memory.last === undefined ? unasked('instance-profile', cycle) : succeeded(memory.last, 0);
  }

  /**
   * Read once: an instance's identity lasts as long as its processes. Where no token could be had but IMDSv1 is
   * allowed, the tokenless GET may have told it; it is no secret. `attempts` is 0 where memory serves.
   */
  identity(signal: AbortSignal): Promise<Result<InstanceIdentity>> {
    const cycle = this.#cycle;
    cycle.identity ??= this.#identityOnce(cycle, signal);
    return cycle.identity;
  }

  async #identityOnce(cycle: Cycle, signal: AbortSignal): Promise<Result<InstanceIdentity>> {
    const known = this.#memory.identity;
    if (known !== null) return succeeded(known, 0);
    const identity = await this.#turns.through(RANK.identity, signal, async () => {
      const answer = await this.#conversation.get('identity', IDENTITY_PATH, [200], cycle, signal);
      const result = read(cycle, 'identity', answer, IDENTITY_PATH, null, parseIdentity);
      if (result.ok) this.#memory.identity = result.value;
      if (result.ok || cycle.tokenless === null) return result;
      await cycle.tokenless;
      return cycle.tokenlessIdentity === null ? result : succeeded(cycle.tokenlessIdentity);
    });
    return identity ?? (await unasked('identity', cycle));
  }

  traffic() {
    return this.#cycle.traffic.snapshot(this.#options.endpoint);
  }

  httpDate() {
    return this.#cycle.traffic.dates.offset();
  }

  signingCredentials(): SigningCredentials | null {
    if (this.#signing !== null && this.#signing.expiration.getTime() <= this.#nowMs()) this.#signing = null;
    return this.#signing;
  }

  region(): string | null {
    return this.#memory.identity?.region ?? null;
  }

  async close(): Promise<void> {
    this.#signing = null;
    await this.#conversation.close();
  }

  async #readRole(cycle: Cycle, signal: AbortSignal): Promise<Result<InstanceRole>> {
    await this.#conversation.token(cycle, signal);
    const remembered = this.#memory.roleName.recall(cycle);
    if (remembered !== undefined) {
      const answer = await this.#askCredentials(remembered, [200, 404], cycle, signal);
      if (!answer.ok || answer.value.status !== 404) return this.#judge(remembered, answer, cycle);
      // The role has another name by now, or is gone: the list says which.
      this.#memory.distrust();
    }
    const answer = await this.#conversation.get('role', ROLE_LIST_PATH, [200, 404], cycle, signal);
    const list = read<string | null>(cycle, 'role', answer, ROLE_LIST_PATH, null, parseRoleList);
    if (!list.ok) return list;
    if (list.value === null) {
      this.#memory.forgetRole();
      return succeeded(noRole, list.attempts);
    }
    this.#memory.keepRole(list.value, cycle);
    const role = this.#judge(list.value, await this.#askCredentials(list.value, [200], cycle, signal), cycle);
    return { ...role, attempts: Math.max(list.attempts ?? 1, role.attempts ?? 1) };
  }

  #askCredentials(roleName: string, accept: readonly number[], cycle: Cycle, signal: AbortSignal) {
    return this.#conversation.get('credentials', `${ROLE_LIST_PATH}${roleName}`, accept, cycle, signal);
  }

  #judge(roleName: string, answer: Result<Answer>, cycle: Cycle): Result<InstanceRole> {
    const result = read(cycle, 'credentials', answer, `${ROLE_LIST_PATH}${roleName}`, null, parseCredentials);
    if (!result.ok) {
      const { kind, status } = result.failure;
      if (kind === 'malformed' || status === 404) this.#memory.distrust();
      return result;
    }
    this.#correct(cycle);
    const signing = signable(result.value);
    if (signing === null || signing.expiration.getTime() <= this.#nowMs()) this.#memory.distrust();
    else this.#signing = signing;
    return succeeded(observedRole(roleName, result.value, this.#options.clock.wallMs()), result.attempts);
  }

  /** Whether credentials have expired must not hang on a wrong local clock, least of all here. */
  #correct(cycle: Cycle): void {
    const date = cycle.traffic.dates.offset();
    if (date !== null) this.#correctionMs = Math.abs(date.offsetMs) > date.errorBoundMs ? date.offsetMs : 0;
  }

  #nowMs(): number {
    return this.#options.clock.wallMs() + this.#correctionMs;
  }
}

const NO_PROFILE: InstanceProfile = {
  code: null,
  lastUpdated: null,
  instanceProfileArn: null,
  instanceProfileId: null,
};

/** Reads an answer's body; `absent` is what a 404 means where it is an accepted answer. */
function read<T>(
  cycle: Cycle,
  purpose: ImdsPurpose,
  result: Result<Answer>,
  path: string,
  absent: T | null,
  parse: (body: string) => Parsed<T>,
): Result<T> {
  if (!result.ok) return result;
  if (result.value.status === 404) return succeeded(absent as T, result.attempts);
  const value = parse(result.value.body);
  if (value.ok) return succeeded(value.value, result.attempts);
  cycle.traffic.spoilt(purpose);
  return failed('malformed', `the answer to GET ${path} makes no sense: ${value.odd}`, result.attempts);
}

const outOfTime = (purpose: ImdsPurpose): Result<never> =>
  failed('response-timeout', `${purpose}: the deadline of this cycle passed before IMDS could be asked`, 0);

/** Why a question never had its turn: because there was no token, or because the time was up. */
async function unasked(purpose: ImdsPurpose, cycle: Cycle): Promise<Result<never>> {
  const token = await cycle.token;
  return token === null || token.ok ? outOfTime(purpose) : withoutToken(token);
}
