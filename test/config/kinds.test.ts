// What each kind of setting takes and refuses.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SETTING_NAMES, type SettingName, settingOf } from '../../src/config/settings.ts';

const TAKES: Partial<Record<SettingName, readonly (readonly [text: string, value: unknown])[]>> = {
  endpoint: [
    ['http://169.254.169.254', 'http://169.254.169.254'],
    ['http://169.254.169.254/', 'http://169.254.169.254'],
    ['http://169.254.169.254:80', 'http://169.254.169.254'],
    ['HTTP://LocalHost:1338', 'http://localhost:1338'],
    ['http://imds.example.com', 'http://imds.example.com'],
    ['http://[FD00:EC2::254]', 'http://[fd00:ec2::254]'],
  ],
  'endpoint-mode': [
    ['IPv6', 'IPv6'],
    ['ipv6', 'IPv6'],
    ['IPV4', 'IPv4'],
  ],
  since: [
    ['24h', 86_400],
    ['90m', 5_400],
    ['1.5 h', 5_400],
    ['7d', 604_800],
    ['1w', 604_800],
    ['45', 45],
  ],
  listen: [
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['[::]:80', { host: '::', port: 80 }],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
  ],
  timeout: [
    ['1', 1],
    ['0.25', 0.25],
    ['3600', 3600],
    ['0.01', 0.01],
  ],
  attempts: [
    ['1', 1],
    ['100', 100],
  ],
  imdsv1: [
    ['true', true],
    ['YES', true],
    ['1', true],
    ['False', false],
    ['no', false],
    ['0', false],
  ],
  'time-server': [
    ['169.254.169.123', { host: '169.254.169.123', port: 123 }],
    ['127.0.0.1:10123', { host: '127.0.0.1', port: 10_123 }],
    ['Time.Example.com', { host: 'time.example.com', port: 123 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['fd00:ec2::123', { host: 'fd00:ec2::123', port: 123 }],
    ['[fd00:EC2::123]', { host: 'fd00:ec2::123', port: 123 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ],
  region: [
    ['eu-west-1', 'eu-west-1'],
    ['us-gov-west-1', 'us-gov-west-1'],
    ['us-isob-east-1', 'us-isob-east-1'],
    ['eusc-de-east-1', 'eusc-de-east-1'],
    ['ap-southeast-7', 'ap-southeast-7'],
  ],
  namespace: [
    ['ImdsProbe', 'ImdsProbe'],
    ['Team A/imds.probe:x#1', 'Team A/imds.probe:x#1'],
    ['AWSome', 'AWSome'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ],
  fleet: [
    ['default', 'default'],
    ['web: blue (2)', 'web: blue (2)'],
  ],
  'cloudwatch-endpoint': [
    ['https://monitoring.eu-west-1.amazonaws.com', 'https://monitoring.eu-west-1.amazonaws.com'],
    ['http://127.0.0.1:4566/', 'http://127.0.0.1:4566'],
    ['https://gateway.example.com/cw', 'https://gateway.example.com/cw'],
  ],
  'state-dir': [['./state', './state']],
  profile: [['dev@corp', 'dev@corp']],
  pid: [['1', 1]],
  only: [['imds', 'imds']],
  format: [['JSON', 'json']],
  'slow-warning': [['250.5', 250.5]],
};

const REFUSES: Partial<Record<SettingName, readonly string[]>> = {
  since: ['', '0', '0h', '-1h', '14d', '1y', '1h30m', 'h', '1e3', '24 hours'],
  listen: [
    '',
    '0',
    '127.0.0.1',
    '127.0.0.1:0',
    ':9464',
    '70000',
    'http://127.0.0.1:1',
    '127.0.0.1:1/metrics',
  ],
  endpoint: [
    '',
    '169.254.169.254',
    'ftp://169.254.169.254',
    'https://169.254.169.254',
    'http:169.254.169.254',
    'http:///',
    'http://',
    'http://169.254.169.254/latest',
    'http://169.254.169.254/?x',
    'http://169.254.169.254#x',
    'http://user@169.254.169.254',
    'http://user:password@169.254.169.254',
    'http://169.254.169.254:99999',
    'http://fd00:ec2::254',
    'http://a b',
    'http://a\\b',
    'javascript:alert(1)',
  ],
  'endpoint-mode': ['', 'IPv5', '6', 'ipv4,ipv6'],
  timeout: [
    '',
    '0',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1s',
    'abc',
    'NaN',
    'Infinity',
    '3601',
    '1_0',
    '01',
    '.5',
    '1.',
    '٣',
  ],
  attempts: ['0', '1.5', '101', 'three', '-3'],
  imdsv1: ['', 'on', 'y', 'maybe', '2'],
  'time-server': [
    '',
    'host:0',
    'host:65536',
    'host:',
    ':123',
    'a b',
    'http://time',
    '[fd00::1',
    '[fd00::1]x',
    '[127.0.0.1]',
    '300.1.1.1',
    '1.2.3',
    '-x.example',
    'fd00:::1',
    'x'.repeat(254),
    'user@host',
    'host/path',
  ],
  region: ['', 'eu-west', 'EU-WEST-1', 'eu-west-1a', 'eu_west_1', 'eu-west-1/../..', 'x'.repeat(100)],
  namespace: ['', ' ', 'AWS/EC2', ':x', 'ü', 'x'.repeat(256), 'a\nb', 'a;b'],
  fleet: ['', '  ', ':x', 'é', 'x'.repeat(256), 'a\tb'],
  'cloudwatch-endpoint': ['', 'monitoring', 'https://user:x@host', 'https://host?x=1', 'file:///etc/passwd'],
  'state-dir': ['', 'a\u0000b', 'x'.repeat(4097)],
  profile: ['', 'a\nb', 'x'.repeat(257)],
  pid: ['0', '4194305', 'self'],
  only: ['', 'Imds', 'a b', '-a', 'a--b'],
  format: ['', 'xml', 'text '],
  'slow-warning': ['0', '-250'],
};

describe.each(Object.entries(TAKES))('%s takes', (name, rows) => {
  it.each(rows)('%j', (text, value) => {
    expect(settingOf(name as SettingName).kind.parse(text)).toEqual(value);
  });
});

describe.each(Object.entries(REFUSES))('%s refuses', (name, texts) => {
  it.each(texts)('%j', (text) => {
    expect(settingOf(name as SettingName).kind.parse(text)).toBeUndefined();
  });
});

describe.each(SETTING_NAMES)('%s', (name) => {
  const { kind, ...row } = settingOf(name);

  it('has a default that it would take', () => {
    const defaults = row.many ? row.default : row.default === null ? [] : [row.default];
    for (const value of defaults) {
      // What is shown has its unit behind it.
      const text = kind.show(value).replace(/ (s|ms)$/, '');
      expect(kind.parse(text)).toEqual(value);
    }
  });

  it('never throws, and shows what it took in a form it takes again', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.webUrl(),
      fc.ipV6(),
      fc.domain(),
      fc.float().map(String),
      fc.stringMatching(/^[a-z0-9:.[\]/-]{0,20}$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const value = kind.parse(text);
        if (value === undefined) return;
        expect(kind.parse(kind.show(value).replace(/ (s|ms)$/, ''))).toEqual(value);
      }),
    );
  });
});

it('judges a hostile megabyte in no time', () => {
  const texts = ['[', ':', '.', '-', 'a.', 'a-', '1', ' ', '/', 'http://', 'a:'].map((part) =>
    part.repeat(200_000),
  );
  const started = performance.now();
  for (const name of SETTING_NAMES) for (const text of texts) settingOf(name).kind.parse(text);
  expect(performance.now() - started).toBeLessThan(3000);
});
