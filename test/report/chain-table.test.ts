// The credential chain in the text report: told where there is something to tell, aligned, and bounded.
import { describe, expect, it } from 'vitest';
import type { CredentialChain } from '../../src/core/chain.ts';
import { chainLines } from '../../src/report/chain-table.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { penFor } from '../../src/report/pen.ts';
import { chain, environmentKeys, keyed, LONG_LIVED, NO_ROLE, profile, TEMPORARY } from '../support/chain.ts';
import { lost, seen } from '../support/snapshot.ts';

const linesOf = (value: CredentialChain, verbose = false, width = 80): string[] =>
  chainLines(seen(value), penFor({ colour: false, unicode: true, width }), verbose);

const EXPIRED = environmentKeys(TEMPORARY, { expiration: '2026-11-23T09:00:00Z', expired: true });

describe('nothing is told', () => {
  it.each([
    ['of the role alone', chain()],
    ['of no role', chain({}, NO_ROLE)],
  ])('%s', (_what, value) => expect(linesOf(value)).toEqual([]));

  it('where the chain was not looked at or could not be', () => {
    const pen = penFor({ colour: false, unicode: true, width: 80 });
    expect(chainLines(undefined, pen, true)).toEqual([]);
    expect(chainLines(lost('permission'), pen, true)).toEqual([]);
  });
});

it('names every source that is there, the one that is used first', () => {
  expect(linesOf(chain({ environment: EXPIRED }))).toEqual([
    'Where this shell gets its credentials (the first one wins)',
    expect.stringMatching(/^ {2}environment {4}used, ASIA…MPLE, until 2026-11-23T09:00:00Z/),
    expect.stringMatching(/^ {2}instance-role {2}ASIA…ROLE, until 2026-11-23T18:00:00Z/),
  ]);
});

it('says whose chain it is', () => {
  const value = chain({
    environment: EXPIRED,
    subject: { pid: 42, command: 'java', uid: 1000, home: '/home/app', network: 'same' },
    profile: { name: 'prod', from: 'flag' },
  });
  expect(linesOf(value)[0]).toBe(
    'Where process 42 with profile "prod" gets its credentials (the first one wins)',
  );
});

it('tells of the role alone when everything is asked for, and of no source at all', () => {
  expect(linesOf(chain(), true)[1]).toMatch(/^ {2}instance-role {2}used, ASIA…ROLE/);
  expect(linesOf(chain({}, NO_ROLE), true)[1]).toMatch(/^ {2}nowhere {2}no source/);
});

describe('profiles', () => {
  const many = Array.from({ length: 12 }, (_, index) => keyed(`p${index}`));
  const value = chain({
    profiles: [
      ...many,
      profile('broken', { roleArn: 'arn:aws:iam::1:role/x', sourceProfile: 'nowhere' }),
      keyed('default', LONG_LIVED, { conflicts: ['aws_access_key_id'] }),
    ],
  });

  it('come with the one in use first, then those with problems, and are bounded', () => {
    const lines = linesOf(value);
    const table = lines.slice(lines.indexOf('') + 1);
    expect(table[0]).toMatch(/^ {2}profile +gives +access key +until +origin$/);
    expect(table[1]).toMatch(/^ {2}default \(in use, !\) +static +AKIA…MPLE/);
    expect(table[2]).toMatch(/^ {2}broken \(!\) /);
    expect(table.at(-1)).toBe('  and 6 more (--verbose shows all)');
    expect(table).toHaveLength(10);
  });

  it('come whole with what is wrong with them on demand', () => {
    const lines = linesOf(value, true);
    expect(lines.filter((line) => /^ {2}p\d+ /.test(line))).toHaveLength(12);
    expect(lines).toContain('  ! default: both files set aws_access_key_id, differently');
  });

  it.each([40, 60, 100])('keep to %i columns', (width) => {
    for (const line of linesOf(value, true, width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });
});
