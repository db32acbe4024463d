// Credentials as they are signed with: they stay between the reader and the signer, and have no way to be shown.

import type { SigningCredentials } from '../../aws/credentials.ts';

export type { SigningCredentials };

/** Credentials from JSON in the common spelling of IMDS, containers and processes; null where halves are missing. */
export function signingFromJson(
  json: Readonly<Record<string, unknown>>,
  tokenField: 'Token' | 'SessionToken',
): SigningCredentials | null {
  const { AccessKeyId, SecretAccessKey, [tokenField]: token } = json;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') return null;
  if (AccessKeyId === '' || SecretAccessKey === '') return null;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: typeof token === 'string' && token !== '' ? token : undefined,
  };
}

/** A whole pair of keys from variables, or null. botocore takes AWS_SECURITY_TOKEN first (EnvProvider.TOKENS). */
export function signingFromEnvironment(environment: ReadonlyMap<string, string>): SigningCredentials | null {
  const filled = (name: string): string | undefined => environment.get(name) || undefined;
  const accessKeyId = filled('AWS_ACCESS_KEY_ID');
  const secretAccessKey = filled('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) return null;
  const sessionToken = filled('AWS_SECURITY_TOKEN') ?? filled('AWS_SESSION_TOKEN');
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** An object, or null where the text is no JSON object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/** A time as AWS and its tools write it, in ISO 8601; null where it is none. The SSO cache once ended it in "UTC". */
export function isoTime(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 64) return null;
  // Python writes +00:00 and the CLI once wrote "UTC"; a date without any zone is taken as UTC, as botocore does.
  const text = value.trim().replace(/UTC$/, 'Z').replace(' ', 'T');
  const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`;
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(zoned) ? Date.parse(zoned) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString().replace('.000Z', 'Z');
}
