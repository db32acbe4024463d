// Judges who signed a request, as AWS does: Signature Version 4, checked with the secret that the box itself gave out.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AwsError } from '../behaviour.ts';
import type { IssuedCredentials } from '../credentials.ts';
import type { HttpRequest } from '../http.ts';
import {
  expiredToken,
  incompleteSignature,
  missingToken,
  signatureMismatch,
  unknownToken,
} from './errors.ts';

/** A request must reach AWS within 5 minutes of its time stamp (IAM User Guide, "Signing AWS API requests"). */
const WINDOW_MS = 5 * 60_000;
const ALGORITHM = 'AWS4-HMAC-SHA256';
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256\s+Credential=([^\s,]{1,200}),?\s*SignedHeaders=([a-z0-9;_-]{1,2000}),?\s*Signature=([0-9a-f]{64})$/;

export interface SignatureScope {
  readonly service: string;
  readonly region: string;
  readonly nowMs: number;
  readonly find: (accessKeyId: string) => IssuedCredentials | undefined;
}

export type Signed =
  | { readonly ok: true; readonly credentials: IssuedCredentials }
  | { readonly ok: false; readonly error: AwsError };

const refuse = (error: AwsError): Signed => ({ ok: false, error });
const hmac = (key: string | Uint8Array, text: string): Uint8Array =>
  createHmac('sha256', key).update(text).digest();
const sha256Hex = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** RFC 3986: everything but unreserved characters, which `encodeURIComponent` alone leaves a few of. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return `${encoded(decoded(name))}=${encoded(decoded(value.join('=')))}`;
  });
  return pairs.sort().join('&');
}

/** IAM User Guide, "Create a signed AWS API request": the canonical request. */
function canonicalRequest(request: HttpRequest, signedHeaders: readonly string[]): string {
  const headers = signedHeaders.map((name) => {
    const value = request.headers[name];
    const text = Array.isArray(value) ? value.join(',') : (value ?? '');
    return `${name}:${text.trim().replace(/ +/g, ' ')}\n`;
  });
  return [
    request.method,
    // Every service but S3 encodes the path once more.
    request.path.split('/').map(encoded).join('/'),
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    sha256Hex(request.body),
  ].join('\n');
}

/** `20260102T030405Z` as epoch milliseconds, or NaN. */
function amzDateMs(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

const amzDate = (ms: number): string => `${new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')}`;

function timeFault(sent: string, nowMs: number): AwsError | null {
  const sentMs = amzDateMs(sent);
  if (Number.isNaN(sentMs)) return incompleteSignature('Date must be in ISO-8601 "basic format".');
  if (sentMs < nowMs - WINDOW_MS) {
    return signatureMismatch(
      `Signature expired: ${sent} is now earlier than ${amzDate(nowMs - WINDOW_MS)} (${amzDate(nowMs)} - 5 min.)`,
    );
  }
  if (sentMs > nowMs + WINDOW_MS) {
    return signatureMismatch(
      `Signature not yet current: ${sent} is still later than ${amzDate(nowMs + WINDOW_MS)} (${amzDate(nowMs)} + 5 min.)`,
    );
  }
  return null;
}

/** The scope that a credential names against the one this server is. */
function scopeFault(scope: readonly string[], date: string, at: SignatureScope): AwsError | null {
  const [day, region, service, end] = scope;
  if (day !== date.slice(0, 8)) {
    return signatureMismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP`,
    );
  }
  if (region !== at.region) {
    return signatureMismatch(`Credential should be scoped to a valid region. `);
  }
  if (service !== at.service) {
    return signatureMismatch(`Credential should be scoped to correct service: '${at.service}'. `);
  }
  return end === 'aws4_request'
    ? null
    : signatureMismatch(`Credential should be scoped with a valid terminator: 'aws4_request'. `);
}

/** Whose request it is, or why AWS would not carry it out. The checks come in the order AWS makes them. */
export function signedBy(request: HttpRequest, at: SignatureScope): Signed {
  const header = request.headers.authorization;
  if (header === undefined) return refuse(missingToken());
  const parts = AUTHORIZATION.exec(header);
  if (parts === null) {
    return refuse(
      incompleteSignature(`Authorization header requires '${ALGORITHM}' and its three parameters.`),
    );
  }
  const [, credential = '', signedNames = '', signature = ''] = parts;
  const [accessKeyId = '', ...scope] = credential.split('/');
  const credentials = at.find(accessKeyId);
  if (credentials === undefined) return refuse(unknownToken());
  if (request.headers['x-amz-security-token'] !== credentials.sessionToken) return refuse(unknownToken());
  if (at.nowMs >= credentials.expiration * 1000) return refuse(expiredToken());
  const date = String(request.headers['x-amz-date'] ?? '');
  const fault = timeFault(date, at.nowMs) ?? scopeFault(scope, date, at);
  if (fault !== null) return refuse(fault);
  const signedHeaders = signedNames.split(';');
  if (!signedHeaders.includes('host')) {
    return refuse(
      signatureMismatch(`'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.`),
    );
  }
  const toSign = [ALGORITHM, date, scope.join('/'), sha256Hex(canonicalRequest(request, signedHeaders))];
  const key = scope.reduce<string | Uint8Array>(hmac, `AWS4${credentials.secretAccessKey}`);
  const expected = hmac(key, toSign.join('\n'));
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return refuse(signatureMismatch());
  return { ok: true, credentials };
}
