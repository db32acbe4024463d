// `explain` with the text of an error, and `check --error`, as processes: what is told where, and the exit codes.
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { run } from '../support/program.ts';

const EXPIRED =
  'An error occurred (ExpiredToken) when calling the ListBuckets operation: The provided token has expired.';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

interface Explained {
  readonly matches: readonly { readonly id: string }[];
  readonly causes: readonly {
    readonly findings: readonly string[];
    readonly confirmed?: readonly string[];
  }[];
}

describe.concurrent('explain "<text>"', () => {
  it.each([
    ['one word', ['ExpiredToken']],
    ['one word in small letters', ['expiredtoken']],
    ['a quoted line', [EXPIRED]],
    ['an unquoted one', EXPIRED.split(' ')],
    ['one that names a command', ['check', 'failed:', EXPIRED]],
  ])('%s is matched to its causes', async (_, words) => {
    const ended = await run(['explain', ...words]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Causes, the most frequent first');
    expect(ended.stdout).toContain('role-credentials-expired');
    expect(ended.stdout).toContain('imds-probe check --error');
    expect(ended.stderr).toBe('');
  });

  it('is one object with --json', async () => {
    const ended = await run(['explain', '--json', EXPIRED]);
    const { matches, causes } = JSON.parse(ended.stdout) as Explained;
    expect(matches.length).toBeGreaterThan(0);
    expect(causes.flatMap(({ findings }) => findings)).toContain('env-credentials-expired');
    expect(ended.code).toBe(0);
  });

  it('that nobody knows ends with 1, and repeats nothing of it', async () => {
    const text = `the flux capacitor said ${SECRET}`;
    const [plain, json] = await Promise.all([run(['explain', text]), run(['explain', '--json', text])]);
    expect(plain.code).toBe(1);
    expect(plain.stdout).toContain('not in the catalogue');
    expect(plain.stdout + plain.stderr + json.stdout + json.stderr).not.toContain(SECRET);
    expect(JSON.parse(json.stdout)).toEqual({ matches: [], causes: [] });
    expect(json.code).toBe(1);
  });

  it.each(['imds-hop-limt', 'no-such-finding'])('%s is taken for an id', async (id) => {
    const ended = await run(['explain', id]);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(`there is no finding "${id}"`);
    expect(ended.stdout).toBe('');
  });
});

describe.concurrent('check --error', () => {
  it('ranks the causes by what is true here, after the report', async () => {
    const ended = await run(['check', '--simulate', 'expired', '--error', `${EXPIRED} ${SECRET}`]);
    expect(ended.code).toBe(2);
    expect(ended.stdout.indexOf('CRITICAL')).toBe(0);
    const ranking = ended.stdout.slice(ended.stdout.indexOf('Causes, what was found on this instance first'));
    expect(ranking).toMatch(/^ +1\. +Found here: role-credentials-expired\./m);
    expect(ended.stdout + ended.stderr).not.toContain(SECRET);
  });

  it('says so where nothing of it is true here', async () => {
    const ended = await run(['check', '--simulate', 'healthy', '--error', EXPIRED]);
    expect(ended.stdout).toContain('None of these was found on this instance');
    expect(ended.code).toBe(0);
  });

  it.each(['json', 'nagios', 'prometheus'])('leaves standard output to the report: %s', async (format) => {
    const ended = await run(['check', '--simulate', 'expired', '--format', format, '--error', EXPIRED]);
    expect(ended.stdout).not.toContain('Causes');
    expect(ended.stderr).toContain('Found here: role-credentials-expired');
    if (format === 'json') expect((JSON.parse(ended.stdout) as Report).status).toBe('critical');
    expect(ended.code).toBe(2);
  });

  it('needs a text', async () => {
    const ended = await run(['check', '--simulate', 'healthy', '--error']);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain('error');
  });
});
