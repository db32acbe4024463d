// The finding imds-proxied on the running program: real proxies on loopback between it and instances in a box.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { run } from '../support/program.ts';

async function instance(instanceId: string): Promise<Instance> {
  const started = await startInstance({ identity: { instanceId } });
  onTestFinished(() => started.close());
  return started;
}

interface Proxy {
  readonly url: string;
  readonly asked: readonly string[];
}

/** A forward proxy that sends everything to one origin, as a proxy on another instance would; or answers a status. */
async function proxy(onwards: string | number, added: Record<string, string> = {}): Promise<Proxy> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (typeof onwards === 'number') {
      response.writeHead(onwards, { 'content-type': 'text/html' }).end('<title>Please sign in</title>');
      return;
    }
    const path = new URL(request.url ?? '').pathname;
    const headers = { ...request.headers, ...added };
    const onward = http.request(
      new URL(path, onwards),
      { method: request.method ?? 'GET', headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const OWN = 'i-0aaaaaaaaaaaaaaaa';
const OTHER = 'i-0bbbbbbbbbbbbbbbb';

async function check(box: Instance, variables: Record<string, string>, ...args: readonly string[]) {
  const { NO_PROXY: _, no_proxy: __, ...environment } = box.environment;
  const ended = await run(['check', '--json', '--only', 'imds-proxied', ...args], {
    // Proxy and instance share this process, and its cores with other tests.
    IMDS_PROBE_TIMEOUT: '5',
    ...environment,
    ...variables,
  });
  const report = JSON.parse(ended.stdout) as Report;
  return { ...ended, report, finding: report.findings[0], verdict: report.verdicts[0] };
}

describe('a proxy that is not exempted', () => {
  it('answers with a page: critical, and the line for NO_PROXY mends it', async () => {
    const box = await instance(OWN);
    const between = await proxy(404);
    const { code, finding, stdout, stderr } = await check(box, {
      http_proxy: between.url.replace('://', '://user:hunter2@'),
    });
    expect(code).toBe(2);
    expect(finding).toMatchObject({ id: 'imds-proxied', severity: 'critical' });
    expect(finding?.cause).toContain('HTTP 404 with a page titled "Please sign in"');
    expect(stdout + stderr).not.toContain('hunter2');
    expect(between.asked).toEqual([`PUT ${box.endpoints.imds}/latest/api/token`]);

    expect(finding?.fix[0]?.command).toBe('export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1');
    const mended = await check(box, {
      http_proxy: between.url,
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
    });
    expect(mended.code).toBe(0);
    expect(mended.verdict?.status).toBe('pass');
    expect(between.asked).toHaveLength(1);
  });

  it('leads to another instance: critical, and says to which', async () => {
    const box = await instance(OWN);
    const far = await instance(OTHER);
    const { finding } = await check(box, { http_proxy: (await proxy(far.endpoints.imds)).url });
    expect(finding).toMatchObject({ severity: 'critical' });
    expect(finding?.cause).toContain(`${OTHER}, not ${OWN}`);
    expect(far.received().imdsRequests.every(({ method, withToken }) => method === 'PUT' || withToken)).toBe(
      true,
    );
  });

  it('leads to this instance: a warning', async () => {
    const box = await instance(OWN);
    const { code, finding } = await check(box, { http_proxy: (await proxy(box.endpoints.imds)).url });
    expect(code).toBe(1);
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding?.cause).toContain('metadata service of this instance');
  });

  it('marks what it forwards, which IMDS refuses: critical', async () => {
    const box = await instance(OWN);
    const between = await proxy(box.endpoints.imds, { 'x-forwarded-for': '10.0.0.9' });
    const { finding } = await check(box, { http_proxy: between.url });
    expect(finding).toMatchObject({ severity: 'critical', evidence: { status: 403 } });
    expect(finding?.cause).toContain('X-Forwarded-For');
  });

  it('is not there: critical', async () => {
    const box = await instance(OWN);
    const { finding } = await check(box, { http_proxy: 'http://127.0.0.1:9' });
    expect(finding).toMatchObject({ severity: 'critical' });
    expect(finding?.cause).toContain('nothing came back');
  });

  it('is not asked under --offline: a warning by the variables alone', async () => {
    const box = await instance(OWN);
    const between = await proxy(404);
    const { code, finding } = await check(box, { http_proxy: between.url }, '--offline');
    expect(code).toBe(1);
    expect(finding?.cause).toContain('--offline');
    expect(between.asked).toEqual([]);
  });
});
