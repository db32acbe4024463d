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
import { readMeasured, writeMeasured } from '../facts/proxy/measured.ts';
import { agrees, observedRoute, resolve } from './proxy-clients/compare.ts';
import type { Contact } from './proxy-clients/recorder.ts';
import { TABLE } from './proxy-clients/table.ts';

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

/** Puts the whole table to one client, in a namespace of its own. */
async function observe(client: Client): Promise<Observation[]> {
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
  child.stdin.end(TABLE.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  const seen: Observation[] = [];
  for await (const line of createInterface({ input: child.stdout })) seen.push(JSON.parse(line));
  if (seen.length !== TABLE.length) throw new Error(`${seen.length} answers of ${TABLE.length}: ${said}`);
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
    const seen = await observe(client);
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
    if (process.env['WRITE_MEASURED'] === undefined) {
      // The unit tests lean on what was measured; it has to be what is measured.
      expect(routes.get(client.id)).toEqual(readMeasured().map((row) => row.routes[client.id]));
    }
  });
});
