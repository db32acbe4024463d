// How asking the world ends: with a value, or with a failure that says what went wrong. Never with a throw.

/**
 * What went wrong while the world was asked.
 *
 * - `connect-timeout`: packets to the address vanish; no connection within the time-out
 * - `refused`: the address answered "nobody listens here" (TCP RST, ICMP port unreachable, a rejecting firewall)
 * - `unroutable`: this host has no way there (ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, a name that does not resolve)
 * - `response-timeout`: connected (or sent, for UDP), and no complete answer in time
 * - `reset`: the connection was cut before the answer was complete
 * - `http-status`: a complete answer with a status that is not the one hoped for; `status` holds it
 * - `malformed`: an answer that does not say what it has to
 * - `permission`: this user may not look
 * - `crashed`: a defect of ours, caught
 */
export type FailureKind =
  | 'connect-timeout'
  | 'refused'
  | 'unroutable'
  | 'response-timeout'
  | 'reset'
  | 'http-status'
  | 'malformed'
  | 'permission'
  | 'crashed';

export interface Failure {
  readonly kind: FailureKind;
  /** One sentence for a person: bounded, free of control characters and of secrets. */
  readonly detail: string;
  /** The HTTP status, with kind `http-status`. */
  readonly status?: number;
}

/** What a client or a probe answers. `attempts` counts all tries, the first included; left out, it was one. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly attempts?: number }
  | { readonly ok: false; readonly failure: Failure; readonly attempts?: number };

/** A result as the runner records it. Times are in milliseconds. */
export type Outcome<T> = { readonly tookMs: number; readonly attempts: number } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure }
);

export const succeeded = <T>(value: T, attempts = 1): Result<T> => ({ ok: true, value, attempts });

export const failed = (kind: FailureKind, detail: string, attempts = 1): Result<never> => ({
  ok: false,
  failure: { kind, detail },
  attempts,
});
