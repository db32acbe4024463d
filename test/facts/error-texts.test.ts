// The catalogue of error texts and its matcher: every text finds itself, through noise, and other texts find nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ERROR_TEXT, matchErrorText, rankByFindings } from '../../src/facts/error-match.ts';
import type { ErrorText } from '../../src/facts/error-texts/entry.ts';
import { ERROR_TEXTS } from '../../src/facts/error-texts.ts';
import { FINDING_IDS } from '../../src/facts/finding-ids.ts';

const SAID = ERROR_TEXTS.flatMap((entry) => entry.said.map((said) => ({ entry, ...said })));
const bestOf = (text: string): string | undefined => matchErrorText(text)[0]?.entry.id;

describe('the catalogue', () => {
  it('holds at least 40 texts, each once', () => {
    expect(SAID.length).toBeGreaterThanOrEqual(40);
    expect(new Set(SAID.map(({ text, client }) => `${client}: ${text}`)).size).toBe(SAID.length);
  });

  it.each([
    'AWS CLI',
    'boto3',
    'Java 1',
    'Java 2',
    'JavaScript 2',
    'JavaScript 3',
    'Go 1',
    'Go 2',
    '.NET',
    'Rust',
    'Terraform',
    'Load Balancer Controller',
    'ECS agent',
    'SSM agent',
    'CloudWatch agent',
    'fluent-bit',
  ])('knows what %s says', (client) => {
    expect(SAID.filter((said) => said.client.includes(client)).length).toBeGreaterThan(0);
  });

  it.each(ERROR_TEXTS.map((entry) => [entry.id, entry] as const))('%s is complete', (id, entry) => {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(entry.title).not.toMatch(/[.!]$/);
    expect(entry.causes.length).toBeGreaterThan(0);
    expect(new Set(entry.causes.map((cause) => cause.text)).size).toBe(entry.causes.length);
    expect(entry.causes.flatMap((cause) => cause.findings).length).toBeGreaterThan(0);
    for (const { command, text, findings } of entry.causes) {
      expect(text).toMatch(/\.$/);
      expect(command ?? '').not.toMatch(/[\r\n]/);
      for (const finding of findings) expect(FINDING_IDS).toContain(finding);
    }
    for (const { source } of entry.said) expect(source).toMatch(/^https:\/\/\S+$/);
    for (const phrases of entry.patterns) {
      expect(phrases.join('').replace(/[^a-z0-9]/gi, '').length).toBeGreaterThanOrEqual(12);
    }
  });

  it('has ids of its own', () => {
    expect(new Set(ERROR_TEXTS.map((entry) => entry.id)).size).toBe(ERROR_TEXTS.length);
  });

  it('has no pattern that nobody says, but for a status that a client prints like another', () => {
    const matched = (entry: ErrorText, phrases: readonly string[]) =>
      entry.said.some(({ text }) => phrases.every((phrase) => bare(text).includes(bare(phrase))));
    const idle = ERROR_TEXTS.flatMap((entry) =>
      entry.patterns
        .filter((phrases) => !matched(entry, phrases))
        .map((phrases) => `${entry.id}: ${phrases}`),
    );
    expect(idle.filter((pattern) => !/status ?code: \d{3}$/i.test(pattern))).toEqual([]);
  });
});

const bare = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');

