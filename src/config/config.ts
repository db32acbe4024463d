// The settled configuration as the program uses it: plain, typed, with units in its names.
import type { Policy } from '../core/check.ts';
import type { ImdsSettings } from '../core/imds.ts';
import { IMDS_IPV4_ENDPOINT, IMDS_IPV6_ENDPOINT } from '../facts/imds.ts';
import { type HostPort, origin as originKind } from './kinds.ts';
import { SETTING_NAMES, type SettingName, settingOf, type ValueOf, type Values } from './settings.ts';
import type { Given } from './sources.ts';

export type Origins = { readonly [N in SettingName]: string };

export interface Config {
  /** `http://host[:port]`: the endpoint given, else the one of the endpoint mode. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  /** All tries, the first included. */
  readonly attempts: number;
  /** For a whole cycle. */
  readonly deadlineMs: number;
  readonly imdsv1: boolean;
  readonly timeServers: readonly HostPort[];
  /** Null: the one the metadata service tells. */
  readonly region: string | null;
  readonly namespace: string;
  readonly fleet: string;
  readonly instanceMetrics: ValueOf<'instance-metrics'>;
  /** Null: the Region's. */
  readonly cloudwatchEndpoint: string | null;
  readonly stsEndpoint: string | null;
  readonly ec2Endpoint: string | null;
  readonly instanceOptions: boolean;
  readonly offline: boolean;
  readonly publish: boolean;
  /** Null: the default chain of this shell. */
  readonly profile: string | null;
  readonly pid: number | null;
  readonly allProcesses: boolean;
  readonly runCredentialProcess: boolean;
  /** Finding ids and groups; empty means all, and none. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly waitSeconds: number;
  readonly format: ValueOf<'format'>;
  readonly intervalSeconds: number;
  readonly flushSeconds: number;
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Null: none. */
  readonly prometheusFile: string | null;
  readonly listen: HostPort | null;
  readonly emf: boolean;
  /** How far `history` looks back. */
  readonly sinceSeconds: number;
  /** Null: the one in the state folder. */
  readonly file: string | null;
  readonly thresholds: Omit<Policy, 'previousRoleName'>;
  /** What the probe `imds-settings` shows, but for the variable that only the host knows. */
  readonly imdsSettings: Omit<ImdsSettings, 'disabledVariable'>;
  readonly origins: Origins;
  /** Every setting for `--show-config`, in the order of the table. */
  readonly shown: readonly ShownSetting[];
}

export interface ShownSetting {
  readonly setting: SettingName;
  /** As a person reads it. */
  readonly text: string;
  /** As a program reads it: the same unit as the flag. */
  readonly value: string | number | boolean | null | readonly string[];
  readonly origin: string;
}

/** Puts it together. `sdk` gives what AWS variables and shared config keys say, whatever our own sources say. */
export function configOf(
  values: Values,
  settledOrigins: Origins,
  sdk: (name: SettingName) => Given | undefined,
): Config {
  const endpoint =
    values.endpoint ?? (values['endpoint-mode'] === 'IPv6' ? IMDS_IPV6_ENDPOINT : IMDS_IPV4_ENDPOINT);
  const byMode = values.endpoint === null && settledOrigins['endpoint-mode'] !== 'default';
  const origins = byMode
    ? { ...settledOrigins, endpoint: `${settledOrigins['endpoint-mode']} (endpoint-mode)` }
    : settledOrigins;
  return {
    endpoint,
    timeoutMs: Math.round(values.timeout * 1000),
    attempts: values.attempts,
    deadlineMs: Math.round(values.deadline * 1000),
    imdsv1: values.imdsv1,
    timeServers: values['time-server'],
    region: values.region,
    namespace: values.namespace,
    fleet: values.fleet,
    instanceMetrics: values['instance-metrics'],
    cloudwatchEndpoint: values['cloudwatch-endpoint'],
    stsEndpoint: values['sts-endpoint'],
    ec2Endpoint: values['ec2-endpoint'],
    instanceOptions: values['instance-options'],
    offline: values.offline,
    publish: values.publish,
    profile: values.profile,
    pid: values.pid,
    allProcesses: values['all-processes'],
    runCredentialProcess: values['run-credential-process'],
    only: values.only,
    skip: values.skip,
    waitSeconds: values.wait,
    format: values.format,
    intervalSeconds: values.interval,
    flushSeconds: values.flush,
    stateDir: values['state-dir'],
    runtimeDir: values['runtime-dir'],
    prometheusFile: values['prometheus-file'],
    listen: values.listen,
    emf: values.emf,
    sinceSeconds: values.since,
    file: values.file,
    thresholds: {
      marginWarningSeconds: values['margin-warning'],
      marginCriticalSeconds: values['margin-critical'],
      clockWarningSeconds: values['clock-warning'],
      clockCriticalSeconds: values['clock-critical'],
      slowWarningMs: values['slow-warning'],
    },
    imdsSettings: imdsSettingsOf(endpoint, sdk),
    origins,
    shown: SETTING_NAMES.map((name) => {
      const value = name === 'endpoint' ? endpoint : values[name];
      return { setting: name, ...shownOf(name, value), origin: origins[name] };
    }),
  };
}

function shownOf(name: SettingName, value: unknown): Pick<ShownSetting, 'text' | 'value'> {
  const row = settingOf(name);
  if (row.many) {
    const items = (value as readonly unknown[]).map((item) => row.kind.show(item));
    return { text: items.length === 0 ? (row.defaultText ?? 'none') : items.join(', '), value: items };
  }
  if (value === null) return { text: row.defaultText ?? 'none', value: null };
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = row.kind.show(value);
  return { text, value: plain ? value : text };
}

function imdsSettingsOf(
  endpoint: string,
  sdk: (name: SettingName) => Given | undefined,
): Config['imdsSettings'] {
  return {
    endpoint,
    overriddenBy: overriddenBy(sdk),
    sdkAttempts: numberFor(sdk('attempts'), 'attempts'),
    sdkTimeoutSeconds: numberFor(sdk('timeout'), 'timeout'),
  };
}

/** Where AWS variables or keys send the SDKs, with what says so; null where that is the usual address. */
function overriddenBy(sdk: (name: SettingName) => Given | undefined): string | null {
  const given = sdk('endpoint');
  if (given !== undefined) {
    const moved = originKind.parse(given.texts[0]?.trim() ?? '');
    if (moved === IMDS_IPV4_ENDPOINT) return null;
    return `${moved ?? 'not a valid URL'} (${given.origin})`;
  }
  const mode = sdk('endpoint-mode');
  return mode?.texts[0]?.trim().toLowerCase() === 'ipv6' ? `${IMDS_IPV6_ENDPOINT} (${mode.origin})` : null;
}

function numberFor(
  given: Given | undefined,
  name: 'attempts' | 'timeout',
): { readonly value: number; readonly from: string } | null {
  const value = settingOf(name).kind.parse(given?.texts[0]?.trim() ?? '');
  return given === undefined || typeof value !== 'number' ? null : { value, from: given.origin };
}
