// The credential chain in the text report: told where there is something to tell, aligned, and bounded.
import { describe, expect, it } from 'vitest';
import type { CallerIdentities, ChainWorld, CredentialChain, IdentityAnswer } from '../../src/core/chain.ts';
import type { Report } from '../../src/core/report.ts';
import { chainLines } from '../../src/report/chain-table.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { penFor } from '../../src/report/pen.ts';
import {
  chain,
  environmentKeys,
  keyed,
  LONG_LIVED,
  NO_ROLE,
  NOW,
  profile,
  ROLE,
  TEMPORARY,
} from '../support/chain.ts';
import { lost, seen } from '../support/snapshot.ts';

const PEN = penFor({ colour: false, unicode: true, width: 80 });
const report = (observations: Report['observations']) => ({
  observations,
  startedAt: new Date(NOW).toISOString(),
});
const linesOf = (value: CredentialChain, verbose = false, width = 80): string[] =>
  chainLines(
    report({ 'credential-chain': seen(value) }),
    penFor({ colour: false, unicode: true, width }),
    verbose,
  );

const EXPIRED = environmentKeys(TEMPORARY, { expiration: '2026-11-23T09:00:00Z', expired: true });

describe('nothing is told', () => {
  it('of no role and no source', () => expect(linesOf(chain({}, NO_ROLE))).toEqual([]));

  it('where the chain was not looked at or could not be', () => {
    expect(chainLines(report({}), PEN, true)).toEqual([]);
    expect(chainLines(report({ 'credential-chain': lost('permission') }), PEN, true)).toEqual([]);
  });
});

it('tells of the role alone until when it is good, and who refreshes it when', () => {
  expect(linesOf(chain())).toEqual([
    'Where this shell gets its credentials (the first one wins)',
    '  instance-role  used, ASIA…ROLE, until 2026-11-23 18:00:00 UTC, role web-server',
    '  refreshed by   Go 2 at 13:00, Java 2 at 15:00, AWS CLI/boto3 at 17:45,',
    '                 JavaScript 3 at 17:55, Rust at 17:59 (UTC; if fetched when new)',
  ]);
});

it('says who goes on signing with a role that has expired', () => {
  const gone = { ...ROLE, expiration: '2026-11-23T12:00:00Z', lastUpdated: '2026-11-23T06:00:00Z' };
  expect(linesOf(chain({}, gone)).join(' ').replaceAll(/ +/g, ' ')).toContain(
    'signed with expired credentials by AWS CLI/boto3, JavaScript 3, Java 2, Go 2, Rust, which keep them',
  );
});

it.each<[string, Partial<ChainWorld>, string]>([
  ['environment', { environment: EXPIRED }, 'nobody: they stay as they are until the program is started'],
  ['profile', { profiles: [keyed('default')] }, 'nobody: they stay as they are until somebody edits'],
])('says that nobody refreshes the %s', (_what, world, expected) => {
  expect(linesOf(chain(world)).join('\n')).toContain(expected);
});

