// Splits the role's credentials: what may be shown, and what only signs.
import type { InstanceRole } from '../../core/imds.ts';
import { shownAccessKeyId } from '../../core/text.ts';
import type { Credentials, Keys } from './answers.ts';

/** What signs a request to AWS, in the shape AWS's clients take. */
export interface SigningCredentials extends Keys {
  readonly expiration: Date;
}

export const noRole: InstanceRole = {
  roleName: null,
  code: null,
  lastUpdated: null,
  expiration: null,
  marginSeconds: null,
  ageSeconds: null,
  accessKeyId: null,
};

/** The part that signs, or null where EC2 could not assume the role. */
export function signable(credentials: Credentials): SigningCredentials | null {
  const { keys, expirationMs } = credentials;
  return keys === null || expirationMs === null ? null : { ...keys, expiration: new Date(expirationMs) };
}

/** The part that may be shown; margin and age are by `nowMs`, in seconds. */
export function observedRole(roleName: string, credentials: Credentials, nowMs: number): InstanceRole {
  const { code, message, lastUpdated, lastUpdatedMs, expiration, expirationMs, keys } = credentials;
  return {
    roleName,
    code,
    lastUpdated,
    expiration,
    marginSeconds: expirationMs === null ? null : (expirationMs - nowMs) / 1000,
    ageSeconds: lastUpdatedMs === null ? null : (nowMs - lastUpdatedMs) / 1000,
    accessKeyId: keys === null ? null : shownAccessKeyId(keys.accessKeyId),
    ...(message === undefined ? {} : { message }),
  };
}
