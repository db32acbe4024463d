// The daemons on EKS and ECS: parsed, and held to what the agent needs there and what it must not have.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseConfigFile } from '../../src/config/file.ts';
import { envName, isSettingName, SETTING_NAMES, SETTINGS } from '../../src/config/settings.ts';
import { readTemplate } from '../support/cloudformation.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/kubernetes');

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { name: string; value: string }[];
  readonly securityContext: unknown;
  readonly resources: { limits: { memory: string }; requests: { memory: string } };
  readonly livenessProbe?: { exec: { command: readonly string[] } };
  readonly volumeMounts?: readonly { name: string; mountPath: string }[];
}
interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly dnsPolicy?: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: unknown;
  readonly containers: readonly Container[];
  readonly volumes?: readonly { name: string }[];
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name?: string; generateName?: string; namespace?: string };
  readonly data?: Record<string, string>;
  readonly spec?: {
    selector?: { matchLabels: unknown };
    template: { metadata: { labels: unknown }; spec: PodSpec };
  };
}

function manifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(path.join(FOLDER, file), 'utf8')).map((document) => {
    if ('errors' in document && document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

const daemon = manifests('eks-daemonset.yaml');
const check = manifests('eks-check.yaml');
const daemonSet = daemon.find(({ kind }) => kind === 'DaemonSet');
const pod = daemonSet?.spec?.template.spec;
const [agent] = pod?.containers ?? [];
const [checker] = check[0]?.spec?.template.spec.containers ?? [];

describe('the EKS DaemonSet', () => {
  it('is of API versions that are stable, all in one namespace', () => {
    expect(daemon.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
      'v1 Namespace',
      'v1 ServiceAccount',
      'v1 ConfigMap',
      'apps/v1 DaemonSet',
    ]);
    expect(daemon.slice(1).map(({ metadata }) => metadata.namespace)).toEqual(Array(3).fill('imds-probe'));
  });

  it('runs on the node’s network, without a token of the cluster, and selects its own pods', () => {
    expect(pod).toMatchObject({
      hostNetwork: true,
      dnsPolicy: 'Default',
      automountServiceAccountToken: false,
    });
    expect(daemonSet?.spec?.selector?.matchLabels).toEqual(daemonSet?.spec?.template.metadata.labels);
  });

  it('mounts each volume once, where the agent writes', () => {
    expect(agent?.volumeMounts?.map(({ name }) => name).sort()).toEqual(
      pod?.volumes?.map(({ name }) => name).sort(),
    );
    const places = agent?.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(places).toEqual(expect.arrayContaining(agent?.env?.map(({ value }) => value) ?? []));
    expect(agent?.env?.map(({ name }) => name)).toEqual(['STATE_DIRECTORY', 'RUNTIME_DIRECTORY']);
  });

  it('has a configuration the program takes', async () => {
    const { entries, errors } = await parseConfigFile('/c.yaml', daemon[2]?.data?.['config.yaml'] ?? '');
    expect(errors).toEqual([]);
    expect([...entries.keys()].filter((name) => !isSettingName(name))).toEqual([]);
    expect(entries.get('fleet')?.texts).toEqual(['my-cluster']);
  });
});

describe.each([
  ['agent', pod, agent],
  ['check', check[0]?.spec?.template.spec, checker],
])('the pod of the %s', (_, spec, container) => {
  it('has no rights but to run', () => {
    expect(spec?.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('has the memory limit of the unit', () => {
    const unit = readFileSync(path.join(FOLDER, '../systemd/imds-probe.service'), 'utf8');
    expect(container?.resources.limits.memory).toBe(`${/^MemoryMax=(.*)$/m.exec(unit)?.[1]}i`);
  });
});

it('the check stays on the pod’s own network: that is what it is for', () => {
  expect(check[0]).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
  expect(check[0]?.spec?.template.spec.hostNetwork).toBeUndefined();
  expect(checker?.args).toEqual(['check', '--json']);
});

interface TaskContainer {
  readonly Environment: readonly { Name: string; Value: unknown }[];
  readonly HealthCheck: { Command: readonly string[] };
  readonly Memory: number;
}
const { resources } = readTemplate(path.join(FOLDER, 'ecs-daemon.yaml'), {
  Cluster: 'c',
  Image: 'i',
  ExecutionRoleArn: 'arn:aws:iam::123456789012:role/r',
});
const task = resources['Task']?.properties;
const [ecs] = (task?.['ContainerDefinitions'] ?? []) as unknown as readonly TaskContainer[];

describe('the ECS daemon', () => {
  it('is one task for each instance, on the instance’s network, without a role of its own', () => {
    expect(task).toMatchObject({ NetworkMode: 'host', RequiresCompatibilities: ['EC2'] });
    expect(task).not.toHaveProperty('TaskRoleArn');
    expect(resources['Service']?.properties['SchedulingStrategy']).toBe('DAEMON');
    expect(ecs).toMatchObject({
      User: '65532:65532',
      ReadonlyRootFilesystem: true,
      Command: ['agent'],
      Memory: 192,
    });
  });

  it('sets variables that are settings, or folders', () => {
    const known = [...SETTING_NAMES.map(envName), 'STATE_DIRECTORY', 'RUNTIME_DIRECTORY'];
    expect(ecs?.Environment.map(({ Name }) => Name).filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe.each([
  ['EKS', agent?.livenessProbe?.exec.command.at(-1) ?? ''],
  ['ECS', ecs?.HealthCheck.Command.at(-1) ?? ''],
])('the health command of %s', (_, command) => {
  const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-health-'));
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const file = path.join(work, 'status.json');
  const health = (): number | null =>
    spawnSync('sh', ['-c', command.replace('/run/imds-probe', work)], { stdio: 'ignore' }).status;

  it('holds with a fresh status file, and not with an old one or none', () => {
    expect(command).toContain('/run/imds-probe/status.json');
    expect(health()).not.toBe(0);
    writeFileSync(file, '{}');
    expect(health()).toBe(0);
    const minutes = Number(/-mmin -(\d+)/.exec(command)?.[1]);
    expect(minutes * 60).toBeGreaterThan(3 * SETTINGS.interval.default);
    const old = Date.now() / 1000 - (minutes + 1) * 60;
    utimesSync(file, old, old);
    expect(health()).not.toBe(0);
  });
});
