// The whole program behind a proxy that asks for a password: AWS through it by CONNECT and TLS, the instance past it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { type CloudWatchServer, startCloudWatch } from '../support/cloudwatch-server.ts';
import { run } from '../support/program.ts';
import { type ProxyServer, startProxy } from '../support/proxy-server.ts';
import { TLS } from '../support/tls.ts';

const PASSWORD = 'c0rrectHorse';
const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-proxy-'));
const authorities = path.join(folder, 'ca.pem');

let box: Instance;
let proxy: ProxyServer;
let secure: CloudWatchServer;
beforeAll(async () => {
  writeFileSync(authorities, TLS.cert);
  [box, proxy, secure] = await Promise.all([startInstance(), startProxy(), startCloudWatch(TLS)]);
});
afterAll(async () => {
  await Promise.all([box.close(), proxy[Symbol.asyncDispose](), secure[Symbol.asyncDispose]()]);
  rmSync(folder, { recursive: true });
});

describe('behind a proxy', () => {
  it('publishes through it, and asks the metadata service straight', async () => {
    const ended = await run(['check', '--publish', '--json'], {
      ...box.environment,
      AWS_ENDPOINT_URL_CLOUDWATCH: secure.url,
      NODE_EXTRA_CA_CERTS: authorities,
      HTTPS_PROXY: `http://joe:${PASSWORD}@${proxy.host}`,
      NO_PROXY: '',
      no_proxy: '',
    });
    expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
    const { observations, findings } = JSON.parse(ended.stdout) as Report;
    expect(findings.filter(({ id }) => /publish|unreachable/.test(id))).toEqual([]);
    expect(observations['cloudwatch-delivery']).toMatchObject({ value: { failures: 0, failure: null } });
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT localhost:${secure.port}`]));
    expect(new Set(proxy.authorizations)).toEqual(new Set([`Basic ${btoa(`joe:${PASSWORD}`)}`]));
    expect(secure.received.map(({ body }) => body.Namespace)).toEqual(['ImdsProbe']);
  });
});
