// Metadata requests go straight to the instance, whatever proxies the environment or the program has set up.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { getGlobalDispatcher, ProxyAgent, setGlobalDispatcher } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { clientFor, wholeCycle } from '../../support/imds-client.ts';
import { ScriptedImds } from '../../support/scripted-imds.ts';

const before = getGlobalDispatcher();
afterEach(() => setGlobalDispatcher(before));

test('a global proxying dispatcher changes nothing', async () => {
  const [imds, proxy] = await Promise.all([ScriptedImds.start(), ScriptedImds.start()]);
  const dispatcher = new ProxyAgent({ uri: proxy.endpoint });
  setGlobalDispatcher(dispatcher);
  const hand = clientFor(imds.endpoint);
  expect(await wholeCycle(hand)).toMatchObject({ role: { ok: true } });
  expect([imds.connections, proxy.connections]).toEqual([1, 0]);
  await Promise.all([hand.client.close(), imds.close(), proxy.close(), dispatcher.close()]);
});

test('neither do the proxy variables, nor NODE_USE_ENV_PROXY', async () => {
  const [imds, proxy] = await Promise.all([ScriptedImds.start(), ScriptedImds.start()]);
  const module = new URL('../../../src/clients/imds/client.ts', import.meta.url).href;
  const script = `
    const { createImdsClient } = await import(${JSON.stringify(module)});
    const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
    const client = createImdsClient({ endpoint: ${JSON.stringify(imds.endpoint)}, timeoutMs: 2000, attempts: 1,
      imdsv1: false, clock, random: () => 0, onEvent: () => {} });
    const role = await client.role(AbortSignal.timeout(5000));
    console.log(JSON.stringify(role));
    await client.close();`;
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: {
      ...process.env,
      ...Object.fromEntries(names.map((name) => [name, proxy.endpoint])),
      NO_PROXY: '',
      no_proxy: '',
      NODE_USE_ENV_PROXY: '1',
      NODE_NO_WARNINGS: '1',
    },
  });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, value: { roleName: 'app-role' } });
  expect([imds.connections, proxy.connections]).toEqual([1, 0]);
  await Promise.all([imds.close(), proxy.close()]);
});
