// Says what an unaccepted request means: from whatever the SDK, undici or the system threw to typed, clean data.
import type { FailureKind } from '../../core/outcome.ts';
import type { DeliveryFailure, DeliveryFailureReason } from '../../core/publishing.ts';
import { withoutSecrets } from '../../core/secrets.ts';
import { shownText } from '../../core/text.ts';
import { errorMeaning } from '../../facts/cloudwatch.ts';
import type { SigningCredentials } from './credentials.ts';
import { ProxySettingError } from './dispatcher.ts';
import { isErrorCode } from './error-code.ts';

/** Why data were not taken this time; each can pass, or be mended, without losing them. */
export type LaterReason = Exclude<DeliveryFailureReason, 'data'>;

export interface Refusal extends DeliveryFailure {
  readonly reason: DeliveryFailureReason;
  /** The request may have reached CloudWatch all the same. */
  readonly mayHaveArrived: boolean;
}

export interface RequestContext {
  /** Where it went, as a URL. */
  readonly endpoint: string;
  readonly credentials: SigningCredentials;
  /** Our own time-out or the caller's deadline cut it off. */
  readonly cutOff: boolean;
}

/** Judges an error that `CloudWatchSdk.put` rejected with. */
export function refusal(error: unknown, context: RequestContext): Refusal {
  const host = shownText(new URL(context.endpoint).host);
  if (error instanceof ProxySettingError) return later('proxy', 'malformed', error.message);
  const answer = answerOf(error);
  const code = systemCode(error);
  // Read before the status: an answer that broke off has one, too.
  if (code !== null && isProxyRefusal(code, context.cutOff)) return proxyRefusal(error, host);
  if (code !== null) return onTheWire(code, host, answer?.status ?? null);
  if (answer !== null) return answered(answer, host, context.credentials);
  const name = error instanceof Error ? error.name : '';
  if (context.cutOff || name === 'AbortError' || name === 'TimeoutError') return unanswered(host);
  return later('answer', 'crashed', `the request to ${host} failed: ${shownText(name)}`);
}

const later = (reason: LaterReason, code: string, detail: string, mayHaveArrived = false): Refusal => ({
  reason,
  code,
  detail,
  mayHaveArrived,
});

const unanswered = (host: string): Refusal =>
  later('network', 'response-timeout' satisfies FailureKind, `${host} did not answer in time`, true);

/** By code of the system or of undici: the kind, what the host did, and whether a request may have reached it. */
export const WIRE_KINDS: Readonly<Record<string, readonly [FailureKind, string, boolean]>> = {
  ECONNREFUSED: ['refused', 'refused the connection', false],
  UND_ERR_CONNECT_TIMEOUT: ['connect-timeout', 'could not be connected to in time', false],
  ETIMEDOUT: ['connect-timeout', 'could not be connected to in time', false],
  ENOTFOUND: ['unroutable', 'has no address: its name does not resolve', false],
  EAI_AGAIN: ['unroutable', 'has no address: the name server does not answer', false],
  ENETUNREACH: ['unroutable', 'cannot be reached: no route to it', false],
  EHOSTUNREACH: ['unroutable', 'cannot be reached: no route to it', false],
  EADDRNOTAVAIL: ['unroutable', 'cannot be reached: this host has no address for it', false],
  ECONNRESET: ['reset', 'cut the connection', true],
  EPIPE: ['reset', 'cut the connection', true],
  UND_ERR_SOCKET: ['reset', 'cut the connection', true],
  UND_ERR_HEADERS_TIMEOUT: ['response-timeout', 'did not answer in time', true],
  UND_ERR_BODY_TIMEOUT: ['response-timeout', 'did not finish its answer in time', true],
  UND_ERR_PRX_TLS: ['malformed', 'is behind a proxy whose certificate is not trusted', false],
};

export const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** undici's words for a proxy that answered CONNECT with anything but 200, and for 407 to a request in absolute form. */
const isProxyRefusal = (code: string, cutOff: boolean): boolean =>
  (code === 'UND_ERR_ABORTED' && !cutOff) || code === 'UND_ERR_INVALID_ARG';

function proxyRefusal(error: unknown, host: string): Refusal {
  const message = member(error, 'message');
  const status = /\((\d{3})\)/.exec(typeof message === 'string' ? message : '')?.[1];
  const wants = status === '407' ? ': it wants a user and a password' : '';
  const how = status === undefined ? 'refused' : `answered ${status}`;
  return later('proxy', 'http-status', `the proxy on the way to ${host} ${how}${wants}`);
}

/** A failure below HTTP, or an answer that broke off. */
function onTheWire(code: string, host: string, status: number | null): Refusal {
  if (code === 'UND_ERR_ABORTED') return unanswered(host);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    if (status !== null && status >= 500)
      return later('server', 'http-status', `${host} answered with ${status}`);
    return later('answer', 'malformed', `${host} sent far more than CloudWatch ever would`, true);
  }
  if (TLS_CODE.test(code)) {
    return later('network', code, `the TLS certificate or handshake of ${host} is not acceptable (${code})`);
  }
  if (code.startsWith('HPE_')) {
    return later('answer', 'malformed', `what ${host} answered is not HTTP (${code})`, true);
  }
  const [kind, text, mayHaveArrived] = WIRE_KINDS[code] ?? ['reset', 'could not be asked', true];
  return later('network', kind, `${host} ${text} (${code})`, mayHaveArrived);
}

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
}

function answered(answer: Answer, host: string, credentials: SigningCredentials): Refusal {
  const { status } = answer;
  const known = secretsOf(credentials);
  const code = answer.code !== null && isErrorCode(answer.code, known) ? answer.code : null;
  const said = shownText(withoutSecrets(answer.message, known));
  if (status < 300)
    return later('answer', 'malformed', `${host} answered ${status} with what is not CloudWatch's`);
  const meaning = errorMeaning(code, status, answer.message);
  const detail = said === '' ? `${host} answered with ${status}` : `${host} answered with ${status}: ${said}`;
  return { reason: meaning, code: code ?? 'http-status', detail, mayHaveArrived: false };
}

function secretsOf(credentials: SigningCredentials): readonly string[] {
  return [credentials.secretAccessKey, credentials.sessionToken ?? ''];
}

/** What the SDK calls an error without a code of its own; and what it says where nothing was said. */
const NO_CODE = 'Unknown';
const NO_MESSAGE = 'UnknownError';

/** What the SDK has read of an answer: nothing of it is trusted. */
function answerOf(error: unknown): Answer | null {
  const status = member(member(error, '$metadata'), 'httpStatusCode');
  if (typeof status !== 'number') return null;
  // Over JSON, CloudWatch names an error as it does over the query protocol in a header, which the SDK puts here.
  const named = [member(member(error, 'Error'), 'Code'), member(error, 'name')].find(
    (code) => typeof code === 'string' && isErrorCode(code),
  );
  const code =
    typeof named === 'string' && named !== NO_CODE && !(error instanceof SyntaxError) ? named : null;
  const message = member(error, 'message');
  return {
    status,
    code,
    message: typeof message === 'string' && code !== null && message !== NO_MESSAGE ? message : '',
  };
}

/** The code of a system or undici error, looked for in its causes and in the attempts it sums up. */
export function systemCode(error: unknown, depth = 0): string | null {
  const code = member(error, 'code');
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
  if (depth >= 3) return null;
  const errors = member(error, 'errors');
  return systemCode(member(error, 'cause') ?? (Array.isArray(errors) ? errors[0] : null), depth + 1);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
