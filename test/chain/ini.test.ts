// Holds the reading of shared files to the AWS SDKs' rules, and its problems to what they say.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_KEYS,
  MAX_LINES,
  MAX_SHARED_FILE,
  parseSharedFile,
  type SharedFile,
  type SharedSection,
} from '../../src/chain/ini.ts';

type Kind = 'config' | 'credentials';
type Plain = Record<string, Record<string, string | Record<string, string>>>;

/** Names with their keys; a section not everybody sees is marked with who does. */
function plain(sections: ReadonlyMap<string, SharedSection>): Plain {
  // fromEntries, because a section may be called __proto__.
  return Object.fromEntries(
    [...sections.values()].map((section) => [
      section.readBy === 'all' ? section.name : `${section.name} (${section.readBy})`,
      Object.fromEntries(
        [...section.keys].map(([name, value]) => [
          name,
          value.nested === undefined
            ? value.value
            : Object.fromEntries([...value.nested].map(([key, nested]) => [key, nested.value])),
        ]),
      ),
    ]),
  );
}

const told = (file: SharedFile): string[] =>
  file.problems.map(
    (problem) => `${problem.line} ${problem.kind}${problem.fatal ? ' fatal' : ''}: ${problem.what}`,
  );

describe('what everybody reads alike', () => {
  it.each<[string, Kind, string, Plain]>([
    ['an empty file', 'config', '', {}],
    ['a profile without keys', 'config', '[profile a]\n', { a: {} }],
    ['a key', 'config', '[profile a]\nregion = eu-west-1', { a: { region: 'eu-west-1' } }],
    ['no blanks around =', 'config', '[profile a]\nregion=eu-west-1', { a: { region: 'eu-west-1' } }],
    ['blanks and tabs', 'config', '[profile a]\nregion \t=  \teu-west-1 \t', { a: { region: 'eu-west-1' } }],
    ['Windows line ends', 'config', '[profile a]\r\nregion = x\r\n', { a: { region: 'x' } }],
    ['= in a value', 'config', '[profile a]\nk = a=b', { a: { k: 'a=b' } }],
    ['any script in a value', 'config', '[profile a]\nk = größe 😂', { a: { k: 'größe 😂' } }],
    ['an empty value', 'config', '[profile a]\nk =', { a: { k: '' } }],
    ['a name behind a tab', 'config', '[profile\ta]', { a: {} }],
    ['all characters of a name', 'config', '[profile aZ09_-/.%@:+]', { 'aZ09_-/.%@:+': {} }],
    ['a comment line', 'config', '# one\n; two\n[profile a]\n# k = v', { a: {} }],
    ['a comment behind a header', 'config', '[profile a] # one\n[profile b]; two', { a: {}, b: {} }],
    ['# and ; inside a value', 'config', '[profile a]\nk = v#1;2', { a: { k: 'v#1;2' } }],
    ['blank lines', 'config', '\t \n[profile a]\n\t\nk = v\n\n[profile b]', { a: { k: 'v' }, b: {} }],
    [
      'nested keys',
      'config',
      '[profile a]\ns3 =\n  max_bandwidth = 1MB/s # 2\n  b =\nk = v',
      { a: { s3: { max_bandwidth: '1MB/s # 2', b: '' }, k: 'v' } },
    ],
    ['[default] in config', 'config', '[default]\nk = v', { default: { k: 'v' } }],
    ['[profile default] in config', 'config', '[profile default]\nk = v', { default: { k: 'v' } }],
    ['names in credentials', 'credentials', '[a]\nk = v\n[default]', { a: { k: 'v' }, default: {} }],
    [
      'names like objects’ own',
      'credentials',
      '[__proto__]\nconstructor = x',
      { ['__proto__']: { constructor: 'x' } },
    ],
  ])('%s', (_, kind, text, profiles) => {
    const file = parseSharedFile(text, kind);
    expect(plain(file.profiles)).toEqual(profiles);
    expect(told(file)).toEqual([]);
  });

  it('keeps sso-sessions and services apart from profiles of the same name', () => {
    const file = parseSharedFile(
      '[profile a]\nk = 1\n[sso-session a]\nsso_region = eu-west-1\n[services a]\nsts =\n  endpoint_url = http://x',
      'config',
    );
    expect(plain(file.profiles)).toEqual({ a: { k: '1' } });
    expect(plain(file.ssoSessions)).toEqual({ a: { sso_region: 'eu-west-1' } });
    expect(plain(file.services)).toEqual({ a: { sts: { endpoint_url: 'http://x' } } });
    expect(told(file)).toEqual([]);
  });

  it('tells the line of every section, key and nested key', () => {
    const file = parseSharedFile('\n[profile a]\n\nk = v\ns3 =\n\n  n = 1', 'config');
    const section = file.profiles.get('a');
    expect(section?.line).toBe(2);
    expect(section?.keys.get('k')?.line).toBe(4);
    expect(section?.keys.get('s3')?.nested?.get('n')?.line).toBe(7);
  });

  it('leaves the CLI’s own sections alone', () => {
    expect(told(parseSharedFile('[plugins]\na = b\n[preview]\nc = d', 'config'))).toEqual([]);
  });
});

