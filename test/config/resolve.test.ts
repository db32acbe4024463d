// Settling: which source wins, and the exact words of every mistake.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSharedFile } from '../../src/chain/ini.ts';
import { configErrorText } from '../../src/config/error.ts';
import { type ConfigFile, parseConfigFile } from '../../src/config/file.ts';
import { type ConfigSources, type Resolved, resolveConfig } from '../../src/config/resolve.ts';
import {
  type Command,
  envName,
  SETTING_NAMES,
  type SettingName,
  settingOf,
} from '../../src/config/settings.ts';
import type { AwsShared } from '../../src/config/sources.ts';

const CATALOGUE = [
  { id: 'imds-slow', group: 'imds' },
  { id: 'imds-throttled', group: 'imds' },
  { id: 'clock-skewed', group: 'clock' },
];

const NONE: ConfigSources = { flags: {}, env: {}, box: null, file: null, aws: null };

const resolve = (sources: Partial<ConfigSources>, command: Command = 'check'): Resolved =>
  resolveConfig({ ...NONE, ...sources }, { command, catalogue: CATALOGUE });

const settled = (sources: Partial<ConfigSources>, command: Command = 'check') => {
  const resolved = resolve(sources, command);
  if (!resolved.ok) throw new Error(resolved.errors.map(configErrorText).join('\n'));
  return resolved.config;
};

const told = (sources: Partial<ConfigSources>, command: Command = 'check'): string[] => {
  const resolved = resolve(sources, command);
  return resolved.ok ? [] : resolved.errors.map(configErrorText);
};

const yaml = (text: string): Promise<ConfigFile> => parseConfigFile('/c.yaml', text);

const shared = (config: string, credentials = ''): AwsShared => ({
  config: { path: '~/.aws/config', file: parseSharedFile(config, 'config') },
  credentials: { path: '~/.aws/credentials', file: parseSharedFile(credentials, 'credentials') },
});