describe('matchErrorText', () => {
  it.each(SAID.map(({ client, text, entry }) => [client, text, entry.id] as const))(
    'knows what %s says: %s',
    (_client, text, id) => {
      const [best, second] = matchErrorText(text);
      expect(best?.entry.id).toBe(id);
      expect(best?.partial).toBe(false);
      if (second !== undefined) expect(second.score).toBeLessThanOrEqual(best?.score ?? 0);
    },
  );

  it.each([
    ['upper case', 'AN ERROR OCCURRED (EXPIREDTOKEN): THE PROVIDED TOKEN HAS EXPIRED.', 'expired-token'],
    ['an error code alone', 'ExpiredToken', 'expired-token'],
    ['an error code with an ending', 'got ExpiredTokenException from Kinesis', 'expired-token'],
    ['a code broken by the terminal', 'api error Expired\n│ TokenException: …', 'expired-token'],
    ['typographic quotes', '“The security token included in the request is invalid”', 'invalid-token'],
    ['a JSON log line', '{"msg":"no valid\\n\\tproviders in chain"}', 'no-credentials-go-1'],
    ['colours', '\u001b[31mUnable to\u001b[0m locate credentials', 'no-credentials-python'],
    [
      'the status that tells them apart',
      'no EC2 IMDS role found, http response error StatusCode: 503',
      'metadata-throttled',
    ],
    ['a start that was cut', 'included in the request is expired (Service: Sqs', 'expired-token'],
    ['an end that was cut', 'The AWS Access Key Id you provided does not ex', 'unknown-access-key'],
    [
      'a stack trace around it',
      `Traceback:\n${'  File "x.py", line 3\n'.repeat(200)}botocore.exceptions.NoCredentialsError: Unable to locate credentials\n`,
      'no-credentials-python',
    ],
  ])('sees through %s', (what, text, id) => {
    const [best] = matchErrorText(text);
    expect(best?.entry.id).toBe(id);
    expect(best?.partial).toBe(what.endsWith('was cut'));
  });

  it.each([
    '',
    '   \n',
    'hello world',
    'Error: connection refused',
    'npm ERR! code E404',
    'Your GitHub token expired, please log in again',
    'panic: runtime error: index out of range [3] with length 3',
    'TypeError: Cannot read properties of undefined (reading "map")',
    'curl: (28) Operation timed out after 1000 milliseconds',
    'HTTP 404 Not Found',
    'could not connect to server: Connection timed out',
    'permission denied while trying to connect to the Docker daemon socket',
    'the provided password has expired',
    'error validating data: the request is invalid',
    'x509: certificate has expired or is not yet valid',
  ])('finds nothing in %j', (text) => expect(matchErrorText(text)).toEqual([]));

  it('says when only a piece was found, and names every text it may come from', () => {
    const matches = matchErrorText('security token included in the request');
    expect(matches.every((match) => match.partial)).toBe(true);
    expect(matches.map((match) => match.entry.id).slice(0, 2)).toEqual(['expired-token', 'invalid-token']);
  });

  it('reads a bounded part', () => {
    expect(matchErrorText(`${'x '.repeat(MAX_ERROR_TEXT)} Unable to locate credentials`)).toEqual([]);
    expect(bestOf(`Unable to locate credentials ${'x '.repeat(MAX_ERROR_TEXT)}`)).toBe(
      'no-credentials-python',
    );
  });
});

/** Breaks a text into lines at a column, in the middle of words too, as a terminal does. */
const wrapped = (text: string, column: number, edge: string): string =>
  text.match(new RegExp(`[\\s\\S]{1,${column}}`, 'g'))?.join(`\n${edge}`) ?? '';

describe('every text is still found first', () => {
  const said = fc.constantFrom(...SAID);

  it('when a terminal wraps it and its case changes', () => {
    fc.assert(
      fc.property(
        said,
        fc.integer({ min: 20, max: 120 }),
        fc.constantFrom('', '│ ', '| ', '> '),
        fc.constantFrom('as-is', 'upper', 'lower'),
        ({ text, entry }, column, edge, letters) => {
          const cased =
            letters === 'upper' ? text.toUpperCase() : letters === 'lower' ? text.toLowerCase() : text;
          expect(bestOf(wrapped(cased, column, edge))).toBe(entry.id);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('with a log’s noise around it, quoted, and with other ids in it', () => {
    const noise = fc.array(
      fc.constantFrom(
        '2026-11-23T11:59:00.000Z [error]',
        'arn:aws:iam::123456789012:role/web',
        'request id: 25b9b369-9954-5d2c-8c21-e84006d4ec55',
        'at Object.<anonymous> (/srv/app/index.js:12:3)',
        'i-0123456789abcdef0 kernel: eth0 up',
        '\u001b[1m',
        'level=error ts=1657324768.868449',
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        said,
        noise,
        noise,
        fc.uuid(),
        fc.boolean(),
        ({ text, entry }, before, after, uuid, json) => {
          const renewed = text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, uuid);
          const quoted = json ? JSON.stringify({ error: renewed }) : `'${renewed}'`;
          expect(bestOf([...before, quoted, ...after].join('\n'))).toBe(entry.id);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('and nothing makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(Array.isArray(matchErrorText(text))).toBe(true);
      }),
    );
  });
});

describe('rankByFindings', () => {
  const matches = matchErrorText(
    'no valid credential sources found: no EC2 IMDS role found, context deadline exceeded',
  );

  it('keeps the order of the entry where nothing was found', () => {
    const [first] = matches;
    expect(
      rankByFindings(matches, [])
        .slice(0, 2)
        .map(({ cause }) => cause),
    ).toEqual(first?.entry.causes.slice(0, 2));
  });

  it('puts what is true here first, the root cause before the others', () => {
    const ranked = rankByFindings(matches, ['role-missing', 'imds-slow', 'cli-cache-expired']);
    expect(ranked.slice(0, 3).map(({ confirmed }) => confirmed)).toEqual([
      ['role-missing'],
      ['role-missing'],
      ['imds-slow'],
    ]);
    expect(ranked.slice(3).every(({ confirmed }) => confirmed.length === 0)).toBe(true);
  });

  it('names each cause once', () => {
    const texts = rankByFindings(matches, ['imds-proxied']).map(({ cause }) => cause.text);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
