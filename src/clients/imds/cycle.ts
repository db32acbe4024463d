// What belongs to one cycle only: its tally, the shared token acquisition, and how IMDS behaved so far.
import type { InstanceIdentity, InstanceRole, TokenlessAnswer } from '../../core/imds.ts';
import type { Failure, Result } from '../../core/outcome.ts';
import type { ClockPort } from '../../core/ports.ts';
import { Traffic } from './traffic.ts';

/** A session token in hand. Never leaves `src/clients`. */
export interface HeldToken {
  readonly text: string;
  /** By the monotonic clock: when IMDS forgets it, and when we stop using it. */
  readonly endsMs: number;
  readonly useUntilMs: number;
}

export class Cycle {
  readonly number: number;
  readonly traffic: Traffic;
  /** The one token acquisition of this cycle, and so its failure. Null until somebody needed it. */
  token: Promise<Result<HeldToken>> | null = null;
  /** Role and identity, asked for once a cycle, however many probes want to know. */
  role: Promise<Result<InstanceRole>> | null = null;
  identity: Promise<Result<InstanceIdentity>> | null = null;
  /** A token of an earlier cycle served. */
  reused = false;
  /** IMDS refused the token with 401, and a fresh one was fetched (once a cycle). */
  renewed = false;
  freshTokenRejected = false;
  /** A PUT was sent: the slow re-reading waits for another cycle. */
  putSent = false;
  /** One of the slow re-readings was done. */
  reread = false;
  /** The tokenless GET, once sent. */
  tokenless: Promise<Result<TokenlessAnswer>> | null = null;
  tokenlessAnswered = false;
  /** The identity document that the tokenless GET brought where IMDSv1 is allowed. */
  tokenlessIdentity: InstanceIdentity | null = null;
  /** How a GET ended that used up all its attempts; what comes after it in this cycle asks less. */
  worn: { readonly failure: Failure; readonly attempts: number } | null = null;

  constructor(number: number, clock: ClockPort) {
    this.number = number;
    this.traffic = new Traffic(clock);
  }
}
