// The readers of everything IMDS sends, against tables and against chance.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseCredentials,
  parseIdentity,
  parseIsoTime,
  parseProfile,
  parseRoleList,
  parseToken,
  parseTokenTtl,
} from '../../../src/clients/imds/answers.ts';

const anyText = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));
const anyJson = fc.json({ maxDepth: 4 });
const NASTY = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/;

/** Every text within a value. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe('secrets in the wrong place', () => {
  const SECRET = 'wJalrXUtnFEMIxKxMDENG';
  const credentials = (changes: object) =>
    parseCredentials(JSON.stringify({ SecretAccessKey: SECRET, Token: `${SECRET}token`, ...changes }));

  test.each([
    ['the secret key', SECRET],
    ['a part of it all', `it was ${SECRET}token`],
    ['a key id', 'AKIAIOSFODNN7EXAMPLE'],
  ])('a Code that is %s is none', (_, Code) => {
    expect(credentials({ Code })).toEqual({ ok: false, odd: 'Code holds what looks like a secret' });
  });

  test('a Message is told without them', () => {
    const told = credentials({ Code: 'Failed', Message: `${SECRET} of AKIAIOSFODNN7EXAMPLE is wrong` });
    expect(told).toMatchObject({ ok: true, value: { message: '… of AKIA…MPLE is wrong' } });
  });
});

describe('by chance', () => {
  const readers = { parseRoleList, parseCredentials, parseProfile, parseIdentity, parseToken };
  test.each(Object.entries(readers))('%s never throws, whatever comes', (_, parse) => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyJson), (body) => {
        const result = parse(body);
        if (!result.ok) expect(result.odd.length).toBeLessThan(120);
      }),
    );
  });

  test('a role name that is accepted is safe in a path and in a header', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.stringMatching(/^[A-Za-z0-9_+=,.@/-]{0,70}$/)), (body) => {
        const list = parseRoleList(body);
        if (list.ok && list.value !== null) {
          expect(list.value).toMatch(/^[A-Za-z0-9_+=,.@-]{1,64}$/);
          expect(new URL(list.value, 'http://h/a/b/').pathname).toBe(`/a/b/${list.value}`);
        }
      }),
    );
  });

  test('every valid role name survives, alone, with a slash, or as the first of many', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_+=,.@-]{1,64}$/).filter((text) => !/^\.{1,2}$/.test(text));
    fc.assert(
      fc.property(name, fc.constantFrom('', '/', '\n', '/\r\nother', '\nother\n'), (role, tail) => {
        expect(parseRoleList(`${role}${tail}`)).toEqual({ ok: true, value: role });
      }),
    );
  });

  test('credentials: what is read back is what was sent, whatever else the object holds', () => {
    const word = fc.stringMatching(/^[\x21-\x7e]{1,128}$/);
    const time = fc
      .date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
      .map((date) => date.toISOString());
    const rest = fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'Type', 'x'), fc.jsonValue());
    fc.assert(
      fc.property(
        word,
        word,
        word,
        time,
        time,
        rest,
        (id, secret, sessionToken, lastUpdated, expiration, other) => {
          const body = JSON.stringify({
            ...other,
            Code: 'Success',
            LastUpdated: lastUpdated,
            AccessKeyId: id,
            SecretAccessKey: secret,
            Token: sessionToken,
            Expiration: expiration,
          });
          expect(parseCredentials(body)).toEqual({
            ok: true,
            value: {
              code: 'Success',
              lastUpdated,
              lastUpdatedMs: Date.parse(lastUpdated),
              expiration,
              expirationMs: Date.parse(expiration),
              keys: { accessKeyId: id, secretAccessKey: secret, sessionToken },
            },
          });
        },
      ),
    );
  });

  test('credentials and profiles of any shape: what is accepted can be shown and sent', () => {
    const field = fc.oneof(
      anyText,
      fc.jsonValue(),
      fc.constant('Success'),
      fc.constant('2026-01-01T00:00:00Z'),
    );
    const names = ['Code', 'Message', 'LastUpdated', 'Expiration', 'AccessKeyId', 'SecretAccessKey', 'Token'];
    const profileNames = ['Code', 'Message', 'LastUpdated', 'InstanceProfileArn', 'InstanceProfileId'];
    const object = (of: readonly string[]) =>
      fc.record(Object.fromEntries(of.map((name) => [name, field])), { requiredKeys: [] });
    fc.assert(
      fc.property(object(names), object(profileNames), (loose, info) => {
        for (const result of [parseCredentials(JSON.stringify(loose)), parseProfile(JSON.stringify(info))]) {
          if (!result.ok) continue;
          for (const text of texts(result.value)) expect(text).not.toMatch(NASTY);
        }
      }),
    );
  });

  test('an identity that is accepted can be pasted into a shell', () => {
    const field = fc.oneof(
      anyText,
      fc.jsonValue(),
      fc.constantFrom('i-0abc', 'us-east-1', 'x;reboot', '`id`'),
    );
    const names = ['instanceId', 'region', 'availabilityZone', 'accountId', 'instanceType', 'imageId'];
    fc.assert(
      fc.property(fc.record(Object.fromEntries(names.map((name) => [name, field]))), (document) => {
        const result = parseIdentity(JSON.stringify(document));
        if (!result.ok) return;
        for (const text of texts(result.value)) expect(text).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      }),
    );
  });

  test('a TTL is always one that a token can have', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.integer().map(String), fc.constant(undefined)), (header) => {
        const ttl = parseTokenTtl(header);
        expect(Number.isInteger(ttl) && ttl >= 1 && ttl <= 21_600).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.integer({ min: 1, max: 21_600 }), (ttl) => parseTokenTtl(` ${ttl}`) === ttl));
  });
});

describe('times', () => {
  test.each([
    ['2026-06-30T23:59:59Z', Date.UTC(2026, 5, 30, 23, 59, 59)],
    ['2026-06-30T23:59:59.5Z', Date.UTC(2026, 5, 30, 23, 59, 59, 500)],
    ['2024-02-29T00:00:00+02:00', Date.UTC(2024, 1, 28, 22)],
    ['2026-06-31T00:00:00Z', null],
    ['2025-02-29T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['2026-00-01T00:00:00Z', null],
    ['2026-01-01T24:00:00Z', null],
    ['2026-01-01T00:60:00Z', null],
    ['2026-01-01T00:00:00', null],
    ['2026-01-01', null],
    ['2026-01-01 00:00:00Z', null],
    ['+012026-01-01T00:00:00Z', null],
    ['2026-01-01T00:00:00Zjunk', null],
    [`2026-01-01T00:00:00.${'0'.repeat(60)}Z`, null],
    [1_767_225_600, null],
    [null, null],
  ])('%j', (text, ms) => {
    expect(parseIsoTime(text)).toBe(ms);
  });
});

describe('Regions', () => {
  test.each([
    'us-east-1',
    'us-gov-west-1',
    'cn-north-1',
    'us-iso-east-1',
    'eusc-de-east-1',
    'ap-southeast-7',
  ])('%s', (region) => {
    expect(parseIdentity(JSON.stringify({ region }))).toMatchObject({ ok: true, value: { region } });
  });
  test.each(['us-east-1.evil.example', 'us_east_1', 'US-EAST-1', 'us-east-1/', '-us-east-1', 'us'])(
    'not %s',
    (region) => {
      expect(parseIdentity(JSON.stringify({ region, instanceId: 'i-1a' }))).toMatchObject({
        ok: true,
        value: { region: null },
      });
    },
  );
});
