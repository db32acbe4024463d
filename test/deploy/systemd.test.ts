// The unit and its drop-ins: what the program relies on, what must not be there, and settings that really exist.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { envName, SETTING_NAMES, SETTINGS } from '../../src/config/settings.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/systemd');
const DROP_INS = readdirSync(path.join(FOLDER, 'drop-ins'));

/** Directives with all their values, from `[Section]` lines and `Name=value` lines (systemd.syntax(7)). */
function directives(file: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of readFileSync(path.join(FOLDER, file), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, header] = /^\[(Unit|Service|Install)\]$/.exec(line) ?? [];
    const [, name = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (header === undefined && name === '') throw new Error(`${file}: ${line}`);
    if (header !== undefined) section = header;
    else found.set(`${section}.${name}`, [...(found.get(`${section}.${name}`) ?? []), value]);
  }
  return found;
}

const unit = directives('imds-probe.service');
const only = (name: string): string => {
  const values = unit.get(name) ?? [];
  expect(values, name).toHaveLength(1);
  return values[0] ?? '';
};

describe('the unit', () => {
  it.each([
    ['Service.Type', 'notify'],
    // systemd-notify is a child of the main process.
    ['Service.NotifyAccess', 'all'],
    ['Service.User', 'imds-probe'],
    ['Service.StateDirectory', 'imds-probe'],
    // The group reads the history.
    ['Service.StateDirectoryMode', '0750'],
    ['Service.UMask', '0027'],
    ['Service.RuntimeDirectory', 'imds-probe'],
    // Exit code 64: a setting is wrong, and stays wrong.
    ['Service.RestartPreventExitStatus', '64'],
    ['Service.Restart', 'always'],
    ['Unit.StartLimitIntervalSec', '0'],
    ['Service.RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
    ['Service.CapabilityBoundingSet', ''],
  ])('%s=%s', (name, value) => {
    expect(only(name)).toBe(value);
  });

  it('lets V8 compile: without that there is no WebAssembly, and so no HTTP', () => {
    expect(unit.has('Service.MemoryDenyWriteExecute')).toBe(false);
  });

  it('waits longer than a slow cycle takes, and less than it takes to alarm', () => {
    const watchdog = Number(only('Service.WatchdogSec'));
    expect(watchdog).toBeGreaterThanOrEqual(2 * (SETTINGS.interval.default + SETTINGS.deadline.default));
    expect(watchdog).toBeLessThan(15 * 60);
    expect(Number(only('Service.TimeoutStartSec'))).toBeGreaterThan(SETTINGS.deadline.default);
    // The agent stops within 5 s.
    expect(Number(only('Service.TimeoutStopSec'))).toBeGreaterThan(5);
  });
});

describe('the drop-ins', () => {
  it.each(DROP_INS)('%s says what it costs and how it is installed', (name) => {
    const text = readFileSync(path.join(FOLDER, 'drop-ins', name), 'utf8');
    expect(text).toMatch(/^# [A-Z]/);
    expect(text).toContain(`/etc/systemd/system/imds-probe.service.d/${name}`);
    expect(directives(`drop-ins/${name}`).size).toBeGreaterThan(0);
  });

  it.each(DROP_INS)('%s sets only variables that are settings, or Node’s', (name) => {
    const set = (directives(`drop-ins/${name}`).get('Service.Environment') ?? []).map(
      (pair) => pair.split('=')[0],
    );
    const known = [...SETTING_NAMES.map(envName), 'NODE_EXTRA_CA_CERTS'];
    expect(set.filter((variable) => !known.includes(variable ?? ''))).toEqual([]);
  });

  it('the allow-list has every link-local service of an instance', () => {
    const allowed = (directives('drop-ins/vpc-endpoints.conf').get('Service.IPAddressAllow') ?? [])
      .join(' ')
      .split(' ');
    const needed = ['localhost', '169.254.169.254', '169.254.169.123', 'fd00:ec2::254', 'fd00:ec2::123'];
    expect(needed.filter((address) => !allowed.includes(address))).toEqual([]);
    expect(directives('drop-ins/vpc-endpoints.conf').get('Service.IPAddressDeny')).toEqual(['any']);
  });
});