describe('defaults', () => {
  it('are those of the contract', () => {
    const { shown, origins, imdsSettings, ...config } = settled({});
    expect(config).toEqual({
      endpoint: 'http://169.254.169.254',
      timeoutMs: 1000,
      attempts: 3,
      deadlineMs: 10_000,
      imdsv1: false,
      timeServers: [
        { host: '169.254.169.123', port: 123 },
        { host: 'fd00:ec2::123', port: 123 },
      ],
      region: null,
      namespace: 'ImdsProbe',
      fleet: 'default',
      instanceMetrics: 'when-unhealthy',
      cloudwatchEndpoint: null,
      stsEndpoint: null,
      ec2Endpoint: null,
      instanceOptions: false,
      offline: false,
      publish: false,
      profile: null,
      pid: null,
      allProcesses: false,
      runCredentialProcess: false,
      only: [],
      skip: [],
      waitSeconds: 0,
      format: 'text',
      intervalSeconds: 60,
      flushSeconds: 300,
      stateDir: '/var/lib/imds-probe',
      runtimeDir: '/run/imds-probe',
      prometheusFile: null,
      listen: null,
      emf: false,
      sinceSeconds: 86_400,
      file: null,
      thresholds: {
        marginWarningSeconds: 900,
        marginCriticalSeconds: 300,
        clockWarningSeconds: 30,
        clockCriticalSeconds: 240,
        slowWarningMs: 250,
      },
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
    expect(shown.map(({ setting }) => setting)).toEqual(SETTING_NAMES);
    expect(imdsSettings).toEqual({
      endpoint: 'http://169.254.169.254',
      overriddenBy: null,
      sdkAttempts: null,
      sdkTimeoutSeconds: null,
    });
  });
});

/** A text every setting takes, and a second one that differs from it. */
const SAMPLES: Record<SettingName, readonly [string, string]> = {
  endpoint: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  'endpoint-mode': ['IPv6', 'IPv4'],
  timeout: ['2', '3'],
  attempts: ['4', '5'],
  deadline: ['6', '7'],
  imdsv1: ['true', 'false'],
  'time-server': ['127.0.0.1', 'localhost'],
  region: ['eu-west-1', 'us-east-1'],
  namespace: ['A', 'B'],
  fleet: ['a', 'b'],
  'instance-metrics': ['always', 'never'],
  'cloudwatch-endpoint': ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  'sts-endpoint': ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  'ec2-endpoint': ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  'instance-options': ['true', 'false'],
  offline: ['true', 'false'],
  publish: ['true', 'false'],
  profile: ['a', 'b'],
  pid: ['1', '2'],
  'all-processes': ['true', 'false'],
  'run-credential-process': ['true', 'false'],
  only: ['imds', 'clock'],
  skip: ['imds-slow', 'clock-skewed'],
  wait: ['1', '2'],
  format: ['json', 'nagios'],
  interval: ['1', '2'],
  flush: ['1', '2'],
  'state-dir': ['/a', '/b'],
  since: ['1h', '2h'],
  file: ['/a', '/b'],
  'runtime-dir': ['/a', '/b'],
  'prometheus-file': ['/a', '/b'],
  listen: ['127.0.0.1:1', '[::1]:2'],
  emf: ['true', 'false'],
  'margin-warning': ['901', '902'],
  'margin-critical': ['1', '2'],
  'clock-warning': ['1', '2'],
  'clock-critical': ['241', '242'],
  'slow-warning': ['1', '2'],
};

describe.each(SETTING_NAMES)('%s', (name) => {
  const row = settingOf(name);
  const command = row.commands[0] ?? 'check';
  const allowed = row.words?.[command]?.join(', ').replace(/, (\w+)$/, ' or $1') ?? row.kind.allowed;
  const [winning, losing] = SAMPLES[name];
  const variable = row.variables?.[0];
  // Every source that can give it, the highest first, with the origin it must be told by.
  const sources: (readonly [string, (text: string) => Partial<ConfigSources>])[] = [
    [`--${name}`, (text) => ({ flags: { [name]: text } })],
    [envName(name), (text) => ({ env: { [envName(name)]: text } })],
    ['--simulate', (text) => ({ box: { [variable ?? envName(name)]: text } })],
    [
      '/c.yaml:7',
      (text) => ({
        file: { path: '/c.yaml', entries: new Map([[name, { line: 7, texts: [text] }]]), errors: [] },
      }),
    ],
    ...(variable === undefined
      ? []
      : [[variable, (text: string) => ({ env: { [variable]: text } })] as const]),
    ...(row.sharedKey === undefined
      ? []
      : [
          [
            `~/.aws/config:2 (${row.sharedKey})`,
            (text: string) => ({ aws: shared(`[default]\n${row.sharedKey} = ${text}`) }),
          ] as const,
        ]),
  ];

  it('is taken from the highest source that gives it, for every set of sources', () => {
    for (let mask = 1; mask < 2 ** sources.length; mask += 1) {
      const given = sources.filter((_, index) => (mask >> index) & 1);
      const parts = given.map(([, make], index) => make(index === 0 ? winning : losing));
      const env = Object.assign({}, ...parts.map((part) => part.env ?? {})) as Record<string, string>;
      const merged = Object.assign({}, ...parts, { env }) as Partial<ConfigSources>;
      const config = settled(merged, command);
      expect(config.origins[name]).toBe(given[0]?.[0]);
      const shown = config.shown.find(({ setting }) => setting === name);
      expect(shown?.text.replace(/ m?s$/, '')).toBe(winning);
    }
  });

  it('is told where a source gives nonsense', () => {
    const nonsense = '\u0001';
    for (const [index, [origin, make]] of sources.entries()) {
      // The shared file's reader trims nothing of it, and its line number is the same.
      const errors = told(make(nonsense), command);
      expect(errors, origin).toHaveLength(1);
      expect(errors[0]).toContain(`${origin}: ${name} `);
      expect(errors[0]).toContain(`; allowed: ${allowed}`);
      // A wrong AWS setting that something of ours hides is other programs' business; a wrong one of ours is ours.
      if (index > 0)
        expect(told({ ...make(nonsense), flags: { [name]: winning } }, command)).toHaveLength(
          index < 4 ? 1 : 0,
        );
    }
  });

  it('is not set by an empty variable, but an empty flag is a mistake', () => {
    expect(settled({ env: { [envName(name)]: '' } }, command).origins[name]).toBe('default');
    if (variable !== undefined)
      expect(settled({ env: { [variable]: '' } }, command).origins[name]).toBe('default');
    expect(told({ flags: { [name]: '' } }, command)[0]).toContain(
      `--${name}: ${name} needs a value; allowed: `,
    );
  });

  it('is an error where its command has no such option', () => {
    for (const other of ['check', 'agent', 'history'] as const) {
      if (row.commands.includes(other)) continue;
      if (row.alsoTakenBy?.includes(other)) {
        expect(told({ flags: { [name]: winning } }, other)).toEqual([]);
        continue;
      }
      expect(told({ flags: { [name]: winning } }, other)).toEqual([
        `--${name}: ${other} has no such option; it belongs to ${row.commands.join(' and ')}`,
      ]);
      // A file or an environment may serve several commands.
      expect(told({ env: { [envName(name)]: winning } }, other)).toEqual([]);
    }
  });
});

describe('a word that another command knows', () => {
  it('is a mistake as a flag, and means nothing to this one elsewhere', () => {
    expect(told({ flags: { format: 'nagios' } }, 'history')).toEqual([
      '--format: format of history cannot be "nagios"; allowed: text, json or csv',
    ]);
    expect(told({ flags: { format: 'csv' } }, 'check')).toEqual([
      '--format: format of check cannot be "csv"; allowed: text, json, nagios or prometheus',
    ]);
    expect(settled({ env: { IMDS_PROBE_FORMAT: 'nagios' } }, 'history').format).toBe('text');
    expect(settled({ env: { IMDS_PROBE_FORMAT: 'csv' } }, 'history').format).toBe('csv');
  });
});

describe('mistakes, word for word', () => {
  it.each<[string, Partial<ConfigSources>, string[]]>([
    [
      'a mistyped flag',
      { flags: { tiemout: '2' } },
      [
        '--tiemout: there is no such setting; did you mean --timeout?; allowed: what imds-probe check --show-config lists',
      ],
    ],
    [
      'a flag nobody could mean',
      { flags: { frobnicate: true } },
      ['--frobnicate: there is no such setting; allowed: what imds-probe check --show-config lists'],
    ],
    [
      'a mistyped variable',
      { env: { IMDS_PROBE_TIMEOTU: '2' } },
      [
        'IMDS_PROBE_TIMEOTU: there is no such setting; did you mean IMDS_PROBE_TIMEOUT?; allowed: what imds-probe check --show-config lists',
      ],
    ],
    [
      'a variable with a secret in it',
      { env: { IMDS_PROBE_SECRET: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' } },
      ['IMDS_PROBE_SECRET: there is no such setting; allowed: what imds-probe check --show-config lists'],
    ],
    [
      'a variable in small letters',
      { env: { IMDS_PROBE_timeout: '2' } },
      [
        'IMDS_PROBE_timeout: there is no such setting; did you mean IMDS_PROBE_TIMEOUT?; allowed: what imds-probe check --show-config lists',
      ],
    ],
    [
      'a command’s flag as a variable',
      { env: { IMDS_PROBE_SIMULATE: 'healthy' } },
      ['IMDS_PROBE_SIMULATE: only the command line can say --simulate'],
    ],
    [
      'a number that is none',
      { flags: { timeout: 'abc' } },
      ['--timeout: timeout cannot be "abc"; allowed: seconds, from 0.01 to 3600'],
    ],
    [
      'a flag given twice',
      { flags: { timeout: ['1', '2'] } },
      ['--timeout: timeout takes one value, not 2; allowed: seconds, from 0.01 to 3600'],
    ],
    [
      'an AWS variable',
      { env: { AWS_METADATA_SERVICE_TIMEOUT: 'abc' } },
      ['AWS_METADATA_SERVICE_TIMEOUT: timeout cannot be "abc"; allowed: seconds, from 0.01 to 3600'],
    ],
    [
      'an AWS key',
      { aws: shared('[default]\n\nmetadata_service_num_attempts = many') },
      [
        '~/.aws/config:3 (metadata_service_num_attempts): attempts cannot be "many"; allowed: a whole number from 1 to 100',
      ],
    ],
    [
      'a URL with a password',
      { flags: { endpoint: 'http://user:hunter2@169.254.169.254' } },
      [
        '--endpoint: endpoint cannot be this value (not shown: it could hold a secret); allowed: http://host[:port], such as http://169.254.169.254; no path, no user name',
      ],
    ],
    [
      'a secret key where a Region belongs',
      { flags: { region: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' } },
      [
        '--region: region cannot be this value (not shown: it could hold a secret); allowed: an AWS Region, such as eu-west-1',
      ],
    ],
    [
      'control characters',
      { flags: { region: 'eu\u001b[31m-west-1' } },
      ['--region: region cannot be "eu [31m-west-1"; allowed: an AWS Region, such as eu-west-1'],
    ],
    [
      'thresholds in the wrong order',
      { flags: { 'margin-warning': '200' } },
      [
        '--margin-warning: margin-warning cannot be less than margin-critical, which is 300 s (the default); allowed: at least 300 s',
      ],
    ],
    [
      'both thresholds given',
      { flags: { 'clock-warning': '50' }, env: { IMDS_PROBE_CLOCK_CRITICAL: '40' } },
      [
        '--clock-warning: clock-warning cannot be more than clock-critical, which is 40 s (from IMDS_PROBE_CLOCK_CRITICAL); allowed: at most 40 s',
      ],
    ],
    [
      'an unknown finding',
      { flags: { only: ['imds,clok-skewed'] } },
      [
        '--only: only cannot be "clok-skewed"; did you mean clock-skewed?; allowed: ids and groups of findings (see imds-probe explain)',
      ],
    ],
    [
      'nothing left to judge',
      { flags: { only: 'clock', skip: 'clock-skewed' } },
      ['--skip: skip leaves nothing of what only asks for (from --only); allowed: something to judge'],
    ],
    [
      'two formats in one breath',
      { flags: { json: true, format: 'nagios' } },
      ['--format: format is given differently by --json; allowed: one of the two'],
    ],
    [
      'a switch that is no switch',
      { env: { IMDS_PROBE_JSON: 'maybe' } },
      ['IMDS_PROBE_JSON: json is a switch; allowed: true or false (also yes and no, 1 and 0)'],
    ],
  ])('%s', (_, sources, errors) => {
    expect(told(sources)).toEqual(errors);
  });

  it.each<[string, string, string[]]>([
    [
      'an unknown setting',
      'fleet: a\nendpoit: x\n',
      [
        '/c.yaml:2: there is no setting endpoit; did you mean endpoint?; allowed: what imds-probe check --show-config lists',
      ],
    ],
    [
      'a setting written like a variable',
      'time_server: x\n',
      [
        '/c.yaml:1: there is no setting time_server; did you mean time-server?; allowed: what imds-probe check --show-config lists',
      ],
    ],
    ['a command’s flag', 'simulate: healthy\n', ['/c.yaml:1: only the command line can say --simulate']],
    [
      'a list where one value belongs',
      'fleet: [a, b]\n',
      [
        '/c.yaml:1: fleet takes one value, not 2; allowed: up to 255 ASCII characters, not beginning with a colon',
      ],
    ],
    ['an empty list', 'only: []\n', []],
    [
      'an empty item',
      'only: [imds, ]\nskip: [""]\n',
      ['/c.yaml:2: skip needs a value; allowed: ids and groups of findings (see imds-probe explain)'],
    ],
    [
      'a number in another base',
      'attempts: 0x3\n',
      ['/c.yaml:1: attempts cannot be "0x3"; allowed: a whole number from 1 to 100'],
    ],
    [
      'an infinite time',
      'deadline: .inf\n',
      ['/c.yaml:1: deadline cannot be ".inf"; allowed: seconds, from 0.1 to 3600'],
    ],
    [
      'a nested setting',
      'clock:\n  warning: 3\n',
      ['/c.yaml:1: clock has a value of another form; allowed: a plain value or a list of such'],
    ],
  ])('in the file: %s', async (_, text, errors) => {
    expect(told({ file: await yaml(text) })).toEqual(errors);
  });

  it('are all told at once', async () => {
    const errors = told({
      flags: { tiemout: '1', attempts: '0' },
      env: { IMDS_PROBE_FLET: 'a', IMDS_PROBE_DEADLINE: 'soon' },
      file: await yaml('region: nowhere\nnonsense: 1\n'),
    });
    expect(errors).toHaveLength(6);
  });
});

describe('what is no mistake', () => {
  it.each<[string, Partial<ConfigSources>]>([
    ['what yargs adds', { flags: { _: ['check'], $0: 'imds-probe', help: false, version: false } }],
    ['camel-case doubles', { flags: { 'margin-warning': '901', marginWarning: '901' } }],
    ['flags not given', { flags: { timeout: undefined, json: undefined } }],
    ['the command’s own flags', { flags: { simulate: 'healthy', 'show-config': true, config: '/c.yaml' } }],
    ['where the file is', { env: { IMDS_PROBE_CONFIG: '/c.yaml' } }],
    [
      'what Kubernetes sets beside a service called imds-probe',
      {
        env: {
          IMDS_PROBE_SERVICE_HOST: '10.0.0.1',
          IMDS_PROBE_SERVICE_PORT: '80',
          IMDS_PROBE_SERVICE_PORT_HTTP: '80',
          IMDS_PROBE_PORT: 'tcp://10.0.0.1:80',
          IMDS_PROBE_PORT_80_TCP: 'tcp://10.0.0.1:80',
          IMDS_PROBE_PORT_80_TCP_ADDR: '10.0.0.1',
        },
      },
    ],
    ['what the tests set', { env: { IMDS_PROBE_TEST_NAMESPACE: 'ns1' } }],
    ['equal thresholds', { flags: { 'margin-warning': '300' } }],
    ['the same twice', { flags: { json: true, format: 'json' } }],
  ])('%s', (_, sources) => {
    expect(told(sources)).toEqual([]);
  });
});

describe('AWS settings', () => {
  it('are read from the profile in use, the credentials file first', () => {
    const aws = shared(
      '[default]\nmetadata_service_timeout = 2\n[profile dev]\nmetadata_service_timeout = 3\nmetadata_service_num_attempts = 4',
      '[dev]\nmetadata_service_timeout = 5',
    );
    expect(settled({ aws }).timeoutMs).toBe(2000);
    const dev = settled({ aws, env: { AWS_PROFILE: 'dev' } });
    expect([dev.profile, dev.origins.profile]).toEqual(['dev', 'AWS_PROFILE']);
    expect([dev.timeoutMs, dev.attempts]).toEqual([5000, 4]);
    expect(dev.origins.timeout).toBe('~/.aws/credentials:2 (metadata_service_timeout)');
    expect(settled({ aws, env: { AWS_PROFILE: 'dev' }, flags: { profile: 'other' } }).timeoutMs).toBe(1000);
  });

  it.each<[string, Partial<ConfigSources>, string, string]>([
    [
      'the mode',
      { flags: { 'endpoint-mode': 'ipv6' } },
      'http://[fd00:ec2::254]',
      '--endpoint-mode (endpoint-mode)',
    ],
    [
      'the endpoint before the mode, wherever both come from',
      {
        flags: { 'endpoint-mode': 'IPv6' },
        env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1/' },
      },
      'http://127.0.0.1:1',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT',
    ],
    [
      'the key of the shared config',
      { aws: shared('[default]\nec2_metadata_service_endpoint_mode = IPv6') },
      'http://[fd00:ec2::254]',
      '~/.aws/config:2 (ec2_metadata_service_endpoint_mode) (endpoint-mode)',
    ],
  ])('give the endpoint by %s', (_, sources, endpoint, origin) => {
    const config = settled(sources);
    expect([config.endpoint, config.origins.endpoint]).toEqual([endpoint, origin]);
    expect(config.shown[0]).toEqual({ setting: 'endpoint', text: endpoint, value: endpoint, origin });
  });

  it.each<[string, Partial<ConfigSources>, string | null]>([
    ['nothing', {}, null],
    ['our flag', { flags: { endpoint: 'http://127.0.0.1:1' } }, null],
    ['our variable', { env: { IMDS_PROBE_ENDPOINT: 'http://127.0.0.1:1' } }, null],
    ['the box', { box: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' } }, null],
    ['the usual address', { env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://169.254.169.254/' } }, null],
    ['the usual mode', { env: { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv4' } }, null],
    [
      'an AWS variable',
      { env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' } },
      'http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT)',
    ],
    [
      'an AWS variable under a flag of ours',
      {
        flags: { endpoint: 'http://127.0.0.1:2' },
        env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1' },
      },
      'http://127.0.0.1:1 (AWS_EC2_METADATA_SERVICE_ENDPOINT)',
    ],
    [
      'a broken AWS variable under a flag of ours',
      {
        flags: { endpoint: 'http://127.0.0.1:2' },
        env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://user:hunter2@x/' },
      },
      'not a valid URL (AWS_EC2_METADATA_SERVICE_ENDPOINT)',
    ],
    [
      'the mode',
      { env: { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'ipv6' } },
      'http://[fd00:ec2::254] (AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE)',
    ],
    [
      'a key',
      { aws: shared('[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1') },
      'http://127.0.0.1:1 (~/.aws/config:2 (ec2_metadata_service_endpoint))',
    ],
  ])('tell what moves SDKs elsewhere: %s', (_, sources, overriddenBy) => {
    expect(settled(sources).imdsSettings.overriddenBy).toBe(overriddenBy);
  });

  it('tell how often SDKs here try, whatever our own settings say', () => {
    const { imdsSettings, attempts } = settled({
      flags: { attempts: '9' },
      env: { AWS_METADATA_SERVICE_NUM_ATTEMPTS: '5', AWS_METADATA_SERVICE_TIMEOUT: '10' },
    });
    expect(attempts).toBe(9);
    expect(imdsSettings).toMatchObject({
      sdkAttempts: { value: 5, from: 'AWS_METADATA_SERVICE_NUM_ATTEMPTS' },
      sdkTimeoutSeconds: { value: 10, from: 'AWS_METADATA_SERVICE_TIMEOUT' },
    });
  });

  it('take the first folder of STATE_DIRECTORY', () => {
    const config = settled({ env: { STATE_DIRECTORY: '/var/lib/imds-probe:/var/lib/other' } }, 'agent');
    expect([config.stateDir, config.origins['state-dir']]).toEqual([
      '/var/lib/imds-probe',
      'STATE_DIRECTORY',
    ]);
  });

  it('prefer the endpoint of the service to the one of all services', () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:2' };
    const config = settled({ env });
    expect([config.cloudwatchEndpoint, config.stsEndpoint]).toEqual([
      'http://127.0.0.1:1',
      'http://127.0.0.1:2',
    ]);
  });
});

it('takes the box’s whole environment, and only what has a setting', () => {
  const config = settled({
    box: {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_CLOUDWATCH: 'http://127.0.0.1:2',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:3',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      IMDS_PROBE_TIME_SERVER: '127.0.0.1:4',
      NO_PROXY: '127.0.0.1',
    },
    flags: { 'time-server': 'localhost:5' },
  });
  expect(config).toMatchObject({
    endpoint: 'http://127.0.0.1:1',
    cloudwatchEndpoint: 'http://127.0.0.1:2',
    stsEndpoint: 'http://127.0.0.1:3',
    region: 'eu-west-1',
    timeServers: [{ host: 'localhost', port: 5 }],
  });
});

it('lists may be repeated, comma-separated, and both', () => {
  expect(settled({ flags: { only: ['imds, clock-skewed', 'clock'] } }).only).toEqual([
    'imds',
    'clock-skewed',
    'clock',
  ]);
});

it('never throws, whatever the sources', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('', '1', 'true', 'http://x', 'imds'),
  );
  const raw = fc.oneof(
    anyText,
    fc.array(anyText, { maxLength: 3 }),
    fc.boolean(),
    fc.double(),
    fc.constant(null),
    fc.object({ maxDepth: 1 }),
  );
  const name = fc.oneof(
    fc.constantFrom<string>(...SETTING_NAMES, '__proto__', 'constructor', 'json'),
    anyText,
  );
  const variable = fc.oneof(
    fc.constantFrom(
      ...SETTING_NAMES.flatMap((setting) => [envName(setting), ...(settingOf(setting).variables ?? [])]),
    ),
    anyText.map((text) => `IMDS_PROBE_${text}`),
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, raw, { maxKeys: 5 }),
      fc.dictionary(variable, anyText, { maxKeys: 5 }),
      fc.dictionary(name, anyText, { maxKeys: 3 }),
      anyText,
      (flags, env, entries, ini) => {
        const file: ConfigFile = {
          path: '/c.yaml',
          entries: new Map(Object.entries(entries).map(([key, text]) => [key, { line: 1, texts: [text] }])),
          errors: [],
        };
        const resolved = resolve({ flags, env, file, aws: shared(`[default]\n${ini}`) });
        if (resolved.ok) return;
        for (const error of resolved.errors)
          expect(configErrorText(error)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      },
    ),
    { numRuns: 500 },
  );
});
