// The YAML file: what is read of it, and the exact words for every mistake.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configErrorText } from '../../src/config/error.ts';
import {
  configLocation,
  DEFAULT_CONFIG_PATH,
  MAX_CONFIG_FILE,
  parseConfigFile,
  readConfigFile,
} from '../../src/config/file.ts';

const errorsOf = async (text: string): Promise<string[]> =>
  (await parseConfigFile('/c.yaml', text)).errors.map(configErrorText);

describe('a file that can be read', () => {
  it.each<[string, string, Record<string, { line: number; texts: string[] }>]>([
    ['nothing', '', {}],
    ['comments only', '# timeout: 2\n', {}],
    [
      'plain values, as they are written',
      'timeout: 2.50\nimdsv1: yes\n',
      {
        timeout: { line: 1, texts: ['2.50'] },
        imdsv1: { line: 2, texts: ['yes'] },
      },
    ],
    [
      'odd numbers, left to the setting to judge',
      'timeout: 0x10\nattempts: .inf\n',
      {
        timeout: { line: 1, texts: ['0x10'] },
        attempts: { line: 2, texts: ['.inf'] },
      },
    ],
    [
      'quoted values',
      'fleet: "web 1"\nregion: \'eu-west-1\'\n',
      {
        fleet: { line: 1, texts: ['web 1'] },
        region: { line: 2, texts: ['eu-west-1'] },
      },
    ],
    [
      'lists in both forms',
      'only: [imds, role]\nskip:\n  - clock\n  - imds-slow\n',
      {
        only: { line: 1, texts: ['imds', 'role'] },
        skip: { line: 2, texts: ['clock', 'imds-slow'] },
      },
    ],
    ['settings without a value, as not set', 'region:\nfleet: null\nprofile: ~\n', {}],
    ['a text with several lines', 'fleet: >-\n  a\n  b\n', { fleet: { line: 1, texts: ['a b'] } }],
    [
      'Windows line ends',
      'timeout: 2\r\nattempts: 3\r\n',
      {
        timeout: { line: 1, texts: ['2'] },
        attempts: { line: 2, texts: ['3'] },
      },
    ],
    [
      'IPv6 in a list',
      'time-server: ["[fd00:ec2::123]"]',
      {
        'time-server': { line: 1, texts: ['[fd00:ec2::123]'] },
      },
    ],
  ])('gives %s', async (_, text, entries) => {
    const file = await parseConfigFile('/c.yaml', text);
    expect(file.errors).toEqual([]);
    expect(Object.fromEntries(file.entries)).toEqual(entries);
  });
});

