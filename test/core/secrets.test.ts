// What looks like a secret does not get through, and what an operator needs does.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '../../src/core/secrets.ts';

const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY4';
const SESSION_TOKEN = `IQoJb3JpZ2luX2VjE${'aB3/x+'.repeat(60)}==`;
const IMDS_TOKEN = 'AQAEAHx5Yz7W1qR2s3T4u5V6w7X8y9Z0aBcDeFgHiJkLmNoPqRsTuQ==';

describe('withoutSecrets', () => {
  it.each([
    ['a secret key', `key ${SECRET_KEY} was used`, 'key … was used'],
    ['a session token', `x ${SESSION_TOKEN} y`, 'x … y'],
    ['a token of IMDS', `token ${IMDS_TOKEN}`, 'token …'],
    ['a proxy password', 'via http://joe:s3cret@proxy:3128/ it failed', 'via http://…@proxy:3128/ it failed'],
    ['an access key id', 'ASIAIOSFODNN7EXAMPLE is expired', 'ASIA…MPLE is expired'],
    [
      'a short value with a telling name',
      '"SecretAccessKey" : "abc", "x": 1',
      '"SecretAccessKey" : …, "x": 1',
    ],
    ['a header line', 'x-amz-security-token:abc\nhost:x', 'x-amz-security-token:…\nhost:x'],
    ['a signature', 'Signature=0123abcd, more', 'Signature=…, more'],
  ])('hides %s', (_name, text, expected) => {
    expect(withoutSecrets(text)).toBe(expected);
  });

  it.each([
    'User: arn:aws:sts::123456789012:assumed-role/WebServerRoleForProduction/i-0123456789abcdef0 is not authorized to perform: cloudwatch:PutMetricData',
    'The security token included in the request is expired',
    'getaddrinfo ENOTFOUND monitoring.ap-southeast-2.amazonaws.com',
    '/opt/imds-probe/lib/some/very/long/path/of/a/file/that/is/not/secret.txt',
  ])('leaves %j alone', (text) => {
    expect(withoutSecrets(text)).toBe(text);
  });

  it('hides known secrets of any shape, wherever they stand', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!secret.includes('…') && !`${before}${after}`.includes(secret) && !'…'.includes(secret));
        const text = withoutSecrets(`${before} ${secret} ${after}`, [secret]);
        // The marks around it may join it to a neighbour only by making it longer, never by leaving it in.
        expect(text.split('…').every((part) => !part.includes(secret))).toBe(true);
      }),
    );
  });

  it('takes a hostile megabyte in its stride', () => {
    const started = performance.now();
    for (const piece of ['a', '"', ':', '/@', 'password=', 'Aa1', '//:'])
      withoutSecrets(piece.repeat(1_000_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
