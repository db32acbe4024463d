// A laboratory of three network namespaces (client, router, metadata service), where real packets are really lost.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const IPV4_ENDPOINT = 'http://169.254.169.254';
export const IPV6_ENDPOINT = 'http://[fd00:ec2::254]';

/** Where packets to the metadata addresses end, and how: on the router, or on the client itself. */
export type Firewall =
  | 'router-drop'
  | 'router-reject'
  | 'router-reset'
  | 'router-prohibit'
  | 'client-drop'
  | 'client-reject';

const RULES: Record<Firewall, readonly string[]> = {
  'router-drop': ['forward', 'drop'],
  'router-reject': ['forward', 'reject'],
  'router-reset': ['forward', 'reject with tcp reset'],
  'router-prohibit': ['forward', 'reject with icmpx admin-prohibited'],
  'client-drop': ['output', 'drop'],
  'client-reject': ['output', 'reject'],
};

const SERVER = fileURLToPath(new URL('imds.py', import.meta.url));

const REACH = `
import socket, time
until = time.time() + 10
for address in ("169.254.169.254", "fd00:ec2::254"):
    while True:
        try:
            socket.create_connection((address, 80), timeout=1).close()
            break
        except OSError:
            if time.time() > until: raise
            time.sleep(0.05)
`;

/** What is missing to build a lab here, or null. */
export function missingForLab(): string | null {
  if (process.getuid?.() !== 0) return 'root, for network namespaces';
  for (const [tool, flag] of [
    ['ip', '-V'],
    ['nft', '-v'],
    ['python3', '-V'],
  ] as const) {
    try {
      execFileSync(tool, [flag], { stdio: 'ignore' });
    } catch {
      return tool;
    }
  }
  try {
    const name = `imdsp-try-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  } catch {
    return 'the right to make network namespaces';
  }
  return null;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class HopLimitLab {
  readonly #client: string;
  readonly #router: string;
  readonly #imds: string;
  #server: ChildProcess | null = null;

  /** `name` tells labs of one test run apart. */
  constructor(name: string) {
    const base = `imdsp-${process.pid}-${name}`;
    this.#client = `${base}-c`;
    this.#router = `${base}-r`;
    this.#imds = `${base}-i`;
    for (const namespace of this.#namespaces()) {
      run('ip', 'netns', 'add', namespace);
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
      // Addresses are usable at once.
      this.#inside(namespace, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0');
    }
    this.#cable(this.#client, this.#router, '10.77.1', 'fd77:1:');
    this.#cable(this.#imds, this.#router, '10.77.2', 'fd77:2:');
    for (const namespace of [this.#client, this.#imds]) this.#routes(namespace);
    this.#inside(this.#router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    // The addresses of the real service, inside these namespaces only.
    run('ip', '-n', this.#imds, 'addr', 'add', '169.254.169.254/32', 'dev', 'lo');
    run('ip', '-n', this.#imds, 'addr', 'add', 'fd00:ec2::254/128', 'dev', 'lo', 'nodad');
    run('ip', '-n', this.#router, 'route', 'add', '169.254.169.254/32', 'via', '10.77.2.2');
    run('ip', '-n', this.#router, '-6', 'route', 'add', 'fd00:ec2::254/128', 'via', 'fd77:2::2');
  }

  /** Starts the metadata service with this hop limit for the answers to PUT, and no firewall; one before is ended. */
  async serve(hops: number): Promise<void> {
    this.firewall(null);
    await this.#stopServer();
    this.#server = spawn(
      'ip',
      ['netns', 'exec', this.#imds, 'python3', SERVER, String(hops), '169.254.169.254', 'fd00:ec2::254'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    if (this.#server.stdout === null) throw new Error('the server has no output');
    await once(this.#server.stdout, 'data');
    // The first packets of a new network go to finding the neighbours.
    const { code, stderr } = await this.run('python3', ['-c', REACH]);
    if (code !== 0) throw new Error(`the lab's network does not work: ${stderr}`);
  }

  /** Sets up the one firewall rule, or none. */
  firewall(kind: Firewall | null): void {
    for (const namespace of [this.#router, this.#client]) this.#inside(namespace, 'nft', 'flush', 'ruleset');
    if (kind === null) return;
    const [hook = '', verdict = ''] = RULES[kind];
    const namespace = hook === 'output' ? this.#client : this.#router;
    const rule = (match: string): string => `    ${match} tcp dport 80 ${verdict}`;
    const rules = [rule('ip daddr 169.254.169.254'), rule('ip6 daddr fd00:ec2::254')];
    const chain = ['  chain lab {', `    type filter hook ${hook} priority 0`, ...rules, '  }'];
    this.#inside(namespace, 'nft', ['table inet lab {', ...chain, '}'].join('\n'));
  }

  /** Takes the client's way out of its network, or gives it back. */
  uplink(up: boolean): void {
    if (up) this.#routes(this.#client);
    else for (const family of ['-4', '-6']) run('ip', '-n', this.#client, family, 'route', 'del', 'default');
  }

  /** Starts a process as the client, with this environment only. */
  start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    // `ip netns exec` becomes the command: its pid is the command's.
    return spawn('ip', ['netns', 'exec', this.#client, command, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  /** Runs any command as the client, or on the router, with nothing of the caller's AWS or proxy settings. */
  run(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    where: 'client' | 'router' = 'client',
  ): Promise<Ran> {
    const inherited = Object.entries(process.env).filter(([name]) => !/^AWS_|_proxy$/i.test(name));
    const namespace = where === 'client' ? this.#client : this.#router;
    return new Promise((resolve, reject) => {
      execFile(
        'ip',
        ['netns', 'exec', namespace, command, ...args],
        {
          env: { ...Object.fromEntries(inherited), ...env, IMDS_PROBE_TEST_NAMESPACE: namespace },
          timeout: 60_000,
          maxBuffer: 16 * 1024 * 1024,
        },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (typeof code === 'number') resolve({ code, stdout, stderr });
          else reject(error);
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#stopServer();
    for (const namespace of this.#namespaces()) run('ip', 'netns', 'del', namespace);
  }

  #namespaces(): string[] {
    return [this.#client, this.#router, this.#imds];
  }

  /** A cable from `end` (address .2) to `router` (address .1). */
  #cable(end: string, router: string, ipv4: string, ipv6: string): void {
    const port = end === this.#client ? 'client' : 'imds';
    run('ip', '-n', router, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'up0', 'netns', end);
    for (const [namespace, device, host] of [
      [router, port, 1],
      [end, 'up0', 2],
    ] as const) {
      run('ip', '-n', namespace, 'addr', 'add', `${ipv4}.${host}/24`, 'dev', device);
      run('ip', '-n', namespace, 'addr', 'add', `${ipv6}:${host}/64`, 'dev', device, 'nodad');
      run('ip', '-n', namespace, 'link', 'set', device, 'up');
    }
  }

  #routes(namespace: string): void {
    const network = namespace === this.#client ? 1 : 2;
    run('ip', '-n', namespace, 'route', 'add', 'default', 'via', `10.77.${network}.1`);
    run('ip', '-n', namespace, '-6', 'route', 'add', 'default', 'via', `fd77:${network}::1`);
  }

  #inside(namespace: string, ...command: string[]): void {
    run('ip', 'netns', 'exec', namespace, ...command);
  }

  async #stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null) return;
    server.stdin?.end();
    await once(server, 'exit');
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
