// Holds every proxy dialect to its real client over the whole table, in network namespaces where the metadata
// addresses and the proxies are ours.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProxyRoute } from '../../src/core/proxy.ts';
import { DIALECTS } from '../../src/facts/proxy/index.ts';
import { bestExemption } from '../../src/facts/proxy/no-proxy.ts';
import { readMeasured, writeMeasured } from '../facts/proxy/measured.ts';
import { agrees, observedRoute, resolve } from './proxy-clients/compare.ts';
import type { Contact } from './proxy-clients/recorder.ts';
import { type Pair, TABLE } from './proxy-clients/table.ts';

const ROOM = fileURLToPath(new URL('./proxy-clients/', import.meta.url));
const built = mkdtempSync(join(tmpdir(), 'proxy-clients-'));
const goDriver = join(built, 'driver');

interface Client {
  readonly id: string;
  /** What has to be there: a command that ends with 0. */
  readonly needs: readonly string[];
  /** Arguments of runner.ts. */
  readonly run: readonly string[];
  /** Set for every case, beside the case's own. */
  readonly always?: Readonly<Record<string, string>>;
}

const python = (module: string): Pick<Client, 'needs' | 'run'> => ({
  needs: ['python3', '-c', `import ${module === 'urllib' ? 'urllib.request' : module}`],
  run: ['lines', 'python3', 'driver.py', module],
});
const node = (library: string): Pick<Client, 'needs' | 'run'> => ({
  needs: ['node', '--version'],
  run: ['lines', process.execPath, 'driver.ts', library],
});

const CLIENTS: readonly Client[] = [
  {
    id: 'curl',
    needs: ['curl', '--version'],
    run: ['each', 'curl', '-q', '-sS', '-g', '-o', '/dev/null', '-m', '3'],
  },
  {
    id: 'wget',
    needs: ['wget', '--version'],
    run: ['each', 'wget', '--no-config', '-q', '-O', '/dev/null', '-t', '1', '-T', '3'],
  },
  { id: 'python-urllib', ...python('urllib') },
  { id: 'python-requests', ...python('requests') },
  { id: 'botocore', ...python('botocore') },
  { id: 'go', needs: ['go', 'build', '-o', goDriver, 'driver.go'], run: ['each', goDriver] },
  { id: 'ruby', needs: ['ruby', '--version'], run: ['lines', 'ruby', 'driver.rb'] },
  { id: 'node-proxy-from-env', ...node('proxy-from-env') },
  { id: 'node-undici', ...node('undici') },
  { id: 'node-http', ...node('node-http'), always: { NODE_USE_ENV_PROXY: '1' } },
];

interface Observation {
  readonly contacts: readonly Contact[];
  readonly error: string | null;
}

interface Exempted extends Pair {
  readonly helps: readonly string[];
  readonly cannotHelp: readonly string[];
}

const PROXY = 'http://192.0.2.1:3128';
const KEPT = { http_proxy: PROXY, HTTP_PROXY: PROXY };

/** Environments as a shell leaves them after it has run the NO_PROXY line that is proposed for each. */
const EXEMPTED: readonly Exempted[] = [
  KEPT,
  { http_proxy: PROXY },
  { HTTP_PROXY: PROXY },
  { ALL_PROXY: PROXY },
  { ...KEPT, NO_PROXY: 'app.example' },
  { ...KEPT, no_proxy: 'app.example, intranet' },
  { ...KEPT, no_proxy: 'app.example intranet', NO_PROXY: '169.254.0.0/16' },
  { ...KEPT, NO_PROXY: '169.254.169.254,[fd00:ec2::254]' },
  { ...KEPT, NO_PROXY: '*' },
  { http_proxy: '192.0.2.1:3128', HTTP_PROXY: '192.0.2.1:3128' },
  { ...KEPT, REQUEST_METHOD: 'GET' },
].flatMap((variables) =>
  ['http://169.254.169.254', 'http://[fd00:ec2::254]'].flatMap((endpoint) => {
    const exemption = bestExemption({ ...variables, NODE_USE_ENV_PROXY: '1' }, endpoint);
    return exemption?.command == null
      ? []
      : [
          {
            variables: afterShell(exemption.command, variables),
            url: `${endpoint}/latest/meta-data/`,
            ...exemption,
          },
        ];
  }),
);

function afterShell(command: string, env: Readonly<Record<string, string>>): Record<string, string> {
  const { stdout } = spawnSync('sh', ['-c', `${command}; exec env -0`], {
    env: { PATH: '/usr/bin:/bin', ...env },
  });
  const entries = stdout
    .toString()
    .split('\0')
    .map((line) => line.split(/=(.*)/s).slice(0, 2));
  return Object.fromEntries(entries.filter(([name]) => /proxy$|^REQUEST_METHOD$/i.test(name ?? '')));
}

