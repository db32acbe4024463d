// The CloudFormation templates: what they watch exists, what they tell reaches somebody, and what they start is safe.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDING_IDS } from '../../src/facts/finding-ids.ts';
import { METRIC_MEANINGS } from '../../src/report/gauges.ts';
import { defaultConfig, templateAlarms } from '../support/alarm-drill.ts';
import { alarmsOf, type Json, objectAt, readTemplate, type Template } from '../support/cloudformation.ts';
import { dashboardMistakes, type Widget } from '../support/dashboard.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/cloudformation');
const file = (name: string): string => path.join(FOLDER, name);
type JsonObject = { readonly [key: string]: Json };

const FLEET = { Fleet: 'web', AutoScalingGroupName: 'web-group' };
const INSTANCE = { Fleet: 'web', InstanceId: 'i-0123456789abcdef0' };
const config = defaultConfig();

describe.each(readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')))('%s', (name) => {
  const { raw } = readTemplate(file(name), name === 'launch.yaml' ? RELEASE() : {});

  it('says what it is, and why each parameter is as it is', () => {
    expect(String(raw['Description'])).toMatch(/^imds-probe: /);
    for (const [parameter, { Description = '' }] of parametersOf(raw))
      expect(String(Description).length, parameter).toBeGreaterThan(25);
  });

  it('uses every parameter and every condition', () => {
    const text = JSON.stringify({ ...raw, Parameters: null, Metadata: null });
    for (const [parameter] of parametersOf(raw)) {
      expect(text, parameter).toMatch(new RegExp(`"Ref":"${parameter}"|\\$\\{${parameter}\\}`));
    }
    for (const condition of Object.keys(objectAt(raw, 'Conditions'))) {
      expect(text, condition).toMatch(new RegExp(`"Condition":"${condition}"|"Fn::If":\\["${condition}"`));
    }
  });

  it('shows every parameter in the console, where it groups them', () => {
    const groups = objectAt(objectAt(raw, 'Metadata'), 'AWS::CloudFormation::Interface')['ParameterGroups'];
    if (groups === undefined) return;
    const shown = (groups as readonly JsonObject[]).flatMap(
      (group) => group['Parameters'] as readonly string[],
    );
    expect([...shown].sort()).toEqual(
      parametersOf(raw)
        .map(([parameter]) => parameter)
        .sort(),
    );
  });
});

const propertiesOf = (resources: Template['resources'], id: string): JsonObject =>
  resources[id]?.properties ?? {};

function parametersOf(raw: JsonObject): readonly (readonly [string, JsonObject])[] {
  return Object.entries(objectAt(raw, 'Parameters')).map(
    ([name, value]) => [name, value as JsonObject] as const,
  );
}

