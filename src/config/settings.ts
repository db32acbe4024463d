// The table of settings. Flags, environment variables, the YAML file, `--show-config` and the documentation are
// all made from it, so a new setting is one row here and its use.
import {
  boolean,
  choice,
  duration,
  hostPort,
  integer,
  listenAddress,
  milliseconds,
  origin,
  path,
  seconds,
  text,
  url,
} from './kinds.ts';
import { type Command, type Many, many, type One, one, optional } from './row.ts';

export type { Command, Group } from './row.ts';

const CYCLE: readonly Command[] = ['check', 'agent'];
const DAY_SECONDS = 86_400;

/** NTP, RFC 5905 section 7.2. */
const NTP_PORT = 123;

/** Finding ids and groups; which ones there are is known to the catalogue only. */
const FINDING = text(
  'ids and groups of findings (see imds-probe explain)',
  'ids',
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
);

export const SETTINGS = {
  endpoint: optional({
    group: 'Metadata service',
    commands: CYCLE,
    kind: origin,
    describe: 'Where the metadata service is',
    defaultText: 'http://169.254.169.254',
    variables: ['AWS_EC2_METADATA_SERVICE_ENDPOINT'],
    sharedKey: 'ec2_metadata_service_endpoint',
  }),
  'endpoint-mode': one({
    group: 'Metadata service',
    commands: CYCLE,
    kind: choice('IPv4', 'IPv6'),
    default: 'IPv4',
    describe: 'Which address family to ask; an endpoint given wins',
    variables: ['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE'],
    sharedKey: 'ec2_metadata_service_endpoint_mode',
  }),
  timeout: one({
    group: 'Metadata service',
    commands: CYCLE,
    kind: seconds(0.01, 3600),
    default: 1,
    describe: 'Longest wait for one attempt',
    variables: ['AWS_METADATA_SERVICE_TIMEOUT'],
    sharedKey: 'metadata_service_timeout',
  }),
  attempts: one({
    group: 'Metadata service',
    commands: CYCLE,
    kind: integer(1, 100),
    default: 3,
    describe: 'All tries of one request, the first included',
    variables: ['AWS_METADATA_SERVICE_NUM_ATTEMPTS'],
    sharedKey: 'metadata_service_num_attempts',
  }),
  deadline: one({
    group: 'Metadata service',
    commands: CYCLE,
    kind: seconds(0.1, 3600),
    default: 10,
    describe: 'Longest time for a whole cycle',
  }),
  imdsv1: one({
    group: 'Metadata service',
    commands: CYCLE,
    kind: boolean,
    default: false,
    describe: 'Always send the tokenless request; EC2 counts it as MetadataNoToken',
  }),
  'time-server': many({
    group: 'Time',
    commands: CYCLE,
    kind: hostPort(NTP_PORT),
    // Amazon Time Sync Service: EC2 User Guide, "Set the time reference on your EC2 instance to use the local …".
    default: [
      { host: '169.254.169.123', port: NTP_PORT },
      { host: 'fd00:ec2::123', port: NTP_PORT },
    ],
    describe: 'Time servers, asked in this order until one has a valid time',
  }),
  region: optional({
    group: 'AWS',
    commands: CYCLE,
    kind: text('an AWS Region, such as eu-west-1', 'region', /^[a-z]{2,5}(-[a-z]{1,16}){1,3}-\d{1,2}$/),
    describe: 'Region to publish to',
    defaultText: 'from the metadata service',
    variables: ['AWS_REGION'],
  }),
  namespace: one({
    group: 'AWS',
    commands: CYCLE,
    // CloudWatch User Guide, "Metrics concepts": these characters, 255 of them, and AWS/ is taken.
    kind: text(
      'up to 255 of A-Z a-z 0-9 . - _ / # : and blanks, not beginning with AWS/ or a colon',
      'name',
      /^(?!AWS\/|:)(?=.*\S)[A-Za-z0-9.\-_/#: ]{1,255}$/,
    ),
    default: 'ImdsProbe',
    describe: 'CloudWatch namespace',
  }),
  fleet: one({
    group: 'AWS',
    commands: CYCLE,
    // API reference, Dimension: ASCII, no control characters, something else than blanks, no colon in front.
    kind: text(
      'up to 255 ASCII characters, not beginning with a colon',
      'name',
      /^(?!:)(?=.*[!-~])[ -~]{1,255}$/,
    ),
    default: 'default',
    describe: 'Value of the dimension Fleet that every metric carries',
  }),
  'instance-metrics': one({
    group: 'AWS',
    commands: CYCLE,
    kind: choice('always', 'when-unhealthy', 'never'),
    default: 'when-unhealthy',
    describe: 'When to send the most important metrics per instance as well',
  }),
  'cloudwatch-endpoint': optional({
    group: 'AWS',
    commands: CYCLE,
    kind: url,
    describe: 'Where CloudWatch is',
    defaultText: "the Region's",
    variables: ['AWS_ENDPOINT_URL_CLOUDWATCH', 'AWS_ENDPOINT_URL'],
  }),
  'sts-endpoint': optional({
    group: 'AWS',
    commands: CYCLE,
    kind: url,
    describe: 'Where STS is',
    defaultText: "the Region's",
    variables: ['AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL'],
  }),
  'ec2-endpoint': optional({
    group: 'AWS',
    commands: CYCLE,
    kind: url,
    describe: 'Where EC2 is',
    defaultText: "the Region's",
    variables: ['AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL'],
  }),
  'instance-options': one({
    group: 'AWS',
    commands: CYCLE,
    kind: boolean,
    default: false,
    describe: "Ask EC2 for the instance's metadata options; the role needs ec2:DescribeInstances",
  }),
  offline: one({
    group: 'AWS',
    commands: CYCLE,
    kind: boolean,
    default: false,
    describe: 'Ask only the metadata service and the time servers: no STS, CloudWatch, DNS or proxy',
  }),
  publish: one({
    group: 'AWS',
    commands: ['check'],
    kind: boolean,
    default: false,
    describe: 'Send the metrics of this run to CloudWatch',
  }),
  profile: optional({
    group: 'Credentials',
    commands: CYCLE,
    kind: text('the name of a profile', 'name', /^[^\u0000-\u001f\u007f]{1,256}$/),
    describe: 'Judge the chain of this profile',
    defaultText: 'the default chain',
    variables: ['AWS_PROFILE'],
  }),
  pid: optional({
    group: 'Credentials',
    commands: CYCLE,
    // proc(5): pid_max is at most 2^22.
    kind: integer(1, 4_194_304),
    describe: 'Judge the chain as this process sees it',
    defaultText: 'this shell',
  }),
  'all-processes': one({
    group: 'Credentials',
    commands: CYCLE,
    kind: boolean,
    default: false,
    describe: 'Look for credentials in every process this user may see',
  }),
  'run-credential-process': one({
    group: 'Credentials',
    commands: ['check'],
    kind: boolean,
    default: false,
    describe: 'Run the credential_process of the profile in use, to see what it gives',
  }),
  only: many({
    group: 'Output',
    commands: CYCLE,
    kind: FINDING,
    default: [],
    describe: 'Judge these findings or groups only, and look only at what they need',
    defaultText: 'all',
  }),
  skip: many({
    group: 'Output',
    commands: CYCLE,
    kind: FINDING,
    default: [],
    describe: 'Leave these findings or groups out',
    defaultText: 'none',
  }),
  wait: one({
    group: 'Output',
    commands: ['check'],
    kind: seconds(0, DAY_SECONDS),
    default: 0,
    describe: 'Keep trying this long until credentials are there, for boot',
  }),
  format: one({
    group: 'Output',
    commands: ['check', 'history'],
    kind: choice('text', 'json', 'nagios', 'prometheus', 'csv'),
    words: { check: ['text', 'json', 'nagios', 'prometheus'], history: ['text', 'json', 'csv'] },
    default: 'text',
    describe: 'How to print it',
  }),
  since: one({
    group: 'History',
    commands: ['history'],
    kind: duration(13 * DAY_SECONDS),
    default: DAY_SECONDS,
    describe: 'How far to look back',
  }),
  file: optional({
    group: 'History',
    commands: ['history'],
    kind: path,
    describe: 'Recording to read, such as a copy from another machine',
    defaultText: 'recorder.db in the state folder',
  }),
  interval: one({
    group: 'Agent',
    commands: ['agent'],
    alsoTakenBy: ['check'],
    kind: seconds(1, DAY_SECONDS),
    default: 60,
    describe: 'Time from the start of one cycle to the next',
  }),
  flush: one({
    group: 'Agent',
    commands: ['agent'],
    alsoTakenBy: ['check'],
    kind: seconds(1, DAY_SECONDS),
    default: 300,
    describe: 'Time between two deliveries to CloudWatch while nothing changes',
  }),
  'state-dir': one({
    group: 'Agent',
    commands: ['agent', 'history'],
    alsoTakenBy: ['check'],
    kind: path,
    default: '/var/lib/imds-probe',
    describe: 'Folder of what must outlive a restart',
    variables: ['STATE_DIRECTORY'],
  }),
  'runtime-dir': one({
    group: 'Agent',
    commands: ['agent'],
    kind: path,
    default: '/run/imds-probe',
    describe: 'Folder of status.json, the state of this instance for anybody to read',
    variables: ['RUNTIME_DIRECTORY'],
  }),
  'prometheus-file': optional({
    group: 'Agent',
    commands: ['agent'],
    kind: path,
    describe: 'File for the textfile collector of node_exporter, ending in .prom',
    defaultText: 'none',
  }),
  listen: optional({
    group: 'Agent',
    commands: ['agent'],
    kind: listenAddress,
    describe: 'Serve /metrics, /healthz and /status over HTTP here',
    defaultText: 'nowhere',
  }),
  emf: one({
    group: 'Agent',
    commands: ['agent'],
    kind: boolean,
    default: false,
    describe: 'Print metrics in CloudWatch embedded metric format on standard output',
  }),
  'margin-warning': one({
    group: 'Thresholds',
    commands: CYCLE,
    kind: seconds(0, DAY_SECONDS),
    default: 900,
    describe: 'Warn when credentials expire sooner than this',
  }),
  'margin-critical': one({
    group: 'Thresholds',
    commands: CYCLE,
    kind: seconds(0, DAY_SECONDS),
    default: 300,
    describe: 'Critical when credentials expire sooner than this',
  }),
  'clock-warning': one({
    group: 'Thresholds',
    commands: CYCLE,
    kind: seconds(0.001, DAY_SECONDS),
    default: 30,
    describe: 'Warn when the clock is further off than this',
  }),
  'clock-critical': one({
    group: 'Thresholds',
    commands: CYCLE,
    kind: seconds(0.001, DAY_SECONDS),
    default: 240,
    describe: 'Critical when the clock is further off than this',
  }),
  'slow-warning': one({
    group: 'Thresholds',
    commands: CYCLE,
    kind: milliseconds(1, 3_600_000),
    default: 250,
    describe: 'Warn when the metadata service typically takes longer than this, or once twice as long',
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Any row, where its type does not matter. */
export type AnySetting = One<unknown> | Many<unknown>;

export function settingOf(name: SettingName): AnySetting {
  return SETTINGS[name] as AnySetting;
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** What a row's value is once settled. */
export type ValueOf<N extends SettingName> =
  (typeof SETTINGS)[N] extends Many<infer T>
    ? readonly T[]
    : (typeof SETTINGS)[N] extends One<infer T>
      ? T | ((typeof SETTINGS)[N]['default'] extends null ? null : never)
      : never;

export type Values = { readonly [N in SettingName]: ValueOf<N> };

/** `--json` is `--format json` in every source. */
export const SHORTHANDS: Readonly<Record<string, { readonly setting: SettingName; readonly value: string }>> =
  {
    json: { setting: 'format', value: 'json' },
  };

export const ENV_PREFIX = 'IMDS_PROBE_';

export function envName(setting: string): string {
  return `${ENV_PREFIX}${setting.toUpperCase().replaceAll('-', '_')}`;
}
