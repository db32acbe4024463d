// Small pure readings that several checks share: who the instance is, and how a failed observation is told.
import type { HostState } from '../core/host.ts';
import type { InstanceIdentity } from '../core/imds.ts';
import type { Failure, Outcome } from '../core/outcome.ts';
import { THROTTLED_STATUSES } from '../facts/imds.ts';

/** What to type where the instance's id is not known: the shell asks for it, nothing runs by accident. */
const UNKNOWN_INSTANCE = '<instance-id>';
const UNKNOWN_REGION = '<region>';

/** `--instance-id … --region …` for an AWS CLI command, from whatever is known. */
export function instanceArguments(
  identity: Outcome<InstanceIdentity> | undefined,
  host: Outcome<HostState> | undefined,
): string {
  const seen = identity?.ok ? identity.value : null;
  const instanceId = seen?.instanceId ?? (host?.ok ? host.value.instanceId : null) ?? UNKNOWN_INSTANCE;
  return `--instance-id ${instanceId} --region ${seen?.region ?? UNKNOWN_REGION}`;
}

/** No complete HTTP answer came back. */
export function isSilence(failure: Failure): boolean {
  return (
    failure.kind === 'connect-timeout' ||
    failure.kind === 'refused' ||
    failure.kind === 'unroutable' ||
    failure.kind === 'response-timeout' ||
    failure.kind === 'reset'
  );
}

export function isThrottle(failure: Failure): boolean {
  return failure.kind === 'http-status' && THROTTLED_STATUSES.includes(failure.status ?? 0);
}

/** For a verdict that can't be reached because an observation failed. */
export function unknownBecause(what: string, outcome: { readonly failure: Failure }): { unknown: string } {
  return { unknown: `${what}: ${outcome.failure.detail}` };
}

/** A duration as people say it: `42 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function spokenSeconds(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