describe.each([
  ['a fleet', 'fleet', FLEET],
  ['one instance', 'instance', INSTANCE],
] as const)('alarms.yaml for %s', (_, watched, parameters) => {
  const template = readTemplate(file('alarms.yaml'), parameters);
  const { metric, composite } = alarmsOf(template);

  it('has each alarm once', () => {
    const short = (name: string) => name.replace('imds-probe-web-', '');
    const ofFleet = watched === 'fleet' ? ['group-count-missing'] : [];
    expect(metric.map(({ name }) => short(name)).sort()).toEqual(
      [
        'clock-offset',
        'credential-age',
        'critical',
        'expiry-page',
        'expiry-ticket',
        'heartbeat',
        'link-local-drops',
        'outbox-age',
        'throttled',
        ...ofFleet,
      ].sort(),
    );
  });

  it('watches only metrics that there are, in the dimensions they are sent with', () => {
    const known = METRIC_MEANINGS.map(({ name }) => name);
    for (const { metric: watchedMetric } of metric.flatMap(({ queries }) =>
      queries.flatMap((query) => ('metric' in query ? [query] : [])),
    )) {
      if (watchedMetric.namespace.startsWith('AWS/')) continue;
      expect(watchedMetric.namespace).toBe(config.namespace);
      expect(known).toContain(watchedMetric.name);
      expect(watchedMetric.dimensions).toEqual({ Fleet: 'web' });
    }
  });

  it('stays within what CloudWatch takes', () => {
    for (const alarm of metric) {
      const [first] = alarm.queries.flatMap((query) =>
        'metric' in query ? [query.metric.periodSeconds] : [],
      );
      expect(alarm.name).toMatch(/^[\x20-\x7e]{1,255}$/);
      expect((first ?? 0) % 60).toBe(0);
      // PutMetricAlarm: at most a day for periods of less than an hour; at most ten metrics in an expression.
      expect((first ?? 0) * alarm.evaluationPeriods).toBeLessThanOrEqual(86_400);
      expect(alarm.datapointsToAlarm).toBeLessThanOrEqual(alarm.evaluationPeriods);
      expect(alarm.queries.length).toBeLessThanOrEqual(10);
    }
  });

  it('tells somebody of every alarm, and of none twice', () => {
    const [page] = composite;
    expect(composite.map(({ actions }) => actions)).toEqual([['ref:PageTopic']]);
    for (const { name, actions } of metric) {
      const paged = page?.rule.includes(`ALARM("${name}")`) === true;
      expect(actions, name).toEqual(paged ? [] : ['ref:TicketTopic']);
    }
    expect(page?.rule.split(' OR ').length).toBe(3);
  });

  it('sends people to runbooks that there are', () => {
    const texts = [...Object.values(template.resources)].map(({ properties }) => JSON.stringify(properties));
    const named = texts.flatMap((text) => [...text.matchAll(/imds-probe explain ([a-z][a-z-]+)/g)]);
    expect(named.length).toBeGreaterThan(5);
    for (const [, id] of named) expect(FINDING_IDS).toContain(id);
  });

  it('has a dashboard that CloudWatch can draw', () => {
    const body = JSON.parse(String(template.resources['Dashboard']?.properties['DashboardBody'])) as {
      readonly widgets: readonly Widget[];
    };
    expect(dashboardMistakes(body.widgets)).toEqual([]);
    const drawn = JSON.stringify(body);
    for (const { name } of METRIC_MEANINGS) expect(drawn, name).toContain(`"${name}"`);
    expect(drawn).toContain('imds-probe explain role-credentials-expiring');
    expect(drawn).toContain(`\${PROP('Dim.InstanceId')}`);
  });
});

it('the checks of the dashboard can fail', () => {
  const widget = { type: 'metric', x: 20, y: 0, width: 6, height: 3, properties: { metrics: [['Only']] } };
  expect(dashboardMistakes([widget, { ...widget, type: 'pie' }])).toHaveLength(7);
});

describe('thresholds of alarms.yaml', () => {
  it('are those of the agent, where it has the same', () => {
    const parameters = objectAt(readTemplate(file('alarms.yaml'), FLEET).raw, 'Parameters');
    const defaultOf = (name: string): Json => (parameters[name] as JsonObject)['Default'] ?? null;
    expect(defaultOf('ExpiryPageSeconds')).toBe(config.thresholds.marginCriticalSeconds);
    expect(defaultOf('ExpiryTicketSeconds')).toBe(config.thresholds.marginWarningSeconds);
    expect(defaultOf('ClockOffsetMilliseconds')).toBe(config.thresholds.clockWarningSeconds * 1000);
    expect(defaultOf('IntervalSeconds')).toBe(config.intervalSeconds);
    expect(defaultOf('Namespace')).toBe(config.namespace);
    expect(defaultOf('Fleet')).toBe(config.fleet);
  });

  it('reach their alarms', () => {
    const changed = {
      ExpiryPageSeconds: 11,
      CriticalFindings: 12,
      ExpiryTicketSeconds: 14,
      CredentialAgeSeconds: 3615,
      ThrottledPercent: 16,
      LinkLocalDroppedPackets: 17,
      ClockOffsetMilliseconds: 18,
      OutboxAgeSeconds: 919,
    };
    const thresholds = templateAlarms('fleet', changed).metric.map(({ threshold }) => threshold);
    for (const value of Object.values(changed)) expect(thresholds).toContain(value);
    const [heartbeat] = templateAlarms('fleet', { SilentPercent: 13, IntervalSeconds: 30 }).metric.filter(
      ({ name }) => name.endsWith('heartbeat'),
    );
    expect(JSON.stringify(heartbeat)).toContain('(100 - 13)');
    expect(JSON.stringify(heartbeat)).toContain('* 30 / PERIOD');
  });
});

