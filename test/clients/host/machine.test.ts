// What is read of a machine, from folders that look like its /proc, /sys and /run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readLocalClock } from '../../../src/clients/host/clock.ts';
import { createHost } from '../../../src/clients/host/host.ts';
import { readHostState } from '../../../src/clients/host/machine.ts';
import type { LocalClock } from '../../../src/core/clock.ts';
import type { HostState } from '../../../src/core/host.ts';

const parent = mkdtempSync(join(tmpdir(), 'imds-probe-machine-'));
let made = 0;

/** A root folder with these files; a path that ends with a slash is a folder. */
function machine(files: Readonly<Record<string, string>>): string {
  made += 1;
  const root = join(parent, String(made));
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path.endsWith('/') ? path : dirname(path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), text);
  }
  return root;
}

afterAll(() => rmSync(parent, { recursive: true }));

const DMI = '/sys/devices/virtual/dmi/id';
const NOTHING: HostState = { uptimeSeconds: null, container: null, ec2: null, instanceId: null };

describe('the machine', () => {
  it.each<[string, Record<string, string>, Record<string, string>, Partial<HostState>]>([
    ['nothing to see', {}, {}, {}],
    ['uptime', { '/proc/uptime': '3353.26 5264.21\n' }, {}, { uptimeSeconds: 3353.26 }],
    ['uptime as nonsense', { '/proc/uptime': 'soon\n' }, {}, {}],
    [
      'a Nitro instance',
      { [`${DMI}/board_asset_tag`]: 'i-0af01c0123456789a\n', [`${DMI}/sys_vendor`]: 'Amazon EC2\n' },
      {},
      { ec2: true, instanceId: 'i-0af01c0123456789a' },
    ],
    ['a metal instance without its tag', { [`${DMI}/sys_vendor`]: 'Amazon EC2\n' }, {}, { ec2: true }],
    [
      'a Xen instance',
      {
        '/sys/hypervisor/uuid': 'ec2e1916-9099-7caf-fd21-012345abcdef\n',
        [`${DMI}/sys_vendor`]: 'Xen\n',
        '/run/cloud-init/.instance-id': 'i-0af01c0123456789a\n',
      },
      {},
      { ec2: true, instanceId: 'i-0af01c0123456789a' },
    ],
    [
      'a Xen instance by its BIOS',
      { [`${DMI}/sys_vendor`]: 'Xen\n', [`${DMI}/bios_version`]: '4.11.amazon\n' },
      {},
      { ec2: true },
    ],
    [
      'some other machine',
      { [`${DMI}/sys_vendor`]: 'QEMU\n', [`${DMI}/board_asset_tag`]: '\n' },
      {},
      { ec2: false },
    ],
    [
      'an instance id that is none',
      {
        [`${DMI}/board_asset_tag`]: 'i-0; rm -rf /\n',
        [`${DMI}/sys_vendor`]: 'x\n',
        '/run/cloud-init/.instance-id': 'iid-datasource-none',
      },
      {},
      { ec2: false },
    ],
    ['Docker', { '/.dockerenv': '' }, {}, { container: 'docker' }],
    ['Podman', { '/run/.containerenv': 'engine="podman"' }, {}, { container: 'podman' }],
    ['a pod', { '/.dockerenv': '' }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, { container: 'kubernetes' }],
    [
      'a pod by its account',
      { '/run/secrets/kubernetes.io/serviceaccount/': '' },
      {},
      { container: 'kubernetes' },
    ],
    [
      'an ECS task',
      { '/.dockerenv': '' },
      { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' },
      { container: 'ecs' },
    ],
    ['nspawn', { '/run/systemd/container': 'systemd-nspawn\n' }, {}, { container: 'systemd-nspawn' }],
    ['what $container says', {}, { container: 'oci' }, { container: 'oci' }],
    ['what $container should not say', {}, { container: 'x\u001b[31m' }, {}],
    [
      'containerd by its control group',
      { '/proc/1/cgroup': '0::/system.slice/containerd.service/x\n' },
      {},
      { container: 'containerd' },
    ],
    [
      'a pod by its control group',
      { '/proc/1/cgroup': '1:name=systemd:/kubepods/besteffort/podx/y\n' },
      {},
      { container: 'kubernetes' },
    ],
    ['Docker by its control group', { '/proc/1/cgroup': '2:cpu:/docker/abc\n' }, {}, { container: 'docker' }],
    ['no container', { '/proc/1/cgroup': '0::/init.scope\n' }, { KUBERNETES_SERVICE_HOST: '' }, {}],
  ])('%s', (_, files, env, state) => {
    expect(readHostState(machine(files), env)).toEqual({ ...NOTHING, ...state });
  });

  it('is this one where no root is given', async () => {
    const host = createHost({ env: {}, imdsSettings: SETTINGS });
    const state = await host.state();
    expect(state.ok && state.value.uptimeSeconds).toBeGreaterThan(0);
    expect((await host.clock()).ok).toBe(true);
  });
});

it('says nothing of an embedded instance', async () => {
  const files = {
    '/proc/uptime': '1 1\n',
    '/.dockerenv': '',
    '/sys/fs/cgroup/system.slice/chronyd.service/': '',
  };
  const host = createHost({ env: {}, imdsSettings: SETTINGS, simulated: true, root: machine(files) });
  expect(await host.state()).toMatchObject({ ok: true, value: NOTHING });
  expect(await host.clock()).toMatchObject({ ok: true, value: { daemon: null, synchronised: null } });
});

describe('the local clock', () => {
  const CGROUP = '/sys/fs/cgroup/system.slice';
  it.each<[string, Record<string, string>, LocalClock]>([
    ['nobody', {}, { daemon: null, synchronised: null }],
    [
      'chronyd by its process id',
      { '/run/chrony/chronyd.pid': '42\n', '/proc/42/comm': 'chronyd\n' },
      { daemon: 'chronyd', synchronised: null },
    ],
    [
      'a process id left over',
      { '/run/chrony/chronyd.pid': '42\n', '/proc/42/comm': 'bash\n' },
      { daemon: null, synchronised: null },
    ],
    [
      'a process id that is none',
      { '/run/chrony/chronyd.pid': '../../etc' },
      { daemon: null, synchronised: null },
    ],
    [
      'chronyd by its service',
      { [`${CGROUP}/chronyd.service/`]: '' },
      { daemon: 'chronyd', synchronised: null },
    ],
    ['chronyd on Debian', { [`${CGROUP}/chrony.service/`]: '' }, { daemon: 'chronyd', synchronised: null }],
    [
      'a service below cgroup v1',
      { '/sys/fs/cgroup/systemd/system.slice/ntpsec.service/': '' },
      { daemon: 'ntpd', synchronised: null },
    ],
    [
      'timesyncd, not yet',
      { [`${CGROUP}/systemd-timesyncd.service/`]: '', '/run/systemd/timesync/': '' },
      { daemon: 'systemd-timesyncd', synchronised: false },
    ],
    [
      'timesyncd, done',
      { [`${CGROUP}/systemd-timesyncd.service/`]: '', '/run/systemd/timesync/synchronized': '' },
      { daemon: 'systemd-timesyncd', synchronised: true },
    ],
    [
      'timesyncd by its folder',
      { '/run/systemd/timesync/synchronized': '' },
      { daemon: 'systemd-timesyncd', synchronised: true },
    ],
    [
      'chronyd where timesyncd ran before',
      { [`${CGROUP}/chronyd.service/`]: '', '/run/systemd/timesync/synchronized': '' },
      { daemon: 'chronyd', synchronised: null },
    ],
  ])('%s', (_, files, clock) => {
    expect(readLocalClock(machine(files))).toEqual(clock);
  });
});

const SETTINGS = {
  endpoint: 'http://169.254.169.254',
  overriddenBy: null,
  sdkAttempts: null,
  sdkTimeoutSeconds: null,
};

describe('the settings of the metadata service', () => {
  it.each([
    [{}, null],
    [{ AWS_EC2_METADATA_DISABLED: '' }, ''],
    [{ AWS_EC2_METADATA_DISABLED: 'True' }, 'True'],
    [{ AWS_EC2_METADATA_DISABLED: `a\u001b[31m${'b'.repeat(100)}` }, `a [31m${'b'.repeat(33)}…`.slice(0, 40)],
  ])('%j is told as %j', (env, disabledVariable) => {
    const host = createHost({ env, imdsSettings: SETTINGS });
    expect(host.imdsSettings()).toMatchObject({ ok: true, value: { ...SETTINGS, disabledVariable } });
  });
});