describe('who signs', () => {
  const answer = (changes: Partial<IdentityAnswer>): IdentityAnswer => ({
    state: 'accepted',
    arn: 'arn:aws:iam::123456789012:user/bob',
    accountId: '123456789012',
    code: null,
    detail: '',
    accessKeyId: null,
    ...changes,
  });
  const role = answer({ arn: 'arn:aws:sts::123456789012:assumed-role/web/i-1' });
  const rowsOf = (identities: Partial<CallerIdentities>) =>
    chainLines(
      report({
        'credential-chain': seen(chain({ environment: EXPIRED })),
        'caller-identity': seen({ source: 'environment', winner: role, role, endpoint: '', ...identities }),
      }),
      PEN,
      false,
    )
      .map((line) => line.trim())
      .filter((line) => /^(signs as|the role is) /.test(line));

  it.each<[string, Partial<CallerIdentities>, readonly string[]]>([
    [
      'the role itself',
      { source: 'instance-role' },
      [expect.stringMatching(/^signs as +assumed-role\/web\/i-1, account/)],
    ],
    [
      'another identity',
      { winner: answer({}) },
      [
        expect.stringMatching(/^signs as +user\/bob, account 123456789012$/),
        expect.stringMatching(/^the role is .*role\/web/),
      ],
    ],
    [
      'nobody, where the role still works',
      { winner: answer({ state: 'refused', arn: null, code: 'ExpiredToken' }) },
      [
        expect.stringMatching(/^signs as +nobody: STS answers ExpiredToken$/),
        expect.stringMatching(/^the role is/),
      ],
    ],
    [
      'nobody, and the role neither',
      {
        winner: answer({ state: 'refused', arn: null, code: 'ExpiredToken' }),
        role: answer({ state: 'refused', arn: null, code: 'InvalidClientTokenId' }),
      },
      [
        expect.stringContaining('ExpiredToken'),
        expect.stringMatching(/refused by STS: InvalidClientTokenId$/),
      ],
    ],
    [
      'not asked, neither about the role',
      {
        winner: answer({ state: 'not-asked', detail: 'AWS is not asked under --offline' }),
        role: answer({ state: 'not-asked', detail: 'AWS is not asked under --offline' }),
      },
      [],
    ],
    [
      'not known, as it would first have to be fetched',
      { winner: answer({ state: 'not-asked', detail: 'imds-probe does not call sts:AssumeRole' }) },
      [
        expect.stringMatching(/^signs as +not known: imds-probe does not call/),
        expect.stringMatching(/^the role is/),
      ],
    ],
    ['STS out of reach', { winner: answer({ state: 'failed' }) }, []],
  ])('%s', (_what, identities, expected) => expect(rowsOf(identities)).toEqual(expected));
});

it('names every source that is there, the one that is used first', () => {
  expect(linesOf(chain({ environment: EXPIRED }))).toEqual([
    'Where this shell gets its credentials (the first one wins)',
    expect.stringMatching(/^ {2}environment {4}used, ASIA…MPLE, until 2026-11-23 09:00:00 UTC, expired/),
    expect.stringMatching(/^ {2}instance-role {2}ASIA…ROLE, until 2026-11-23 18:00:00 UTC/),
    expect.stringMatching(/^ {2}refreshed by {3}nobody/),
    expect.any(String),
  ]);
});

it('says whose chain it is', () => {
  const value = chain({
    environment: EXPIRED,
    subject: { pid: 42, command: 'java', uid: 1000, home: '/home/app', network: 'same' },
    profile: { name: 'prod', from: 'flag' },
  });
  expect(linesOf(value).slice(0, 2).join(' ')).toBe(
    'Where process 42 (java) with profile "prod" gets its credentials (the first one wins)',
  );
});

it.each([
  ['not-seen', 'its own, and not seen from here (root can look into it)'],
  ['entered', 'its own; the metadata service was asked from inside of it'],
] as const)('says that the network is %s', (network, expected) => {
  const subject = { pid: 42, command: 'java', uid: 1000, home: null, network };
  expect(linesOf(chain({ subject })).join('\n')).toContain(expected);
});

it('tells of each SDK when everything is asked for, and of no source at all', () => {
  const lines = linesOf(chain(), true);
  expect(lines.find((line) => line.includes('SDK for JavaScript 3'))).toMatch(/17:55:00 UTC +5 min$/);
  expect(lines.find((line) => line.includes('botocore'))).toContain('none: may sign expired');
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
    expect(table[0]).toMatch(/^ {2}profile +gives +access key +expires +from$/);
    expect(table[1]).toMatch(
      /^ {2}default \(in use, !\) +static +AKIA…MPLE +never +shared-credentials-file$/,
    );
    expect(table[2]).toMatch(/^ {2}broken \(!\) /);
    expect(table.at(-1)).toBe('  and 6 more (--verbose shows them)');
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
