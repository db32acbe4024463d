// A Debian that really boots, in a namespace of its own network: systemd-nspawn on an overlay over the kept base system.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BehaviourChange } from '../../../src/simulator/behaviour.ts';
import { type Layer, openLayer, type Ran } from './base.ts';
import { AWS_ADDRESS, AWS_NAMES, IMDS_ADDRESS, type Order, TIME_ADDRESS, type Told } from './orders.ts';

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Polls for what no event tells from outside; generous, because the machine may be busy. */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | null | false>,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await wait(200);
  }
}

/** How systemd-nspawn ends where its guest reboots and a unit is to start it anew (EXIT_FORCE_RESTART). */
const WANTS_RESTART = 133;

const CLEAN = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

export class Guest {
  /** Files for the guest to fetch lie here: http://10.99.0.10/, and s3://example-bucket/ */
  readonly files: string;
  readonly root: string;
  readonly #layer: Layer;
  readonly #place: string;
  readonly #namespace: string;
  #world: ChildProcess | null = null;
  #nspawn: ChildProcess | null = null;
  #orders = 0;

  constructor() {
    this.#layer = openLayer();
    this.#place = this.#layer.place;
    this.root = this.#layer.root;
    this.#namespace = `imdsp-boot-${process.pid}-${path.basename(this.#place).slice(-3)}`;
    this.files = path.join(this.#place, 'files');
    mkdirSync(this.files);
  }

  /** Makes the network, the services in it, and the guest's disk. */
  async prepare(): Promise<void> {
    const name = this.#namespace;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far');
    ip('-n', name, 'link', 'set', 'far', 'up');
    for (const address of [`${IMDS_ADDRESS}/32`, `${TIME_ADDRESS}/32`, `${AWS_ADDRESS}/24`, '10.99.0.2/24'])
      ip('-n', name, 'address', 'add', address, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    const { key, cert, authority } = this.#certificates();
    await this.#startWorld(key, cert);

    this.write('/etc/imds-probe-test-ca.pem', authority);
    this.write('/etc/hostname', 'ip-10-99-0-2\n');
    this.write('/etc/hosts', `127.0.0.1 localhost ip-10-99-0-2\n${AWS_ADDRESS} ${AWS_NAMES.join(' ')}\n`);
    this.write('/etc/resolv.conf', '');
    const cloud =
      'datasource_list: [NoCloud]\nnetwork: {config: disabled}\nlocale: false\nssh_genkeytypes: []\n';
    this.write('/etc/cloud/cloud.cfg.d/99-test.cfg', cloud);
    this.write('/var/lib/cloud/seed/nocloud/meta-data', 'instance-id: i-0b0c5eed0b0c5eed0\n');
  }

  /** Writes into the guest's disk, before or after it is booted. */
  write(file: string, text: string): void {
    const target = path.join(this.root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  /** Boots, and waits until cloud-init has run the user data; answers its log. */
  async boot(userData: string): Promise<string> {
    this.write('/var/lib/cloud/seed/nocloud/user-data', userData);
    this.#powerOn();
    await this.#up();
    const status = await this.run('cloud-init status --wait --long', 300);
    return `${status.output}\n${this.read('/var/log/cloud-init-output.log')}`;
  }

  #powerOn(): void {
    const console = openSync(path.join(this.#place, 'console'), 'a');
    this.#nspawn = spawn(
      // Should the test be killed, the guest goes with it.
      'setpriv',
      [
        '--pdeathsig=KILL',
        'systemd-nspawn',
        '--quiet',
        '--keep-unit',
        '--register=no',
        '--console=pipe',
        '--resolv-conf=off',
        '--timezone=off',
        // For the address lists of its units, which the kernel enforces by BPF.
        '--capability=CAP_NET_ADMIN,CAP_BPF',
        '--system-call-filter=bpf',
        `--network-namespace-path=/run/netns/${this.#namespace}`,
        `--machine=${path.basename(this.#place)}`,
        `--directory=${this.root}`,
        '--boot',
      ],
      // The images this stands for all have the unified hierarchy of control groups.
      { stdio: ['ignore', console, console], env: { ...CLEAN, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' } },
    );
  }

  /** systemd in the guest takes orders. */
  async #up(): Promise<void> {
    await until('the guest is up', 90, async () => {
      if (this.#nspawn?.exitCode !== null) throw new Error(`the guest ended: ${this.console()}`);
      const state = await this.run('systemctl is-system-running');
      return /^(running|degraded|starting)/.test(state.output);
    });
  }

  /** Restarts the guest's system, and waits until it is up again with everything started. */
  async reboot(): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn === null) throw new Error('the guest was not booted');
    const gone = once(nspawn, 'exit');
    await this.run('systemctl reboot');
    const [code] = (await gone) as [number | null];
    if (code !== WANTS_RESTART) throw new Error(`the guest did not reboot: ${code}, ${this.console()}`);
    this.#powerOn();
    await this.#up();
    await this.run('systemctl is-system-running --wait', 120);
  }

  console(): string {
    return readFileSync(path.join(this.#place, 'console'), 'utf8').slice(-4000);
  }

  /** Runs a shell line as root in the guest. Never throws. */
  run(line: string, seconds = 60): Promise<Ran> {
    const leader = this.#leader();
    if (leader === null) return Promise.resolve({ code: -1, output: 'the guest is not there' });
    const enter = ['--target', leader, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
    return new Promise((resolve) => {
      execFile(
        'nsenter',
        [...enter, '--', '/bin/sh', '-c', line],
        { env: CLEAN, timeout: seconds * 1000, maxBuffer: 16 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          resolve({ code, output: `${stdout}${stderr}`.trim() });
        },
      );
    });
  }

  /** The guest's PID 1 as this machine counts. */
  #leader(): string | null {
    const pid = this.#nspawn?.pid;
    if (pid === undefined) return null;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
      return (
        children.find((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'systemd') ?? null
      );
    } catch {
      return null;
    }
  }

  received(): Promise<Told['received']> {
    return this.#order({ order: 'received' });
  }

  change(change: BehaviourChange): Promise<Told['received']> {
    return this.#order({ order: 'change', change });
  }

  async #order(
    order: { order: 'received' } | { order: 'change'; change: BehaviourChange },
  ): Promise<Told['received']> {
    const world = this.#world;
    if (world === null) throw new Error('the guest has no world');
    this.#orders += 1;
    const id = this.#orders;
    world.send({ ...order, id } satisfies Order);
    return told(world, id);
  }

  /** A certificate authority of the test's own, and what it says of AWS. */
  #certificates(): { readonly key: string; readonly cert: string; readonly authority: string } {
    const at = (name: string): string => path.join(this.#place, name);
    const openssl = (...args: readonly string[]): void => {
      execFileSync('openssl', args, { stdio: 'ignore' });
    };
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    openssl(
      'req',
      '-x509',
      ...ec,
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-subj',
      '/O=Amazon/CN=Amazon Test CA',
    );
    const names = `subjectAltName=${AWS_NAMES.map((name) => `DNS:${name}`).join(',')}`;
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key')];
    openssl(
      'req',
      '-x509',
      ...ec,
      ...signed,
      '-keyout',
      at('tls.key'),
      '-out',
      at('tls.pem'),
      '-subj',
      '/CN=aws',
      '-addext',
      names,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
    );
    return { key: at('tls.key'), cert: at('tls.pem'), authority: readFileSync(at('ca.pem'), 'utf8') };
  }

  async #startWorld(key: string, cert: string): Promise<void> {
    const script = path.join(import.meta.dirname, 'world.ts');
    const args = ['netns', 'exec', this.#namespace, process.execPath, script, this.files, key, cert];
    this.#world = spawn('ip', args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, IMDS_PROBE_TEST_NAMESPACE: this.#namespace },
    });
    await told(this.#world, 0);
  }

  /** Takes everything away again, whatever state it is in. */
  async close(): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn !== null && nspawn.exitCode === null) {
      const gone = once(nspawn, 'exit');
      await this.run('systemctl poweroff --force');
      const ended = await Promise.race([gone, wait(20_000, 'late')]);
      if (ended === 'late') {
        nspawn.kill('SIGKILL');
        await gone;
      }
    }
    this.#world?.disconnect();
    try {
      ip('netns', 'del', this.#namespace);
    } catch {
      // It was never there.
    }
    this.#layer.close();
  }
}

function told(world: ChildProcess, id: number): Promise<Told['received']> {
  return new Promise((resolve, reject) => {
    const hear = (message: Told): void => {
      if (message.id !== id) return;
      world.off('message', hear);
      world.off('exit', gone);
      resolve(message.received);
    };
    const gone = (): void => reject(new Error('the world of the guest ended'));
    world.on('message', hear);
    world.once('exit', gone);
  });
}