describe('a file that cannot be read', () => {
  it.each<[string, string, string[]]>([
    ['a doubled setting', 'timeout: 1\ntimeout: 2\n', ['/c.yaml:2: this setting is in the file twice']],
    ['a tab', 'only:\n\t- imds\n', ['/c.yaml:2: YAML must not be indented with tabs']],
    [
      'a list instead of settings',
      '- timeout\n',
      ['/c.yaml:1: the file is no list of settings; allowed: lines such as "timeout: 2"'],
    ],
    [
      'a sentence',
      'timeout 2\n',
      ['/c.yaml:1: the file is no list of settings; allowed: lines such as "timeout: 2"'],
    ],
    [
      'a nested setting',
      '\nclock:\n  warning: 30\n',
      ['/c.yaml:2: clock has a value of another form; allowed: a plain value or a list of such'],
    ],
    [
      'a list within a list',
      'only: [[imds]]\n',
      ['/c.yaml:1: only has a value of another form; allowed: a plain value or a list of such'],
    ],
    [
      'an alias',
      'fleet: &name web\nnamespace: *name\n',
      ['/c.yaml:2: namespace has a value of another form; allowed: a plain value or a list of such'],
    ],
    ['a tag', 'fleet: !secret web\n', ['/c.yaml:1: YAML tags are not allowed here']],
    [
      'a tag the parser knows',
      'fleet: !!binary d2Vi\n',
      ['/c.yaml:1: fleet has a value of another form; allowed: a plain value or a list of such'],
    ],
    [
      'a second document',
      'timeout: 1\n---\ntimeout: 2\n',
      ['/c.yaml:2: the file must hold one YAML document only'],
    ],
    ['an open list', 'only: [imds,\n', ['/c.yaml:2: the indentation is not valid YAML']],
    ['an open quote', 'fleet: "web\n', ['/c.yaml:2: this is not valid YAML']],
    ['a key that is a list', '? [a]\n: b\n', ['/c.yaml:1: a setting needs a plain name']],
    ['too much', `# ${'x'.repeat(MAX_CONFIG_FILE)}`, ['/c.yaml:1: the file is too large']],
    ['a bomb of brackets', `a: ${'['.repeat(60_000)}`, ['/c.yaml:1: the file is nested too deeply']],
    ['a bomb of braces', `\na: ${'{a: '.repeat(15_000)}`, ['/c.yaml:2: the file is nested too deeply']],
    ['a bomb of dashes', '- '.repeat(30_000), ['/c.yaml:1: the file is nested too deeply']],
    ['a bomb of questions', '? '.repeat(30_000), ['/c.yaml:1: the file is nested too deeply']],
    [
      'a bomb of indentation',
      Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      ['/c.yaml:66: the file is nested too deeply'],
    ],
    [
      'a billion laughs',
      'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n',
      [
        '/c.yaml:2: b has a value of another form; allowed: a plain value or a list of such',
        '/c.yaml:3: c has a value of another form; allowed: a plain value or a list of such',
      ],
    ],
  ])('tells %s', async (_, text, errors) => {
    expect(await errorsOf(text)).toEqual(errors);
  });

  it('shows nothing of what stands in it', async () => {
    const text = 'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n  x: : y\n\t- z';
    expect((await errorsOf(text)).join()).not.toContain('wJalr');
  });

  it('never rejects, whatever the file, and names only lines it has', async () => {
    const line = fc.oneof(
      fc.constantFrom(
        'timeout: 2',
        '- a',
        '  - b',
        'a: [',
        ']',
        'b: {c: d}',
        '&x *x',
        '? k',
        ': v',
        '|',
        '"',
        '---',
        '%YAML 1.2',
        '!t v',
        '\t',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
    await fc.assert(
      fc.asyncProperty(text, async (input) => {
        for (const error of (await parseConfigFile('/c.yaml', input)).errors) {
          const number = Number(error.origin.split(':')[1]);
          expect(number).toBeGreaterThanOrEqual(1);
          expect(number).toBeLessThanOrEqual(input.split('\n').length + 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('where the file is', () => {
  it.each<[Record<string, unknown>, Record<string, string>, string, string]>([
    [{}, {}, DEFAULT_CONFIG_PATH, 'default'],
    [{}, { IMDS_PROBE_CONFIG: '' }, DEFAULT_CONFIG_PATH, 'default'],
    [{}, { IMDS_PROBE_CONFIG: '/v.yaml' }, '/v.yaml', 'IMDS_PROBE_CONFIG'],
    [{ config: '/f.yaml' }, { IMDS_PROBE_CONFIG: '/v.yaml' }, '/f.yaml', '--config'],
    [{ config: ['/f.yaml', '/g.yaml'] }, {}, '/g.yaml', '--config'],
  ])('%j %j is %s', (flags, env, path, origin) => {
    expect(configLocation(flags, env)).toEqual({ path, origin });
  });

  it('is nowhere, without a word, when the default file is not there', async () => {
    expect(await readConfigFile(configLocation({}, {}), { state: 'absent' })).toBeNull();
  });

  it.each<[Record<string, unknown>, Parameters<typeof readConfigFile>[1], string]>([
    [
      { config: '/f.yaml' },
      { state: 'absent' },
      '--config: /f.yaml: there is no such file; allowed: a readable YAML file of up to 64 KiB',
    ],
    [
      { config: '/f.yaml' },
      { state: 'not-regular', detail: 'is a directory' },
      '--config: /f.yaml: is a directory; allowed: a readable YAML file of up to 64 KiB',
    ],
    [
      {},
      { state: 'unreadable', detail: 'this user may not read it' },
      '/etc/imds-probe/config.yaml: this user may not read it; allowed: a readable YAML file of up to 64 KiB',
    ],
  ])('is an error when %j gives %j', async (flags, read, text) => {
    const file = await readConfigFile(configLocation(flags, {}), read);
    expect(file?.errors.map(configErrorText)).toEqual([text]);
  });
});
