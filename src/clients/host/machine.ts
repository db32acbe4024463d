// What the machine is: how long it runs, whether it is an EC2 instance, whether this is a container.
import { existsSync } from 'node:fs';
import type { HostState } from '../../core/host.ts';
import { smallText } from './read.ts';

/** Looks at /proc, /sys and /run below `root` ('' for this machine). A dozen small files, no child process. */
export function readHostState(root: string, env: Readonly<Record<string, string | undefined>>): HostState {
  const firmware = readFirmware(root);
  return {
    uptimeSeconds: uptimeSeconds(smallText(`${root}/proc/uptime`)),
    container: containerKind(root, env),
    ec2: firmware.ec2,
    instanceId: firmware.instanceId ?? cloudInitInstanceId(root),
  };
}

/** proc(5): seconds since boot, then seconds idle. */
function uptimeSeconds(text: string | null): number | null {
  const [, seconds] = /^(\d{1,12}(?:\.\d+)?)\s/.exec(`${text ?? ''} `) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;

/**
 * EC2 User Guide, "Detect whether a host is an EC2 instance": on Nitro the board asset tag is the instance id, on
 * Xen the hypervisor's UUID begins with ec2. Both are readable without root, in containers too. Where the vendor is
 * another one it is no instance; where nothing can be seen nothing is said.
 */
function readFirmware(root: string): Pick<HostState, 'ec2' | 'instanceId'> {
  const dmi = (name: string): string | null => smallText(`${root}/sys/devices/virtual/dmi/id/${name}`);
  const tag = dmi('board_asset_tag');
  if (tag !== null && INSTANCE_ID.test(tag)) return { ec2: true, instanceId: tag };
  const vendor = dmi('sys_vendor');
  if (vendor === 'Amazon EC2') return { ec2: true, instanceId: null };
  const xen =
    /^ec2/i.test(smallText(`${root}/sys/hypervisor/uuid`) ?? '') || /amazon/i.test(dmi('bios_version') ?? '');
  if (xen) return { ec2: true, instanceId: null };
  return { ec2: vendor === null || vendor === '' ? null : false, instanceId: null };
}

/** cloud-init keeps the id it last saw. Below /run it is this boot's; the other could be the image's maker's. */
function cloudInitInstanceId(root: string): string | null {
  const id = smallText(`${root}/run/cloud-init/.instance-id`);
  return id !== null && INSTANCE_ID.test(id) ? id : null;
}

/** Words of container managers as systemd and podman write them into files for whoever runs inside. */
const KIND = /^[a-z][a-z0-9-]{1,31}$/;

/** By cgroup path, where the container sees its own (cgroup v1, or the host's namespace). */
const CGROUPS: readonly (readonly [RegExp, string])[] = [
  [/kubepods/, 'kubernetes'],
  [/\/ecs\//, 'ecs'],
  [/docker/, 'docker'],
  [/libpod/, 'podman'],
  [/containerd|cri-/, 'containerd'],
  [/lxc/, 'lxc'],
];

/** The kind of container, the orchestrator before the runtime; null outside of one. */
function containerKind(root: string, env: Readonly<Record<string, string | undefined>>): string | null {
  const has = (path: string): boolean => existsSync(`${root}${path}`);
  if (isSet(env['KUBERNETES_SERVICE_HOST']) || has('/run/secrets/kubernetes.io')) return 'kubernetes';
  if (isSet(env['ECS_CONTAINER_METADATA_URI_V4']) || isSet(env['ECS_CONTAINER_METADATA_URI'])) return 'ecs';
  if (has('/run/.containerenv')) return 'podman';
  if (has('/.dockerenv')) return 'docker';
  // systemd.exec(5): PID 1 leaves there what $container told it. Its own environment can be read by root only.
  const told = [smallText(`${root}/run/systemd/container`), env['container']].find(
    (kind) => kind !== undefined && kind !== null && KIND.test(kind),
  );
  if (told !== undefined && told !== null) return told;
  const cgroup = smallText(`${root}/proc/1/cgroup`) ?? '';
  return CGROUPS.find(([pattern]) => pattern.test(cgroup))?.[1] ?? null;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
