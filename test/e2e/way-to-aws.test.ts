// The findings of the way to AWS made to happen to the whole program: real TLS, an inspecting proxy, wrong clocks.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { unauthorizedOperation } from '../../src/simulator/aws/errors.ts';
import type { BehaviourChange } from '../../src/simulator/behaviour.ts';
import { startInstance } from '../../src/simulator/instance.ts';
import { run } from '../support/program.ts';
import { TLS } from '../support/tls.ts';

async function instance(change: BehaviourChange = {}) {
  const started = await startInstance(change);
  onTestFinished(() => started.close());
  return started;
}

async function port(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    if (server instanceof http.Server || server instanceof https.Server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function folder(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(path.join(tmpdir(), 'imds-probe-way-'));
  onTestFinished(() => rmSync(at, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(at, name), text);
  return at;
}

const ok: http.RequestListener = (_, response) =>
  void response.writeHead(404, { 'content-length': '0' }).end();

async function check(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const ended = await run(['check', '--json', ...args], env);
  const report = JSON.parse(ended.stdout) as Report;
  const verdict = (id: string) => report.verdicts.find((one) => one.id === id);
  return { ...ended, report, verdict, finding: (id: string) => report.findings.find((one) => one.id === id) };
}

describe('sts-unreachable', () => {
  it('is for information where nothing needs it, and a warning for a profile that does', async () => {
    const box = await instance({ sts: { refused: true } });
    const only = ['--only', 'endpoint,chain'];
    const alone = await check(box.environment, ...only);
    expect(alone.finding('sts-unreachable')).toMatchObject({ severity: 'info' });
    expect(alone.code).toBe(0);

    const home = folder({
      config:
        '[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\ncredential_source = Ec2InstanceMetadata\n',
    });
    const needed = await check({ ...box.environment, AWS_CONFIG_FILE: path.join(home, 'config') }, ...only);
    expect(needed.finding('sts-unreachable')).toMatchObject({ severity: 'warning' });
    expect(needed.finding('sts-unreachable')?.cause).toContain('the profile deploy');
    expect(needed.code).toBe(1);
  });
});

describe('cloudwatch-unreachable', () => {
  it('and publish-failing are one finding', async () => {
    const box = await instance({ cloudwatch: { refused: true } });
    const { report, verdict, code } = await check(box.environment, '--publish');
    const warnings = report.findings.filter(({ severity }) => severity !== 'info');
    expect(warnings.map(({ id }) => id)).toEqual(['cloudwatch-unreachable']);
    expect(verdict('publish-failing')).toMatchObject({
      status: 'unknown',
      because: expect.stringContaining('cloudwatch-unreachable'),
    });
    expect(code).toBe(1);
  });

  it('tells a service that takes the connection and says nothing, within two seconds', async () => {
    const box = await instance({ cloudwatch: { faults: [{ wire: 'hang' }] } });
    const { finding, report } = await check(box.environment);
    expect(finding('cloudwatch-unreachable')?.evidence).toMatchObject({
      step: 'answer',
      failure: 'response-timeout',
    });
    expect(report.observations['cloudwatch-endpoint']?.tookMs).toBeLessThan(3_500);
  });

  it('is left out by --offline, and by --skip', async () => {
    const box = await instance({ cloudwatch: { refused: true } });
    const offline = await check(box.environment, '--offline');
    expect(offline.verdict('cloudwatch-unreachable')).toMatchObject({ status: 'skipped' });
    expect(offline.code).toBe(0);
    const skipped = await check(box.environment, '--skip', 'endpoint');
    expect(skipped.verdict('cloudwatch-unreachable')).toMatchObject({ status: 'skipped' });
    expect(skipped.code).toBe(0);
  });

  it('costs IMDS nothing, and CloudWatch no request that it would count', async () => {
    const box = await instance();
    await check(box.environment);
    expect(box.received()).toMatchObject({ cloudwatchRequests: 0, imdsRequests: { length: 5 } });
  });
});

describe('tls-intercepted', () => {
  it('tells a certificate that nobody here trusts, and nothing is sent there', async () => {
    const asked: string[] = [];
    const server = https.createServer({ ...TLS }, (request, response) => {
      asked.push(request.method ?? '');
      ok(request, response);
    });
    const endpoint = `https://127.0.0.1:${await port(server)}`;
    const box = await instance();
    const { finding, verdict, code } = await check({
      ...box.environment,
      AWS_ENDPOINT_URL_CLOUDWATCH: endpoint,
    });
    expect(finding('tls-intercepted')).toMatchObject({
      severity: 'warning',
      evidence: { issuer: 'localhost', problem: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    expect(verdict('cloudwatch-unreachable')?.status).toBe('unknown');
    expect(asked).toEqual([]);
    expect(code).toBe(1);
  });

  it('tells one that is trusted only because somebody added its authority', async () => {
    const box = await instance();
    const home = folder({ 'ca.pem': TLS.cert });
    const server = https.createServer({ ...TLS }, ok);
    const { finding, verdict } = await check({
      ...box.environment,
      AWS_ENDPOINT_URL_CLOUDWATCH: `https://127.0.0.1:${await port(server)}`,
      NODE_EXTRA_CA_CERTS: path.join(home, 'ca.pem'),
    });
    expect(finding('tls-intercepted')?.cause).toContain('accepted here only because its authority was added');
    expect(finding('tls-intercepted')?.evidence).toMatchObject({
      authoritiesAddedBy: ['NODE_EXTRA_CA_CERTS'],
    });
    expect(verdict('cloudwatch-unreachable')?.status).toBe('pass');
  });

  it('tells a proxy that inspects what goes to the endpoint of the Region', async () => {
    const asked: string[] = [];
    const inspector = https.createServer({ ...TLS }, ok);
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      inspector.emit('connection', socket);
    });
    const box = await instance({ identity: { region: 'eu-west-1' } });
    const {
      AWS_ENDPOINT_URL_STS: _,
      AWS_ENDPOINT_URL_CLOUDWATCH: __,
      AWS_REGION: ___,
      AWS_DEFAULT_REGION: ____,
      ...rest
    } = box.environment;
    const url = `http://user:hunter2@127.0.0.1:${await port(proxy)}`;
    const { finding, report, stdout, stderr } = await check({ ...rest, HTTPS_PROXY: url });
    expect(finding('tls-intercepted')?.cause).toContain('STS and CloudWatch');
    expect(finding('tls-intercepted')?.cause).toContain('HTTPS_PROXY');
    expect(report.observations['sts-endpoint']).toMatchObject({
      ok: true,
      value: { endpoint: 'https://sts.eu-west-1.amazonaws.com', configured: false, stopped: { at: 'tls' } },
    });
    expect(new Set(asked)).toEqual(
      new Set(['sts.eu-west-1.amazonaws.com:443', 'monitoring.eu-west-1.amazonaws.com:443']),
    );
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe('request-window-at-risk', () => {
  it('tells that AWS keeps another time than the time server', async () => {
    const server = http.createServer((_, response) => {
      const date = new Date(Date.now() + 100_000).toUTCString();
      response.writeHead(404, { 'content-length': '0', date }).end();
    });
    const box = await instance();
    const { finding, verdict, code } = await check({
      ...box.environment,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${await port(server)}`,
    });
    expect(verdict('clock-skewed')?.status).toBe('pass');
    expect(finding('request-window-at-risk')).toMatchObject({ severity: 'warning' });
    expect(finding('request-window-at-risk')?.cause).toContain('the Date header of STS');
    expect(code).toBe(1);
  });

  it('tells a way that is too slow for its thresholds', async () => {
    const box = await instance({ sts: { faults: [{ method: 'GET' }, { delayMs: 1200 }] } });
    const { finding } = await check(box.environment, '--clock-warning', '1');
    expect(finding('request-window-at-risk')?.evidence).toMatchObject({ windowSeconds: 300 });
  });

  it('follows from a wrong clock, which is the finding', async () => {
    const { finding, verdict } = await check({}, '--simulate', 'skewed-clock');
    expect(finding('clock-skewed')).toMatchObject({ severity: 'critical' });
    expect(verdict('request-window-at-risk')).toMatchObject({
      status: 'unknown',
      because: expect.stringContaining('clock-skewed'),
    });
  });
});

describe('--instance-options', () => {
  it('asks EC2, and says what its answer means', async () => {
    const box = await instance({ imds: { tokensOptional: true, hopLimit: 2 } });
    const asked = await check(box.environment, '--instance-options');
    expect(asked.report.observations['instance-options']).toMatchObject({
      ok: true,
      value: { asked: true, httpTokens: 'optional', httpPutResponseHopLimit: 2 },
    });
    expect(asked.finding('imds-v1-enabled')).toMatchObject({ severity: 'info' });
    // No request without a token was sent for it.
    expect(
      box.received().imdsRequests.filter(({ withToken, method }) => method === 'GET' && !withToken),
    ).toEqual([]);
    const unasked = await check(box.environment);
    expect(unasked.verdict('imds-v1-enabled')).toMatchObject({ status: 'skipped' });
    expect(box.received().ec2Requests).toBe(1);
  });

  it('names the permission that is missing, and fails nothing else', async () => {
    const box = await instance({ ec2: { faults: [{ error: unauthorizedOperation() }] } });
    const { report, code } = await check(box.environment, '--instance-options');
    expect(report.observations['instance-options']).toMatchObject({
      ok: false,
      failure: { kind: 'permission', detail: expect.stringContaining('ec2:DescribeInstances') },
    });
    expect(code).toBe(0);
  });
});
