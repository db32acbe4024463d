// Reads what IMDS sends: token, role list, credentials, instance profile, identity document. All of it is hostile.
import type { InstanceIdentity, InstanceProfile } from '../../core/imds.ts';
import { holdsSecret, withoutSecrets } from '../../core/secrets.ts';
import { shownText } from '../../core/text.ts';

/** A value, or in a few words what is odd about the text: never the text itself, it may hold a secret. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly odd: string };

const read = <T>(value: T): Parsed<T> => ({ ok: true, value });
const odd = (what: string): Parsed<never> => ({ ok: false, odd: what });

/** Longest life of a token, in seconds: what is asked for, and the most that is believed (EC2 User Guide). */
export const MAX_TOKEN_TTL_SECONDS = 21_600;

/** A real token has 56 characters; printable ASCII only, since it goes into a header. */
const TOKEN = /^[\x21-\x7e]{1,1024}$/;

export function parseToken(body: string): Parsed<string> {
  const text = body.trim();
  return TOKEN.test(text) ? read(text) : odd('no session token in the body');
}

/** The TTL header in seconds; what was asked for where it is absent or no whole number within 1–21600. */
export function parseTokenTtl(header: string | undefined): number {
  const text = header?.trim() ?? '';
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return seconds >= 1 && seconds <= MAX_TOKEN_TTL_SECONDS ? seconds : MAX_TOKEN_TTL_SECONDS;
}

/** IAM role names: 64 characters at most (IAM API reference, CreateRole). Only dots would walk up the path. */
const ROLE_NAME = /^(?!\.{1,2}$)[A-Za-z0-9_+=,.@-]{1,64}$/;

/** The role's name, or null where the list is empty: no role attached. Some servers answer `name/` or several lines. */
export function parseRoleList(body: string): Parsed<string | null> {
  const first = (body.trim().split(/[\r\n]/, 1)[0] ?? '').trim().replace(/\/$/, '');
  if (first === '') return body.trim() === '' ? read(null) : odd('the list of roles names none');
  return ROLE_NAME.test(first) ? read(first) : odd('the list of roles holds no role name');
}

/** ISO 8601 as AWS writes it, with seconds and a zone. */
const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Epoch milliseconds of an ISO 8601 time, or null where it is none, the 31st of June included. */
export function parseIsoTime(text: unknown): number | null {
  if (typeof text !== 'string' || text.length > 40) return null;
  const match = ISO_8601.exec(text);
  if (match === null) return null;
  // Date.parse refuses a 13th month, but takes the 31st of June for the 1st of July.
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))).getUTCDate();
  if (day !== Number(match[3])) return null;
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(body: string): Parsed<Fields> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return odd('the body is not JSON');
  }
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? read(Object.assign(Object.create(null) as object, json) as Fields)
    : odd('the body is no JSON object');
}

/** Shorter secrets are part of any word, and none that AWS gives. */
const TELLING_LENGTH = 16;

const CODE = /^[\x20-\x7e]{1,128}$/;

/** What `iam/info` and the credentials have in common. */
interface Coded {
  readonly code: string;
  readonly message?: string;
  readonly lastUpdated: string | null;
  readonly lastUpdatedMs: number | null;
}

function parseCoded(fields: Fields): Parsed<Coded> {
  const { Code: code, Message: message, LastUpdated: lastUpdated } = fields;
  if (typeof code !== 'string' || !CODE.test(code)) return odd('Code is missing or no plain text');
  const known = [fields['SecretAccessKey'], fields['Token']].filter(
    (value) => typeof value === 'string' && value.length >= TELLING_LENGTH,
  ) as readonly string[];
  if (holdsSecret(code, known)) return odd('Code holds what looks like a secret');
  const lastUpdatedMs = parseIsoTime(lastUpdated);
  if (lastUpdated !== undefined && lastUpdated !== null && lastUpdatedMs === null) {
    return odd('LastUpdated is no ISO 8601 time');
  }
  return read({
    code: shownText(code),
    ...(code !== SUCCESS && typeof message === 'string' && message.trim() !== ''
      ? { message: shownText(withoutSecrets(message, known)) }
      : {}),
    lastUpdated: lastUpdatedMs === null ? null : String(lastUpdated),
    lastUpdatedMs,
  });
}

