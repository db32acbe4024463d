// The proxy variables as read on a machine: which clients are found on it, and that nothing is looked for in vain.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHost } from '../../../src/clients/host/host.ts';
import { readProxySettings } from '../../../src/clients/host/proxy.ts';

const endpoint = 'http://169.254.169.254';
const PROXY = { http_proxy: 'http://192.0.2.1:3128' };

function machine(...commands: readonly string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'proxy-host-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const command of commands) {
    mkdirSync(join(root, command, '..'), { recursive: true });
    writeFileSync(join(root, command), '');
  }
  return root;
}

describe('clients found', () => {
  const root = () =>
    machine('usr/bin/curl', 'usr/local/bin/aws', 'opt/ruby/bin/ruby', 'bin/node', 'home/wget');

  test.each<readonly [string, Record<string, string>, readonly string[]]>([
    ['on PATH', { PATH: '/usr/bin:/opt/ruby/bin' }, ['curl', 'ruby']],
    ['where PATH is not set', {}, ['curl', 'botocore', 'node-http']],
    ['but not relative to here', { PATH: 'usr/bin:.:' }, []],
    ['but not behind an endless PATH', { PATH: `${'/nowhere:'.repeat(100)}/usr/bin` }, []],
  ])('%s', async (_name, path, present) => {
    const settings = await readProxySettings({ variables: { ...PROXY, ...path }, endpoint, root: root() });
    expect(settings.present).toEqual(present);
  });

  test('none where no proxy variable is set, or where the files say nothing', async () => {
    const plain = await readProxySettings({ variables: { PATH: '/usr/bin' }, endpoint, root: root() });
    expect(plain).toMatchObject({ variables: [], present: [], proxies: [], exemption: null, endpoint });
    expect(new Set([...Object.values(plain.routes), ...Object.values(plain.awsRoutes)])).toEqual(
      new Set(['direct']),
    );
    expect((await readProxySettings({ variables: PROXY, endpoint, root: null })).present).toEqual([]);
  });
});

test('the port tells it for the endpoint in force', async () => {
  const imdsSettings = {
    endpoint: 'http://127.0.0.1:1338',
    overriddenBy: null,
    sdkAttempts: null,
    sdkTimeoutSeconds: null,
  };
  const env = { ...PROXY, HTTP_PROXY: PROXY.http_proxy };
  const result = await createHost({ env, imdsSettings, simulated: true }).proxySettings();
  expect(result).toMatchObject({
    ok: true,
    value: {
      endpoint: 'http://127.0.0.1:1338',
      routes: { curl: 'proxy', go: 'direct', ruby: 'direct' },
      present: [],
    },
  });
});
