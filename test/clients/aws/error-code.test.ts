// What is taken for an error code: AWS's own words, and nothing a hostile peer puts in their place.
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '../../../src/clients/aws/error-code.ts';
import { CREDENTIALS } from '../../support/cloudwatch-server.ts';

describe('isErrorCode', () => {
  it.each<[string, string, boolean]>([
    ['ExpiredToken', 'ExpiredToken', true],
    ['with a dot', 'InvalidInstanceID.NotFound', true],
    ['the longest there are', 'InvalidParameterCombinationException', true],
    ['empty', '', false],
    ['a sentence', 'no such thing', false],
    ['a key id of anybody', 'AKIAIOSFODNN7EXAMPLE', false],
    ['our key id', CREDENTIALS.accessKeyId, false],
    ['our secret key, if it were all letters', 'wJalrXUtnFEMIxKMDENGxbPxRfiCYEXAMPLEKEY', false],
    ['what looks random', 'wJalrXUtnFEMI7K7MDENG7bPxRfiCYEXAMPLEKEY4', false],
  ])('%s', (_, text, expected) => {
    expect(isErrorCode(text, ['wJalrXUtnFEMIxKMDENGxbPxRfiCYEXAMPLEKEY'])).toBe(expected);
  });
});
