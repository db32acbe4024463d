// What is made from the table: the command line's options, --show-config, the documentation.
import { describe, expect, it } from 'vitest';
import yargs from 'yargs';
import { configErrorText } from '../../src/config/error.ts';
import { flagsFor, valuesFor } from '../../src/config/flags.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { settingRows, settingsMarkdown, showConfigJson, showConfigText } from '../../src/config/show.ts';

const CATALOGUE = [{ id: 'imds-slow', group: 'imds' }];

function parsed(args: readonly string[], env: Record<string, string> = {}) {
  const flags = yargs([...args])
    .options({ ...flagsFor('check') })
    .exitProcess(false)
    .parseSync();
  return resolveConfig(
    { flags, env, box: null, file: null, aws: null },
    { command: 'check', catalogue: CATALOGUE },
  );
}

function settled(args: readonly string[], env: Record<string, string> = {}) {
  const resolved = parsed(args, env);
  if (!resolved.ok) throw new Error(resolved.errors.map(configErrorText).join('\n'));
  return resolved.config;
}

describe('options for yargs', () => {
  it('leave everything undefined that is not given', () => {
    expect(new Set(Object.values(settled([]).origins))).toEqual(new Set(['default']));
  });

  it('carry every form of value to the settings', () => {
    const config = settled([
      '--timeout=2.5',
      '--attempts',
      '07'.slice(1),
      '--imdsv1',
      '--no-publish',
      '--time-server',
      '127.0.0.1:5123',
      '--time-server=[::1]',
      '--only',
      'imds',
      '--region=eu-west-1',
      '--json',
    ]);
    expect(config).toMatchObject({
      timeoutMs: 2500,
      attempts: 7,
      imdsv1: true,
      publish: false,
      timeServers: [
        { host: '127.0.0.1', port: 5123 },
        { host: '::1', port: 123 },
      ],
      only: ['imds'],
      region: 'eu-west-1',
      format: 'json',
    });
    expect(config.origins).toMatchObject({ publish: '--publish', format: '--json' });
  });

  it('take no word that follows a list', () => {
    const flags = yargs(['--only', 'imds', 'healthy'])
      .options({ ...flagsFor('check') })
      .parseSync();
    expect([flags._, flags['only']]).toEqual([['healthy'], ['imds']]);
  });

  it.each([
    [['--timeout'], '--timeout: timeout needs a value; allowed: seconds, from 0.01 to 3600'],
    [
      ['--timeot', '3'],
      '--timeot: there is no such setting; did you mean --timeout?; allowed: what imds-probe check --show-config lists',
    ],
    [
      ['--Timeout', '3'],
      '--Timeout: there is no such setting; did you mean --timeout?; allowed: what imds-probe check --show-config lists',
    ],
    [['--format', 'xml'], '--format: format cannot be "xml"; allowed: text, json, nagios or prometheus'],
    [['--listen', '5'], '--listen: check has no such option; it belongs to agent'],
    [['--interval', '0'], '--interval: interval cannot be "0"; allowed: seconds, from 1 to 86400'],
  ])('tell what is wrong with %j', (args, error) => {
    const resolved = parsed(args);
    expect(resolved.ok ? [] : resolved.errors.map(configErrorText)).toEqual([error]);
  });

  it('belong to their commands', () => {
    const only = (command: 'check' | 'agent' | 'history', others: readonly string[]) =>
      Object.keys(flagsFor(command)).filter((name) => !others.includes(name));
    const [check, agent] = [Object.keys(flagsFor('check')), Object.keys(flagsFor('agent'))];
    expect(only('check', agent)).toEqual([
      'simulate',
      'publish',
      'run-credential-process',
      'wait',
      'format',
      'json',
    ]);
    expect(only('agent', check)).toEqual([
      'once',
      'interval',
      'flush',
      'state-dir',
      'runtime-dir',
      'prometheus-file',
      'listen',
      'emf',
    ]);
    expect(Object.keys(flagsFor('history'))).toEqual([
      'config',
      'format',
      'since',
      'file',
      'state-dir',
      'json',
    ]);
  });

  it('offer their words to a shell', () => {
    expect(valuesFor('format')).toEqual(['text', 'json', 'nagios', 'prometheus', 'csv']);
    expect(valuesFor('region')).toEqual([]);
    expect(valuesFor('nonsense')).toEqual([]);
  });
});

describe('--show-config', () => {
  it('shows every setting, its value and where it came from', () => {
    const text = showConfigText(settled(['--fleet', 'web'], { IMDS_PROBE_TIMEOUT: '2' }));
    const lines = text.split('\n');
    expect(lines).toHaveLength(SETTING_NAMES.length);
    const columns = lines.map((line) => line.split(/ {2,}/));
    expect(columns).toContainEqual(['timeout', '2 s', 'IMDS_PROBE_TIMEOUT']);
    expect(columns).toContainEqual(['fleet', 'web', '--fleet']);
    expect(columns).toContainEqual(['region', 'from the metadata service', 'default']);
  });

  it('keeps to 80 columns and straight lines by default', () => {
    const lines = showConfigText(settled([])).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(new Set(lines.map((line) => line.lastIndexOf('  ')))).toHaveProperty('size', 1);
  });

  it('lets one long value stand out alone', () => {
    const lines = showConfigText(settled(['--fleet', 'x'.repeat(200)])).split('\n');
    const straight = lines.filter((line) => !line.startsWith('fleet'));
    expect(Math.max(...straight.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('is data as JSON, in the units of the flags', () => {
    const shown = JSON.parse(showConfigJson(settled(['--timeout', '2', '--only', 'imds']))) as {
      schema: string;
      settings: { name: string; value: unknown; origin: string }[];
    };
    expect(shown.schema).toBe('imds-probe/config/v1');
    const byName = new Map(shown.settings.map((setting) => [setting.name, setting]));
    expect(byName.get('timeout')).toEqual({ name: 'timeout', value: 2, origin: '--timeout' });
    expect(byName.get('only')?.value).toEqual(['imds']);
    expect(byName.get('region')?.value).toBeNull();
    expect(byName.get('offline')?.value).toBe(false);
    expect(byName.get('time-server')?.value).toEqual(['169.254.169.123', '[fd00:ec2::123]']);
  });
});

describe('the documentation', () => {
  it('has every option of the contract', () => {
    const promised =
      'endpoint endpoint-mode timeout attempts deadline time-server region namespace fleet cloudwatch-endpoint ' +
      'sts-endpoint ec2-endpoint instance-options interval flush state-dir profile pid all-processes run-credential-process only skip publish wait format offline imdsv1 ' +
      'margin-warning margin-critical clock-warning clock-critical slow-warning instance-metrics';
    expect(SETTING_NAMES).toEqual(expect.arrayContaining(promised.split(' ')));
    const markdown = settingsMarkdown();
    for (const name of [...promised.split(' '), 'json']) expect(markdown).toContain(`| \`--${name}`);
  });

  it('names what else is read', () => {
    const rows = new Map(settingRows().map((row) => [row.flag, row]));
    expect(rows.get('--timeout <seconds>')).toMatchObject({
      env: 'IMDS_PROBE_TIMEOUT',
      default: '1 s',
      alsoRead: ['AWS_METADATA_SERVICE_TIMEOUT', 'metadata_service_timeout'],
      commands: ['check', 'agent'],
    });
    expect(rows.get('--offline')).toMatchObject({ default: 'off', alsoRead: [] });
  });

  it('is a table whose bars are all its own', () => {
    const widths = settingsMarkdown()
      .split('\n')
      .map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(widths)).toEqual(new Set([6]));
  });
});
