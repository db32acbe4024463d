// The explanation of a pasted error: readable, commands whole, and the paste itself never shown again.
import { describe, expect, it } from 'vitest';
import { matchErrorText } from '../../src/facts/error-match.ts';
import { ERROR_TEXTS } from '../../src/facts/error-texts.ts';
import { renderErrorExplanation, renderErrorExplanationJson } from '../../src/report/explain-error.ts';
import { displayWidth } from '../../src/report/layout.ts';

const STYLE = { colour: false, width: 80, unicode: true };
const EXPIRED =
  'An error occurred (ExpiredToken) when calling PutObject: The provided token has expired. x-secret-x';
const explain = (text: string, failed: readonly string[] | null = null) =>
  renderErrorExplanation(matchErrorText(text), STYLE, failed);

describe('offline', () => {
  const text = explain(EXPIRED);

  it('says what it means, who says it, and every cause with its findings and its command', () => {
    expect(text.split('\n')[0]).toBe('The request was signed with temporary credentials that have run out');
    expect(text).toContain('AWS SDK for Java 1');
    expect(text).toContain('Causes, the most frequent first\n  1.  Credentials were exported');
    expect(text).toContain('Finding: env-credentials-expired, env-credentials-shadow-role');
    expect(text).toContain('\n      unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n');
  });

  it('says how to find out which it is', () => {
    expect(text).toContain('imds-probe check --error "<the same text>"');
  });

  it('never shows what was pasted', () => expect(text).not.toContain('x-secret-x'));

  it('says when only a piece was recognised', () => {
    expect(explain('security token included in the request')).toContain('Looks like a piece of what is said');
  });

  it('says when nothing was recognised', () => {
    expect(explain('boo')).toMatch(/^This text is not in the catalogue\.\n/);
  });

  it('names another reading that fits nearly as well', () => {
    const both = explain(
      'ExpiredToken ExpiredToken. Partial credentials found in env. UnrecognizedClientException',
    );
    expect(both).toContain('It could also mean\n');
  });
});

describe('on an instance', () => {
  it('puts what was found first', () => {
    const text = explain(EXPIRED, ['role-credentials-expired']);
    expect(text).toContain(
      'Causes, what was found on this instance first\n  1.  Found here: role-credentials-expired. The metadata service',
    );
    expect(text).not.toContain('check --error');
  });

  it('says when nothing of it was found', () => {
    expect(explain(EXPIRED, ['imds-slow'])).toContain('None of these was found on this instance');
  });
});

it.each(ERROR_TEXTS.map((entry) => [entry.id, entry] as const))(
  '%s is wrapped, its commands are whole',
  (_id, entry) => {
    const commands = entry.causes.map((cause) => cause.command ?? '');
    const lines = renderErrorExplanation([{ entry, score: 1, partial: false }], {
      ...STYLE,
      width: 60,
    }).split('\n');
    for (const command of commands) {
      if (command !== '') expect(lines.map((line) => line.trim())).toContain(command);
    }
    const wide = lines.filter((line) => displayWidth(line) > 60 && !line.includes('https://'));
    expect(wide.filter((line) => !commands.includes(line.trim()))).toEqual([]);
  },
);

it('the same is there as data', () => {
  const data = JSON.parse(renderErrorExplanationJson(matchErrorText(EXPIRED), ['env-credentials-expired']));
  expect(data.matches[0]).toMatchObject({ id: 'expired-token', partial: false });
  expect(data.causes[0]).toMatchObject({ confirmed: ['env-credentials-expired'], of: 'expired-token' });
  expect(JSON.stringify(data)).not.toContain('x-secret-x');
  expect(JSON.parse(renderErrorExplanationJson([])).matches).toEqual([]);
});
