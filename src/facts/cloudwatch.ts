// What AWS says about CloudWatch's PutMetricData: limits, error codes and what each means for the data, with sources.
import type { DeliveryFailureReason } from '../core/publishing.ts';

/** API reference, PutMetricData: limits of one request. */
export const PUT_METRIC_DATA = {
  dataPerRequest: 1000,
  /** "1 MB": read as the smaller of the two megabytes. Counted before compression, which is on the safe side. */
  bytesPerRequest: 1_000_000,
  valuesPerDatum: 150,
  dimensionsPerDatum: 30,
  /** "as much as two weeks before the current date, and as much as 2 hours after". */
  oldestSeconds: 14 * 86_400,
  newestSeconds: 2 * 3_600,
  /** "Values must be in the range of -2^360 to 2^360"; NaN and infinities are refused. */
  valueMagnitude: 2 ** 360,
} as const;

/** API reference, MetricDatum, Dimension and PutMetricData: lengths in characters. */
export const NAME_LENGTHS = {
  metricName: 255,
  dimensionName: 255,
  dimensionValue: 1024,
  namespace: 255,
} as const;

/** Where the limits and the errors are written down. */
export const CLOUDWATCH_PAGES = {
  putMetricData: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html',
  dimension: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html',
  commonErrors: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html',
  permissions:
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-identity-based-access-control-cw.html',
} as const;

const PRINTABLE_ASCII = /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/;

/** Whether CloudWatch takes this as a value: printable ASCII with something other than blanks (API reference, Dimension). */
export function isCloudWatchText(text: string, limit: number): boolean {
  return text.length <= limit && PRINTABLE_ASCII.test(text);
}

/** The same for names, which may not begin with a colon. */
export function isCloudWatchName(text: string, limit: number): boolean {
  return !text.startsWith(':') && isCloudWatchText(text, limit);
}

/**
 * What an error answer means for the data that were sent.
 *
 * - `data`: they will never be taken; all others can pass by themselves or be mended without losing them
 * - `credentials`: AWS does not accept who signed
 * - `clock`: AWS does not accept when it was signed
 * - `denied`: AWS knows who signed, and that role may not
 * - `throttled`, `server`: CloudWatch can't just now
 * - `answer`: nothing a CloudWatch would say
 */
export type ErrorMeaning = Exclude<DeliveryFailureReason, 'network' | 'proxy'>;

/**
 * Codes as AWS writes them over the query and the JSON protocol; the same error carries `Exception` or `Fault` at
 * its end in one of them, so both are cut before looking (API reference, PutMetricData and Common Errors).
 */
const MEANINGS: ReadonlyMap<string, ErrorMeaning> = new Map([
  ['ExpiredToken', 'credentials'],
  ['InvalidClientTokenId', 'credentials'],
  ['UnrecognizedClient', 'credentials'],
  ['InvalidAccessKeyId', 'credentials'],
  ['MissingAuthenticationToken', 'credentials'],
  ['RequestExpired', 'clock'],
  ['RequestTimeTooSkewed', 'clock'],
  ['AccessDenied', 'denied'],
  ['NotAuthorized', 'denied'],
  ['UnauthorizedOperation', 'denied'],
  ['AuthFailure', 'denied'],
  ['OptInRequired', 'denied'],
  ['Throttling', 'throttled'],
  ['Throttled', 'throttled'],
  ['RequestLimitExceeded', 'throttled'],
  ['RequestThrottled', 'throttled'],
  ['TooManyRequests', 'throttled'],
  ['SlowDown', 'throttled'],
  ['BandwidthLimitExceeded', 'throttled'],
  ['InternalService', 'server'],
  ['InternalFailure', 'server'],
  ['InternalServerError', 'server'],
  ['ServiceUnavailable', 'server'],
  ['RequestTimeout', 'server'],
  ['RequestAborted', 'server'],
  ['InvalidParameterValue', 'data'],
  ['InvalidParameterCombination', 'data'],
  ['InvalidFormat', 'data'],
  ['MissingRequiredParameter', 'data'],
  ['MissingParameter', 'data'],
  ['ValidationError', 'data'],
  ['Validation', 'data'],
  ['Serialization', 'data'],
  ['MalformedInput', 'data'],
  ['RequestEntityTooLarge', 'data'],
] satisfies [string, ErrorMeaning][]);

/** The codes by which AWS says that the credentials themselves are no good, in both spellings. */
export const CREDENTIALS_REFUSED_CODES: readonly string[] = [
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidClientTokenIdException',
  'UnrecognizedClient',
  'UnrecognizedClientException',
];

/** Signature errors tell a wrong clock by their text only: "Signature expired: … is now earlier than …". */
const CLOCK_IN_SIGNATURE = /signature (expired|not yet current)/i;

/**
 * Reads an error answer.
 *
 * @param code the AWS error code, or null where the answer carried none
 * @param status the HTTP status
 * @param message what AWS said beside it
 */
export function errorMeaning(code: string | null, status: number, message: string): ErrorMeaning {
  const bare = code?.replace(/(Exception|Fault)$/, '') ?? '';
  if (/^(SignatureDoesNotMatch|InvalidSignature|IncompleteSignature)$/.test(bare)) {
    return CLOCK_IN_SIGNATURE.test(message) ? 'clock' : 'credentials';
  }
  const meaning = MEANINGS.get(bare);
  if (meaning !== undefined) return meaning;
  if (status === 413) return 'data';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'server';
  // An unknown refusal is kept and tried again: giving data up needs a reason.
  return status === 401 || status === 403 ? 'denied' : 'answer';
}