describe('what goes wrong, and what is read of it', () => {
  it.each<[string, Kind, string, Plain, string[]]>([
    [
      'a header without its end',
      'config',
      '[profile a\nk = v',
      {},
      ['1 error fatal: a section header must end with "]"'],
    ],
    ['no name', 'config', '[]\nk = v', {}, ['1 error fatal: a section needs a name']],
    [
      'keys before a section, told once',
      'config',
      'k = v\nl = w\n[profile a]',
      { a: {} },
      ['1 error fatal: expected a [section] before the first key'],
    ],
    [
      'a setting by its name, and nothing else that stands where a key belongs',
      'config',
      '[profile a]\nRegion = x\nHunter2 = x',
      { a: { region: 'x', hunter2: 'x' } },
      [
        '2 disagreement: Region has capital letters: the JavaScript SDK does not find it',
        '3 disagreement: a key has capital letters: the JavaScript SDK does not find it',
      ],
    ],
    ['a key without a name', 'config', '[profile a]\n= v', { a: {} }, ['2 error fatal: a key has no name']],
    ['no delimiter', 'config', '[profile a]\nnonsense', { a: {} }, ['2 error fatal: expected "key = value"']],
    [
      'a colon',
      'config',
      '[profile a]\nregion : x',
      { a: { region: 'x' } },
      ['2 error: a colon instead of "=": the AWS CLI and Go read it, the other SDKs do not'],
    ],
    [
      'a nested line without =',
      'config',
      '[profile a]\ns3 =\n  nonsense',
      { a: { s3: {} } },
      ['3 error fatal: expected "key = value" below s3, which has no value'],
    ],
    [
      'a nested key without a name',
      'config',
      '[profile a]\ns3 =\n  = v',
      { a: { s3: {} } },
      ['3 error: a nested key below s3 has no name'],
    ],
    [
      'a header swallowed by a key without value',
      'config',
      '[profile a]\nregion =\n [profile b]\nk = v',
      { a: { region: {}, k: 'v' } },
      ['3 error fatal: the section header is indented below region, which has no value'],
    ],
    [
      'a byte order mark',
      'config',
      '\ufeff[default]\nk = v',
      { default: { k: 'v' } },
      ['1 error fatal: the file begins with a byte order mark; save it as UTF-8 without one'],
    ],
    [
      'a profile without its prefix',
      'config',
      '[dev]\nk = v',
      {},
      ['1 ignored: [dev] is ignored: in the config file a profile is written [profile dev]'],
    ],
    [
      'a prefix in the credentials file',
      'credentials',
      '[profile dev]\nk = v',
      {},
      ['1 ignored: [profile dev] is ignored: in the credentials file a profile is written [dev]'],
    ],
    [
      'an sso-session in the credentials file',
      'credentials',
      '[sso-session corp]\nk = v',
      {},
      ['1 ignored: [sso-session corp] is ignored: such sections belong into the config file'],
    ],
    [
      'a name with a blank',
      'config',
      '[profile in valid]\nk = v',
      {},
      ['1 ignored: [profile in valid] is ignored: not a valid name'],
    ],
    [
      'capitals in the prefix',
      'config',
      '[Profile a]',
      {},
      ['1 ignored: [Profile a] is ignored: it is neither a profile, an sso-session nor a services section'],
    ],
    [
      'an impossible key',
      'config',
      '[profile a]\nin valid = v\nk = w',
      { a: { k: 'w' } },
      ['2 ignored: a key has characters no key may have'],
    ],
    [
      'two defaults, the plain one first',
      'config',
      '[default]\nk = 1\n[profile default]\nl = 2',
      { default: { l: '2' } },
      ['1 ignored: [default] is ignored, because there is a [profile default]'],
    ],
    [
      'two defaults, the plain one last',
      'config',
      '[profile default]\nl = 2\n[default]\nk = 1',
      { default: { l: '2' } },
      [
        '3 disagreement: SDKs prefer [profile default] to [default]; the AWS CLI and boto3 take [default], because it comes last',
      ],
    ],
    [
      'a doubled section',
      'config',
      '[profile a]\nk = 1\n[profile a]\nl = 2',
      { a: { k: '1', l: '2' } },
      [
        '3 disagreement fatal: the section appears twice: SDKs merge both, the AWS CLI and boto3 refuse the file',
      ],
    ],
    [
      'a doubled key',
      'credentials',
      '[a]\nk = 1\nk = 2',
      { a: { k: '2' } },
      [
        '3 disagreement fatal: a key is set twice: SDKs take the last one, the AWS CLI and boto3 refuse the file',
      ],
    ],
    [
      'capitals in a key',
      'config',
      '[profile a]\nRegion = x',
      { a: { region: 'x' } },
      ['2 disagreement: Region has capital letters: the JavaScript SDK does not find it'],
    ],
    [
      'quotes around a value',
      'config',
      '[profile a]\nregion = "x"',
      { a: { region: '"x"' } },
      ['2 disagreement: quotes around the value of region: the Go SDK drops them, all others keep them'],
    ],
    [
      'quotes around a name',
      'config',
      '[profile "two words"]\nk = v',
      { 'two words (cli)': { k: 'v' } },
      [
        '1 disagreement: [profile "two words"]: the AWS CLI and boto3 read a name written like this, most SDKs do not',
      ],
    ],
    [
      'a name only the CLI reads',
      'credentials',
      '[in valid]\nk = v',
      { 'in valid (cli)': { k: 'v' } },
      [
        '1 disagreement: [in valid]: the AWS CLI and boto3 read a name with such characters, most SDKs do not',
      ],
    ],
    [
      'blanks inside the brackets',
      'credentials',
      '[ a ]\nk = v',
      { 'a (sdks)': { k: 'v' } },
      ['1 disagreement: blanks inside the brackets: the AWS CLI and boto3 do not find this section'],
    ],
    [
      'two blanks behind the prefix',
      'config',
      '[profile  a]',
      { a: {} },
      ['1 disagreement: more than one blank in the brackets: the JavaScript SDK does not find this section'],
    ],
    [
      'a second bracket',
      'config',
      '[profile a] # see [b]',
      { 'a (sdks)': {} },
      ['1 disagreement: a second "]": the AWS CLI and boto3 read another name'],
    ],
    [
      'text behind the header',
      'config',
      '[profile a] b',
      { a: {} },
      ['1 disagreement: text behind "]": some SDKs refuse the file for it'],
    ],
    [
      'the section of Python’s configparser',
      'credentials',
      '[DEFAULT]\nk = v',
      { 'DEFAULT (sdks)': { k: 'v' } },
      [
        '1 disagreement: [DEFAULT] in capitals: the AWS CLI and boto3 give its keys to every section; write [default]',
      ],
    ],
    [
      'indented keys, told once a section',
      'config',
      '[profile a]\n  k = v\n  l = w',
      { a: { k: 'v', l: 'w' } },
      [
        '2 disagreement: keys are indented: the AWS CLI and the JavaScript SDK read them, others refuse the file or skip them',
      ],
    ],
    [
      'an indented header',
      'config',
      '  [profile a]\nk = v',
      { a: { k: 'v' } },
      ['1 disagreement: the section header is indented: some SDKs refuse the file for it'],
    ],
    [
      'a value over several lines',
      'config',
      '[profile a]\nk = v\n  w',
      { a: { k: 'v\nw' } },
      ['3 disagreement: the line is indented and continues a key; the JavaScript SDK leaves it out'],
    ],
    [
      'an indented line that looks like a key',
      'config',
      '[profile a]\nk = v\n  l = w',
      { a: { k: 'v\nl = w' } },
      [
        '3 disagreement: the line is indented, so most read it as more of a key; the JavaScript SDK reads a key',
      ],
    ],
    [
      'an indented line that looks like a header',
      'config',
      '[profile a]\nk = v\n  [profile b]',
      { a: { k: 'v\n[profile b]' } },
      ['3 disagreement: the line is indented, so it is no section header but more of a key'],
    ],
    [
      'an indented comment below a key',
      'config',
      '[profile a]\nk = v\n  # why',
      { a: { k: 'v\n# why' } },
      ['3 disagreement: the comment is indented: the AWS CLI skips it, some SDKs make it part of a key'],
    ],
    [
      'an indented comment below a header',
      'config',
      '[profile a]\n  # why\nk = v',
      { a: { k: 'v' } },
      ['2 disagreement: the comment is indented: some SDKs refuse the file for it'],
    ],
    [
      'a colon in a key',
      'config',
      '[profile a]\na:b = c',
      { a: { 'a:b': 'c' } },
      ['2 disagreement: a colon in a key: the AWS CLI and boto3 end the key there'],
    ],
    [
      'a blank that is none',
      'config',
      '[profile a]\nk = v\u00a0',
      { a: { k: 'v\u00a0' } },
      ['2 disagreement: invisible blank space around the value of a key: some SDKs keep it'],
    ],
    [
      'old Macintosh line ends',
      'config',
      '[profile a]\rk = v',
      { a: { k: 'v' } },
      ['1 disagreement: lines end with a bare carriage return, which some SDKs take for blank space'],
    ],
  ])('%s', (_, kind, text, profiles, problems) => {
    const file = parseSharedFile(text, kind);
    expect(plain(file.profiles)).toEqual(profiles);
    expect(told(file)).toEqual(problems);
  });

  it.each([
    ['a comment behind a value', 'k = v # mine', 'v', 'v # mine'],
    ['a comment instead of a value', 'k = # mine', '', '# mine'],
    ['a continued value with a comment in it', 'k = v\n  # why\n  w', 'v\n# why\nw', 'v\nw'],
    ['a value with a blank line in it', 'k = v\n\n  w', 'v\nw', 'v\n\nw'],
    ['a blank that is none', 'k = v\u00a0', 'v\u00a0', 'v'],
  ])('keeps both readings of %s', (_, text, value, cliValue) => {
    const key = parseSharedFile(`[profile a]\n${text}`, 'config').profiles.get('a')?.keys.get('k');
    expect(key).toMatchObject({ value, cliValue });
  });

  it('gives no second reading where there is none', () => {
    const keys = parseSharedFile('[profile a]\nk = v\ns3 =\n  n = 1\nl =', 'config').profiles.get('a')?.keys;
    expect([...(keys ?? [])].filter(([, value]) => 'cliValue' in value)).toEqual([]);
  });
});