export const SUCCESS = 'Success';

/** The three parts that sign a request. They never leave `src/clients`. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Credentials extends Coded {
  readonly expiration: string | null;
  readonly expirationMs: number | null;
  /** Null with a code other than Success. */
  readonly keys: Keys | null;
}

// Printable ASCII without blanks, since they go into headers; the key id's bound is that of the IAM API.
const KEY_ID = /^[\x21-\x7e]{1,128}$/;
const SECRET = /^[\x21-\x7e]{1,512}$/;
const SESSION_TOKEN = /^[\x21-\x7e]{1,16384}$/;

const matches = (pattern: RegExp, value: unknown): value is string =>
  typeof value === 'string' && pattern.test(value);

function parseKeys(fields: Fields): Parsed<Keys> {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = fields;
  if (!matches(KEY_ID, accessKeyId)) return odd('AccessKeyId is missing or no key id');
  if (!matches(SECRET, secretAccessKey)) return odd('SecretAccessKey is missing or no key');
  if (!matches(SESSION_TOKEN, sessionToken)) return odd('Token is missing or no session token');
  return read({ accessKeyId, secretAccessKey, sessionToken });
}

/** `iam/security-credentials/<role>`. A 200 can carry a failure in `Code` (boto/botocore#1519): that is a value too. */
export function parseCredentials(body: string): Parsed<Credentials> {
  const fields = parseObject(body);
  if (!fields.ok) return fields;
  const coded = parseCoded(fields.value);
  if (!coded.ok) return coded;
  const expirationMs = parseIsoTime(fields.value['Expiration']);
  const expiration = expirationMs === null ? null : String(fields.value['Expiration']);
  if (coded.value.code !== SUCCESS) return read({ ...coded.value, expiration, expirationMs, keys: null });
  if (expirationMs === null) return odd('Expiration is missing or no ISO 8601 time');
  const keys = parseKeys(fields.value);
  return keys.ok ? read({ ...coded.value, expiration, expirationMs, keys: keys.value }) : keys;
}

const PROFILE_ARN = /^arn:[a-z0-9-]{1,32}:iam::\d{0,20}:instance-profile\/[\x21-\x7e]{1,640}$/;
const PROFILE_ID = /^[A-Za-z0-9]{1,128}$/;

/** `iam/info`. */
export function parseProfile(body: string): Parsed<InstanceProfile> {
  const fields = parseObject(body);
  if (!fields.ok) return fields;
  const coded = parseCoded(fields.value);
  if (!coded.ok) return coded;
  const { lastUpdatedMs: _, ...shown } = coded.value;
  const { InstanceProfileArn: arn, InstanceProfileId: id } = fields.value;
  if (coded.value.code === SUCCESS && !matches(PROFILE_ARN, arn)) {
    return odd('InstanceProfileArn is missing or no ARN of an instance profile');
  }
  return read({
    ...shown,
    instanceProfileArn: matches(PROFILE_ARN, arn) ? arn : null,
    instanceProfileId: matches(PROFILE_ID, id) ? id : null,
  });
}

// Narrow alphabets: these go into commands that people paste and into the names of AWS endpoints.
const REGION = /^[a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4}$/;
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** `dynamic/instance-identity/document`. A field that is missing or not plain reads as null; all of them make it odd. */
export function parseIdentity(body: string): Parsed<InstanceIdentity> {
  const fields = parseObject(body);
  if (!fields.ok) return fields;
  const plain = (name: string, pattern = PLAIN): string | null => {
    const value = fields.value[name];
    return matches(pattern, value) ? value : null;
  };
  const identity: InstanceIdentity = {
    instanceId: plain('instanceId'),
    region: plain('region', REGION),
    availabilityZone: plain('availabilityZone'),
    accountId: plain('accountId'),
    instanceType: plain('instanceType'),
    imageId: plain('imageId'),
    architecture: plain('architecture'),
  };
  return identity.instanceId === null && identity.region === null
    ? odd('the document names neither instance nor Region')
    : read(identity);
}