/** Whether Node's agents read the variables at all is a variable of its own. */
const JS_SDK: readonly Pair['variables'][] = [
  {},
  KEPT,
  { ...KEPT, NODE_USE_ENV_PROXY: '1' },
  { ...KEPT, NODE_USE_ENV_PROXY: 'true' },
  { ...KEPT, NODE_OPTIONS: '--use-env-proxy' },
  { ...KEPT, NODE_USE_ENV_PROXY: '1', no_proxy: '169.254.169.254,fd00:ec2::254' },
];

/** Puts pairs to one client, in a namespace of its own. */
async function observe(client: Client, pairs: readonly Pair[]): Promise<Observation[]> {
  const command = ['--net', '--mount', 'sh', 'namespace.sh', process.execPath, 'runner.ts', ...client.run];
  const child = spawn('unshare', command, {
    cwd: ROOM,
    env: { ...process.env, IMDS_PROBE_TEST_NAMESPACE: client.id },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  child.stdin.end(pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  const seen: Observation[] = [];
  for await (const line of createInterface({ input: child.stdout })) seen.push(JSON.parse(line));
  if (seen.length !== pairs.length) throw new Error(`${seen.length} answers of ${pairs.length}: ${said}`);
  return seen;
}

function isThere(command: readonly string[]): boolean {
  const [name = '', ...args] = command;
  return spawnSync(name, args, { cwd: ROOM, stdio: 'ignore' }).status === 0;
}

const routes = new Map<string, readonly ProxyRoute[]>();

describe('every dialect does what its client does', () => {
  let namespaces = false;
  beforeAll(() => {
    namespaces = isThere(['unshare', '--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']);
  });
  afterAll(() => {
    rmSync(built, { recursive: true, force: true });
    if (process.env['WRITE_MEASURED'] === undefined || routes.size !== DIALECTS.length) return;
    const row = (index: number) => [...routes].map(([id, column]) => [id, column[index] ?? 'error']);
    writeMeasured(TABLE.map((pair, index) => ({ ...pair, routes: Object.fromEntries(row(index)) })));
  });

  test.concurrent.each(CLIENTS)('$id', async (client) => {
    if (!namespaces || !isThere(client.needs)) {
      console.warn(`NOT TESTED: ${client.id} needs network namespaces (root) and: ${client.needs.join(' ')}`);
      expect(process.env['CI'], 'CI must have every client').not.toBe('true');
      return;
    }
    const dialect = DIALECTS.find(({ id }) => id === client.id);
    const all = await observe(client, [...TABLE, ...EXEMPTED]);
    const seen = all.slice(0, TABLE.length);
    routes.set(
      client.id,
      seen.map(({ contacts }, index) => observedRoute(TABLE[index]?.url ?? '', contacts)),
    );

    const differences = TABLE.flatMap(({ variables, url }, index) => {
      const { contacts, error } = seen[index] ?? { contacts: [], error: 'no answer' };
      const decision = dialect?.decide({ ...variables, ...client.always }, url, resolve);
      return decision !== undefined && agrees(decision, url, contacts)
        ? []
        : [{ variables, url, decision, contacts, error }];
    });
    expect(differences).toEqual([]);
    expect(EXEMPTED.length).toBeGreaterThan(15);
    const unhelped = EXEMPTED.filter(({ url, helps, cannotHelp }, index) => {
      const route = observedRoute(url, all[TABLE.length + index]?.contacts ?? []);
      return helps.includes(client.id)
        ? route !== 'direct'
        : cannotHelp.includes(client.id) && route === 'direct';
    });
    expect(unhelped).toEqual([]);
    if (process.env['WRITE_MEASURED'] === undefined) {
      // The unit tests lean on what was measured; it has to be what is measured.
      expect(routes.get(client.id)).toEqual(readMeasured().map((row) => row.routes[client.id]));
    }
  });

  test.concurrent('the AWS SDK for JavaScript goes the way of node-http', async () => {
    if (!namespaces) return;
    const client: Client = { id: 'js-sdk', needs: [], run: ['each', process.execPath, 'js-sdk.ts'] };
    const asked = JS_SDK.flatMap((variables) => [
      { variables, url: 'http://169.254.169.254/' },
      { variables, url: 'http://[fd00:ec2::254]/' },
    ]);
    const seen = await observe(client, asked);
    const dialect = DIALECTS.find(({ id }) => id === 'node-http');
    expect(asked.map(({ url }, index) => observedRoute(url, seen[index]?.contacts ?? []))).toEqual(
      asked.map(({ variables, url }) => dialect?.decide(variables, url).route),
    );
  });
});
