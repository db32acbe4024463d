// cfn-lint, Terraform and the schemas of Kubernetes read deploy/: clean, and both templates make the same alarms.
// Installed by .ci/peers/deploy-lint.sh.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MetricAlarm, MetricQuery } from '../support/alarm-evaluator.ts';
import { alarmsOf, objectAt, readTemplate } from '../support/cloudformation.ts';

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy');
const MODULE = path.join(DEPLOY, 'terraform');
const PEERS = '/opt/imds-probe-peers/deploy-lint';
const TEMPLATES = [
  ...readdirSync(path.join(DEPLOY, 'cloudformation'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `cloudformation/${name}`),
  'ssm/fleet.yaml',
  'kubernetes/ecs-daemon.yaml',
];
const MANIFESTS = readdirSync(path.join(DEPLOY, 'kubernetes')).filter((name) => name.startsWith('eks-'));

const cfnLint = path.join(PEERS, 'python/bin/cfn-lint');
const kubernetesValidate = path.join(PEERS, 'python/bin/kubernetes-validate');
const terraform = [path.join(PEERS, 'terraform'), 'terraform'].find(
  (program) => spawnSync(program, ['version'], { env: { PATH: process.env['PATH'] ?? '' } }).status === 0,
);
const missing = [
  ...(existsSync(cfnLint) ? [] : ['cfn-lint']),
  ...(existsSync(kubernetesValidate) ? [] : ['kubernetes-validate']),
  ...(terraform === undefined ? ['terraform'] : []),
];
if (missing.length > 0) console.warn(`SKIPPED: no ${missing.join(', ')}, so deploy/ was not linted`);
const skipped = (name: string): boolean => missing.includes(name) && process.env['CI'] !== 'true';

const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-deploy-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.skipIf(skipped('cfn-lint'))('cfn-lint', () => {
  const lint = (file: string) => {
    // Region-dependent rules for all the places where these are likely to be used.
    const regions = ['us-east-1', 'eu-central-1', 'us-gov-west-1', 'cn-north-1'].flatMap((name) => [
      '-r',
      name,
    ]);
    const { status, stdout, stderr } = spawnSync(cfnLint, ['-c', 'I', ...regions, '--', file], {
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };

  it.each(TEMPLATES)('has nothing to say about %s', (name) => {
    expect(lint(path.join(DEPLOY, name))).toEqual({ status: 0, said: '' });
  });

  it.each([
    ['cloudformation/alarms.yaml', 'TreatMissingData: notBreaching', 'TreatMissingData: perhaps'],
    // The document within the template, too.
    ['ssm/fleet.yaml', "schemaVersion: '2.2'", "schemaVersion: '2.9'"],
    ['kubernetes/ecs-daemon.yaml', 'NetworkMode: host', 'NetworkMode: hosts'],
  ])('would have objected to %s with another %s', (name, right, wrong) => {
    const broken = path.join(work, 'broken.yaml');
    const text = readFileSync(path.join(DEPLOY, name), 'utf8');
    writeFileSync(broken, text.replace(right, wrong));
    expect(lint(broken).status).not.toBe(0);
  });
});

// The oldest Kubernetes that EKS supports at the time of writing, and the newest that the peer knows. A Job that gets its
// name from the server gets one here.
const VALIDATE = `
import sys, yaml, kubernetes_validate
for document in yaml.safe_load_all(sys.stdin):
    document['metadata'].setdefault('name', 'a-name')
    for version in ('1.31', kubernetes_validate.latest_version()):
        kubernetes_validate.validate(document, version, strict=True)
    print(document['kind'])
`;

describe.skipIf(skipped('kubernetes-validate'))('the schemas of Kubernetes', () => {
  const validate = (input: string) => {
    const python = path.join(PEERS, 'python/bin/python');
    const { status, stdout, stderr } = spawnSync(python, ['-c', VALIDATE], { input, encoding: 'utf8' });
    return { status, kinds: stdout.trim().split('\n'), said: stderr };
  };

  it.each(MANIFESTS)('have every field of %s, strictly', (name) => {
    const text = readFileSync(path.join(DEPLOY, 'kubernetes', name), 'utf8');
    const kinds = [...text.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1]);
    expect(validate(text)).toEqual({ status: 0, kinds, said: '' });
    expect(
      validate(text.replace('restartPolicy:', 'restartPolicies:').replace('hostNetwork:', 'hostNet:')).status,
    ).not.toBe(0);
  });
});

describe.skipIf(skipped('terraform'))('Terraform', () => {
  const run = (args: readonly string[], cwd: string, input = '') =>
    spawnSync(terraform ?? 'terraform', args, {
      cwd,
      input,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'] ?? '',
        TF_CLI_CONFIG_FILE: '/dev/null',
        CHECKPOINT_DISABLE: '1',
        HOME: work,
      },
    });

  /** The module without what needs a provider: its variables, and everything calculated from them. */
  beforeAll(() => {
    for (const name of readdirSync(MODULE).filter((file) =>
      /^(variables|definitions)\.tf$|\.tftpl$/.test(file),
    ))
      copyFileSync(path.join(MODULE, name), path.join(work, name));
    writeFileSync(
      path.join(work, 'place.tf'),
      'locals {\n  partition  = "aws"\n  account_id = "123456789012"\n  region     = "eu-central-1"\n}\n',
    );
  });

  const evaluate = (given: Readonly<Record<string, string>>, expression: string) => {
    const variables = Object.entries(given).map(([name, value]) => `-var=${name}=${value}`);
    const { status, stdout, stderr } = run(['console', ...variables], work, `jsonencode(${expression})\n`);
    return { status, stderr, value: status === 0 ? JSON.parse(JSON.parse(stdout)) : null };
  };

  it('finds it formatted, and readable to its last brace', () => {
    const { status, stdout, stderr } = run(['fmt', '-check', '-diff', '-recursive', MODULE], work);
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  describe.each([
    ['a fleet', { autoscaling_group_name: 'web-group' }, { AutoScalingGroupName: 'web-group' }],
    ['one instance', { instance_id: 'i-0123456789abcdef0' }, { InstanceId: 'i-0123456789abcdef0' }],
    [
      'other thresholds',
      { autoscaling_group_name: 'g', silent_percent: '7', expiry_page_seconds: '60', throttled_percent: '5' },
      { AutoScalingGroupName: 'g', SilentPercent: 7, ExpiryPageSeconds: 60, ThrottledPercent: 5 },
    ],
  ] as const)('makes for %s what CloudFormation makes', (_, given, parameters) => {
    const template = readTemplate(path.join(DEPLOY, 'cloudformation/alarms.yaml'), {
      Fleet: 'web',
      ...parameters,
    });
    const alarms = alarmsOf(template);
    let made: Made;
    beforeAll(() => {
      const { value, stderr } = evaluate(
        { fleet: 'web', ...given },
        '{plain = local.plain_alarms, math = local.math_alarms, page = local.page, dashboard = local.dashboard_body}',
      );
      expect(stderr).toBe('');
      made = value;
    });

    it('the alarms', () => {
      const byName = (list: readonly MetricAlarm[]) => [...list].sort((a, b) => a.name.localeCompare(b.name));
      const expected = alarms.metric.map(({ actions: _actions, ...alarm }) => normal(alarm));
      expect(byName(alarmsMade(made))).toEqual(byName(expected));
      const tickets = { ...made.plain, ...made.math };
      for (const { name, actions } of alarms.metric)
        expect(tickets[name.replace('imds-probe-web-', '')]?.ticket).toBe(actions.length > 0);
    });

    it('what they tell', () => {
      for (const { properties } of Object.values(template.resources)) {
        if (properties['AlarmDescription'] === undefined) continue;
        const name = String(properties['AlarmName']).replace('imds-probe-web-', '');
        const description =
          name === 'page' ? made.page.description : { ...made.plain, ...made.math }[name]?.description;
        expect(description).toBe(properties['AlarmDescription']);
      }
    });

    it('the page', () => {
      expect([made.page.name, made.page.rule]).toEqual(
        alarms.composite.flatMap(({ name, rule }) => [name, rule]),
      );
    });

    it('the dashboard', () => {
      const body = JSON.parse(String(template.resources['Dashboard']?.properties['DashboardBody']));
      const arns = (raw: unknown) => JSON.stringify(raw).replace(/"(attribute:|arn:)[^"]*"/g, '"an alarm"');
      expect(JSON.parse(arns(JSON.parse(made.dashboard)))).toEqual(JSON.parse(arns(body)));
    });
  });

  it('makes the policy of access.yaml', () => {
    const { resources } = readTemplate(path.join(DEPLOY, 'cloudformation/access.yaml'), {
      AllowInstanceOptions: 'true',
      PackageBucket: 'example-bucket',
    });
    const { value } = evaluate(
      { allow_instance_options: 'true', package_bucket: 'example-bucket' },
      'local.policy',
    );
    expect(value).toEqual(objectAt(resources['Policy']?.properties ?? {}, 'PolicyDocument'));
  });

  it('makes the user data, and lets the instance read its settings', () => {
    const launch =
      '{version="0.1.0",install_from="s3://b/p",installer_url="https://b/install.sh",' +
      `installer_sha256="${'a'.repeat(64)}",public_key="${'A'.repeat(59)}="}`;
    const { value, stderr } = evaluate({ launch }, '[local.user_data, local.policy, var.launch.hop_limit]');
    expect(stderr).toBe('');
    expect(value[0]).toContain(`echo "${'a'.repeat(64)}  $installer" | sha256sum -c`);
    expect(JSON.stringify(value[1])).toContain('parameter/imds-probe/*');
    expect(value[2]).toBe(1);
  });

  it.each([
    ['fleet', 'a b'],
    ['instance_id', 'i-1'],
    ['namespace', 'AWS/EC2'],
    ['interval_seconds', '300'],
    ['silent_percent', '100'],
    ['critical_findings', '0'],
    ['outbox_age_seconds', '60'],
    ['page_email', 'nobody'],
    ['package_bucket', 'A_bucket'],
    ['launch', '{version="latest",install_from="x",installer_url="x",installer_sha256="x",public_key="x"}'],
  ])('refuses %s = %s', (name, value) => {
    expect(run(['console', `-var=${name}=${value}`], work, '1\n').stderr).toContain(
      'Invalid value for variable',
    );
  });
});

interface Described {
  readonly description: string;
  readonly ticket: boolean;
  readonly evaluation_periods: number;
  readonly datapoints_to_alarm: number;
  readonly comparison: string;
  readonly threshold: number;
  readonly missing_data: MetricAlarm['treatMissingData'];
}
interface Stat {
  readonly namespace: string;
  readonly metric_name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly period: number;
}
interface Made {
  readonly plain: Readonly<Record<string, Described & Stat & { readonly statistic: string }>>;
  readonly math: Readonly<
    Record<
      string,
      Described & {
        readonly id: string;
        readonly expression: string;
        readonly metrics: Readonly<Record<string, Stat & { readonly stat: string }>>;
      }
    >
  >;
  readonly page: { readonly name: string; readonly description: string; readonly rule: string };
  readonly dashboard: string;
}

/** Queries in one order, so that two lists of them can be compared. */
const normal = (alarm: MetricAlarm): MetricAlarm => ({
  ...alarm,
  queries: [...alarm.queries].sort((a, b) => a.id.localeCompare(b.id)),
});

function alarmsMade({ plain, math }: Made): readonly MetricAlarm[] {
  const query = (
    id: string,
    statistic: string,
    { namespace, metric_name, dimensions, period }: Stat,
  ): MetricQuery => ({
    id,
    metric: { namespace, name: metric_name, dimensions, statistic, periodSeconds: period },
  });
  const rest = (name: string, alarm: Described) => ({
    name: `imds-probe-web-${name}`,
    comparison: alarm.comparison,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.evaluation_periods,
    datapointsToAlarm: alarm.datapoints_to_alarm,
    treatMissingData: alarm.missing_data,
  });
  return [
    ...Object.entries(plain).map(([name, alarm]) => ({
      ...rest(name, alarm),
      watched: 'metric',
      queries: [query('metric', alarm.statistic, alarm)],
    })),
    ...Object.entries(math).map(([name, alarm]) =>
      normal({
        ...rest(name, alarm),
        watched: alarm.id,
        queries: [
          { id: alarm.id, expression: alarm.expression },
          ...Object.entries(alarm.metrics).map(([id, stat]) => query(id, stat.stat, stat)),
        ],
      }),
    ),
  ];
}