describe('secrets', () => {
  it.each([
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY # mine',
    'aws_secret_access_key : wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY=',
    'wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY = x',
    'AKIAIOSFODNN7EXAMPLE = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY # x',
    'k = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n  wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  ])('stay out of the problems of: %s', (line) => {
    const problems = JSON.stringify(parseSharedFile(`[profile a]\n${line}`, 'config').problems);
    expect(problems).not.toMatch(/wJalr|IOSFODNN/);
  });
});

describe('bounds', () => {
  it.each<[string, string, string]>([
    ['size', `[default]\nk = ${'x'.repeat(MAX_SHARED_FILE)}`, 'the file is larger than 1 MiB'],
    ['lines', '\n'.repeat(MAX_LINES + 1), `there are more than ${MAX_LINES} lines`],
    [
      'keys',
      `[default]\n${Array.from({ length: MAX_KEYS + 2 }, (_, index) => `k${index}=v`).join('\n')}`,
      `there are more than ${MAX_KEYS} keys`,
    ],
  ])('limits the %s of what is read, and says so', (_, text, what) => {
    expect(told(parseSharedFile(text, 'config')).join()).toContain(what);
  });

  it.each([
    ['brackets', '['.repeat(500_000)],
    ['blanks', ' '.repeat(500_000)],
    ['blanks in a header', `[profile${' '.repeat(500_000)}x`],
    ['quotes', `[default]\nk = ${'"'.repeat(500_000)}x`],
    ['equals signs', `[default]\n${'='.repeat(500_000)}`],
    ['continuations', `[default]\nk = v\n${' x\n'.repeat(19_000)}`],
    ['the same header', '[default]\n'.repeat(20_000)],
    ['problems', '[default]\n  x\n'.repeat(9_000)],
  ])('reads half a megabyte of %s in no time', (_, text) => {
    const started = performance.now();
    const file = parseSharedFile(text, 'credentials');
    expect(performance.now() - started).toBeLessThan(2000);
    expect(file.problems.length).toBeLessThanOrEqual(100);
  });

  it('never throws, whatever the file', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '[profile a]',
        '[default]',
        '[a]',
        'k = v',
        ' k = v',
        's3 =',
        '  n = 1',
        ' # c',
        '[',
        ']',
        '=',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, fc.constantFrom<Kind>('config', 'credentials'), (input, kind) => {
        const file = parseSharedFile(input, kind);
        const lines = input.split(/\r\n|\n|\r/).length;
        for (const problem of file.problems) {
          expect(problem.line).toBeGreaterThanOrEqual(1);
          expect(problem.line).toBeLessThanOrEqual(lines);
          expect(problem.what).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads back what it is told to write', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/).filter((text) => text !== 'default');
    const value = fc.stringMatching(/^[A-Za-z0-9+/:][A-Za-z0-9+/:=.-]{0,30}$/);
    const profiles = fc.dictionary(name, fc.dictionary(name, value, { maxKeys: 4 }), { maxKeys: 4 });
    fc.assert(
      fc.property(profiles, (wanted) => {
        const text = Object.entries(wanted)
          .map(([profile, keys]) =>
            [`[${profile}]`, ...Object.entries(keys).map(([k, v]) => `${k} = ${v}`)].join('\n'),
          )
          .join('\n');
        const file = parseSharedFile(text, 'credentials');
        expect(plain(file.profiles)).toEqual({ ...wanted });
        expect(told(file)).toEqual([]);
      }),
    );
  });
});
