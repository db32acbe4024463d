// The tables of CloudWatch's limits and error codes, read the way the publisher reads them.
import { describe, expect, it } from 'vitest';
import {
  CREDENTIALS_REFUSED_CODES,
  errorMeaning,
  isCloudWatchName,
  isCloudWatchText,
} from '../../src/facts/cloudwatch.ts';

describe('errorMeaning', () => {
  it.each([
    ['ExpiredToken', 403, '', 'credentials'],
    ['ExpiredTokenException', 400, '', 'credentials'],
    ['UnrecognizedClientException', 400, '', 'credentials'],
    ['InvalidClientTokenId', 403, '', 'credentials'],
    [
      'SignatureDoesNotMatch',
      403,
      'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z',
      'clock',
    ],
    ['InvalidSignatureException', 400, 'Signature not yet current: …', 'clock'],
    ['SignatureDoesNotMatch', 403, 'The request signature we calculated does not match', 'credentials'],
    ['RequestExpired', 400, '', 'clock'],
    ['AccessDeniedException', 400, '', 'denied'],
    ['AccessDenied', 403, '', 'denied'],
    ['ThrottlingException', 400, '', 'throttled'],
    ['Throttling', 400, '', 'throttled'],
    [null, 429, '', 'throttled'],
    [null, 500, '', 'server'],
    ['InternalServiceFault', 500, '', 'server'],
    ['ServiceUnavailableException', 503, '', 'server'],
    ['InvalidParameterValue', 400, '', 'data'],
    ['InvalidParameterCombinationException', 400, '', 'data'],
    ['MissingRequiredParameterException', 400, '', 'data'],
    ['ValidationError', 400, '', 'data'],
    ['RequestEntityTooLargeException', 413, '', 'data'],
    [null, 413, '', 'data'],
    [null, 403, '', 'denied'],
    [null, 302, '', 'answer'],
    ['UnknownOperationException', 404, '', 'answer'],
    ['SomethingNew', 400, '', 'answer'],
  ] as const)('%s with %i %s means %s', (code, status, message, meaning) => {
    expect(errorMeaning(code, status, message)).toBe(meaning);
  });

  it.each(CREDENTIALS_REFUSED_CODES)('%s is a refusal of credentials', (code) => {
    expect(errorMeaning(code, 403, '')).toBe('credentials');
  });
});

describe('names and values', () => {
  it.each([
    ['Fleet', true],
    ['a b', true],
    ['', false],
    ['   ', false],
    ['café', false],
    ['tab\there', false],
    ['x'.repeat(255), true],
    ['x'.repeat(256), false],
  ])('%j as text: %s', (text, fits) => {
    expect(isCloudWatchText(text, 255)).toBe(fits);
  });

  it('refuses a name that begins with a colon, and takes such a value', () => {
    expect(isCloudWatchName(':x', 255)).toBe(false);
    expect(isCloudWatchText(':x', 255)).toBe(true);
  });
});