describe('topics of alarms.yaml', () => {
  it('are encrypted with a key that CloudWatch may use, unless that is not wanted', () => {
    const { resources } = readTemplate(file('alarms.yaml'), FLEET);
    const policy = JSON.stringify(resources['TopicKey']?.properties['KeyPolicy']);
    expect(policy).toContain('cloudwatch.amazonaws.com');
    expect(policy).toContain('kms:GenerateDataKey*');
    expect(resources['PageTopic']?.properties['KmsMasterKeyId']).toBe('ref:TopicKey');
    const plain = readTemplate(file('alarms.yaml'), { ...FLEET, EncryptTopics: 'false' }).resources;
    expect(plain['TopicKey']).toBeUndefined();
    expect(plain['PageTopic']?.properties).not.toHaveProperty('KmsMasterKeyId');
  });

  it('take messages from alarms of this account only, and over TLS only', () => {
    const { resources } = readTemplate(file('alarms.yaml'), FLEET);
    const statements = objectAt(propertiesOf(resources, 'TopicPolicy'), 'PolicyDocument')['Statement'];
    expect((statements as readonly JsonObject[]).map(({ Effect, Condition }) => [Effect, Condition])).toEqual(
      [
        ['Allow', { StringEquals: { 'aws:SourceAccount': '123456789012' } }],
        ['Deny', { Bool: { 'aws:SecureTransport': 'false' } }],
      ],
    );
  });

  it('have subscribers where mail addresses are given', () => {
    const mails = { PageEmail: 'page@example.com', TicketEmail: 'ticket@example.com' };
    expect(Object.keys(readTemplate(file('alarms.yaml'), FLEET).resources)).not.toContain('PageSubscription');
    const { resources } = readTemplate(file('alarms.yaml'), { ...FLEET, ...mails });
    expect(resources['PageSubscription']?.properties['Endpoint']).toBe('page@example.com');
    expect(resources['TicketSubscription']?.properties['Endpoint']).toBe('ticket@example.com');
  });
});

function RELEASE() {
  return {
    InstanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/web',
    Version: '0.1.0',
    InstallFrom: 's3://bucket/imds-probe',
    InstallerUrl: 'https://bucket.s3.eu-central-1.amazonaws.com/imds-probe/0.1.0/install.sh',
    InstallerSha256: 'a'.repeat(64),
    PublicKey: 'MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  };
}

describe('launch.yaml', () => {
  const launch = (change: Readonly<Record<string, string | number>> = {}) =>
    readTemplate(file('launch.yaml'), { ...RELEASE(), Fleet: 'web', ...change }).resources;
  const dataOf = (resources: ReturnType<typeof launch>): JsonObject =>
    resources['LaunchTemplate']?.properties['LaunchTemplateData'] as JsonObject;

  it('requires IMDSv2, with the hop limit that was asked for', () => {
    expect(dataOf(launch())['MetadataOptions']).toEqual({
      HttpEndpoint: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
    });
    expect(dataOf(launch({ HopLimit: 2 }))['MetadataOptions']).toMatchObject({ HttpPutResponseHopLimit: 2 });
  });

  it('leaves image and type to others unless they are named', () => {
    expect(Object.keys(dataOf(launch()))).not.toContain('ImageId');
    expect(dataOf(launch({ ImageId: 'ami-0123456789abcdef0' }))['ImageId']).toBe('ami-0123456789abcdef0');
  });

  it('has user data that a shell reads, and that runs the installer only after its hash was right', () => {
    const userData = Buffer.from(String(dataOf(launch())['UserData']), 'base64').toString();
    expect(spawnSync('sh', ['-n'], { input: userData }).status).toBe(0);
    // EC2: 16 KB before encoding.
    expect(userData.length).toBeLessThan(16_384);
    expect(userData.startsWith('#!/bin/sh\nset -eu\n')).toBe(true);
    const hash = userData.indexOf('sha256sum -c');
    expect(hash).toBeGreaterThan(userData.indexOf('curl '));
    expect(userData.indexOf('sh "$installer"')).toBeGreaterThan(hash);
    expect(userData).toContain("--name 'ref:Config'");
  });

  it('keeps settings that the agent takes', () => {
    const properties = propertiesOf(launch({ Settings: 'flush: 120' }), 'Config');
    expect(properties['Value']).toBe('fleet: "web"\nflush: 120\n');
    expect(properties['Name']).toBe('/imds-probe/web/config');
  });
});
