// Runs `check` as a process against an instance of its own: what it asks, sends, publishes, and never shows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import type { BehaviourChange } from '../../src/simulator/behaviour.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { credentialsOf } from '../simulator/ask.ts';
import { eventually, run, runShell, start } from '../support/program.ts';

// Tests that run side by side have no hook of their own after an `await`: it would be another test's.
const boxes: Instance[] = [];
afterAll(() => Promise.all(boxes.map((box) => box.close())));

async function instance(change: BehaviourChange = {}): Promise<Instance> {
  const started = await startInstance(change);
  boxes.push(started);
  return started;
}

const reportOf = (stdout: string): Report => JSON.parse(stdout) as Report;

describe.concurrent('one diagnosis', () => {
  it('asks IMDS five times, on one connection, with one token', async () => {
    const box = await instance();
    const ended = await run(['--json'], box.environment);
    expect(ended.code).toBe(0);
    const asked = box.received().imdsRequests;
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /latest/api/token',
      expect.stringContaining('GET /latest/meta-data/iam/security-credentials/'),
      expect.stringContaining('GET /latest/meta-data/iam/security-credentials/'),
      expect.stringContaining('GET /latest/'),
      expect.stringContaining('GET /latest/'),
    ]);
    expect(new Set(asked.map(({ connection }) => connection)).size).toBe(1);
    expect(asked.filter(({ method, withToken }) => method === 'GET' && !withToken)).toEqual([]);
  });

  it('goes straight to IMDS, whatever the proxy variables say', async () => {
    const box = await instance();
    const { NO_PROXY: _, no_proxy: __, ...rest } = box.environment;
    const dead = 'http://user:hunter2@127.0.0.1:9';
    const ended = await run(['--json', '--only', 'imds,role'], {
      ...rest,
      http_proxy: dead,
      HTTP_PROXY: dead,
      HTTPS_PROXY: dead,
      ALL_PROXY: dead,
      NODE_USE_ENV_PROXY: '1',
    });
    expect(reportOf(ended.stdout).observations['instance-role']?.ok).toBe(true);
    expect(ended.stdout + ended.stderr).not.toContain('hunter2');
  });

  it('shows no secret, in any format, not even when asked for more', async () => {
    const box = await instance();
    const secrets = await credentialsOf(box.endpoints.imds);
    const formats = ['text', 'json', 'nagios', 'prometheus'];
    const runs = formats.map((format) =>
      run(['check', '--format', format, '--verbose', '--publish'], box.environment),
    );
    for (const ended of await Promise.all(runs)) {
      for (const secret of [secrets.AccessKeyId, secrets.SecretAccessKey, secrets.Token]) {
        expect(secret.length).toBeGreaterThan(15);
        expect(ended.stdout + ended.stderr).not.toContain(secret);
      }
    }
  });

  it('runs only the probes that --only needs, and reports them', async () => {
    const box = await instance();
    const ended = await run(['--json', '--only', 'clock-skewed'], box.environment);
    expect(Object.keys(reportOf(ended.stdout).observations)).toEqual(
      expect.arrayContaining(['clock-offset']),
    );
    expect(box.received().imdsRequests).toEqual([]);
    expect(reportOf(ended.stdout).verdicts.map(({ id }) => id)).toEqual(['clock-skewed']);
  });

  it('judges the clock by Date headers where no time server has the time, --only clock or not', async () => {
    const box = await instance({ time: { leap: 3 } });
    for (const only of ['clock', 'clock-skewed', 'role,clock']) {
      const ended = await run(['--json', '--only', only], box.environment);
      const { verdicts, observations } = reportOf(ended.stdout);
      expect(verdicts.find(({ id }) => id === 'clock-skewed')).toMatchObject({
        status: 'pass',
        because: expect.stringContaining('Date headers of IMDS'),
      });
      expect(observations['http-date']?.ok).toBe(true);
      expect(ended.code).toBe(only === 'clock-skewed' ? 0 : 1);
    }
  });

  it('judges nothing that --skip leaves out', async () => {
    const box = await instance({ time: { silent: true } });
    const ended = await run(['--json', '--skip', 'clock'], box.environment);
    expect(ended.code).toBe(0);
    const clock = reportOf(ended.stdout).verdicts.filter(({ id }) => id.startsWith('clock'));
    expect(clock).toEqual(
      ['clock-skewed', 'clock-unsynchronised'].map((id) => ({
        id,
        status: 'skipped',
        because: 'left out by --skip',
      })),
    );
  });

  it('sends a request without a token only with --imdsv1', async () => {
    const box = await instance({ imds: { tokensOptional: true } });
    const ended = await run(['--json', '--imdsv1'], box.environment);
    expect(reportOf(ended.stdout).findings.map(({ id }) => id)).toContain('imds-v1-enabled');
    expect(ended.code).toBe(0);
  });

  it('tells an error status on standard error', async () => {
    const ended = await run(['check', '--simulate', 'throttled-hard', '--json']);
    expect(ended.stderr).toMatch(/HTTP 429/);
    expect(() => reportOf(ended.stdout)).not.toThrow();
  });

  it('takes the last of two scenarios, and says that it is one', async () => {
    const ended = await run(['check', '--simulate', 'healthy', '--simulate', 'no-role', '--json']);
    expect(reportOf(ended.stdout).findings.map(({ id }) => id)).toEqual(['role-missing']);
    expect(ended.stderr).toContain('an instance in a box (no-role), not this machine');
  });

  it('keeps trying with --wait until credentials are there', async () => {
    const box = await instance({ imds: { refused: true } });
    const running = start(['check', '--wait', '30', '--json'], box.environment);
    await running.until('no credentials yet');
    await box.change({ imds: { refused: false } });
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(reportOf(ended.stdout).observations['instance-role']?.ok).toBe(true);
  });

  it('ends at once on Ctrl-C', async () => {
    const box = await instance({ imds: { refused: true } });
    const running = start(['check', '--wait', '600'], box.environment);
    await running.until('no credentials yet');
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });
});

describe.concurrent('--publish', () => {
  it('sends the metrics of the contract, signed with what was just read', async () => {
    const box = await instance();
    const ended = await run(['check', '--publish', '--json', '--fleet', 'web'], box.environment);
    expect(ended.code).toBe(0);
    const { metrics } = box.received();
    const names = metrics.map(({ name }) => name).sort();
    expect(names).toEqual(
      [
        'CredentialExpiryMargin',
        'CredentialAge',
        'ImdsRequests',
        'ImdsThrottled',
        'ImdsErrors',
        'ImdsLatency',
        'ClockOffset',
        'CriticalFindings',
        'WarningFindings',
        'Heartbeat',
        'OutboxAge',
        'OutboxDropped',
      ].sort(),
    );
    for (const metric of metrics) {
      expect(metric.namespace).toBe('ImdsProbe');
      expect(metric.dimensions).toEqual({ Fleet: 'web' });
    }
    expect(metrics.find(({ name }) => name === 'ImdsRequests')?.values).toEqual([5]);
    expect(box.received().imdsRequests).toHaveLength(5);
    expect(box.received().cloudwatchRequests).toBe(1);
    expect(new Set(reportOf(ended.stdout).metrics.map(({ name }) => name))).toEqual(new Set(names));
  });

  it('sends what an alarm needs a second time with InstanceId while something is wrong', async () => {
    const box = await instance({ time: { silent: true } });
    const ended = await run(['check', '--publish', '--json'], box.environment);
    expect(ended.code).toBe(1);
    const own = box.received().metrics.filter(({ dimensions }) => 'InstanceId' in dimensions);
    expect(own.map(({ name }) => name).sort()).toEqual([
      'CredentialExpiryMargin',
      'CriticalFindings',
      'Heartbeat',
      'WarningFindings',
    ]);
  });
});

describe.concurrent('mistakes of the operator end in one line and 64', () => {
  it.each<[string, readonly string[], Record<string, string>, RegExp]>([
    [
      'an unknown flag',
      ['--tiemout', '3'],
      {},
      /^imds-probe: --tiemout: .*did you mean --timeout\?; allowed: /,
    ],
    ['an unknown command', ['chekc'], {}, /^imds-probe: .*"chekc"; did you mean check\?/],
    ['a value of the wrong kind', ['--timeout', 'soon'], {}, /^imds-probe: --timeout: .*allowed: .*\n$/],
    ['a variable', [], { IMDS_PROBE_ATTEMPTS: '0' }, /^imds-probe: IMDS_PROBE_ATTEMPTS: .*allowed: .*\n$/],
    ['an unknown variable', [], { IMDS_PROBE_ATTEMTPS: '2' }, /^imds-probe: IMDS_PROBE_ATTEMTPS: /],
    [
      'an AWS variable',
      [],
      { AWS_METADATA_SERVICE_TIMEOUT: 'x' },
      /^imds-probe: AWS_METADATA_SERVICE_TIMEOUT: /,
    ],
    ['an endpoint with a path', ['--endpoint', 'http://127.0.0.1/latest'], {}, /^imds-probe: --endpoint: /],
    ['a finding that is none', ['--only', 'imds-hop'], {}, /^imds-probe: --only: .*allowed: /],
    [
      'an unknown scenario',
      ['--simulate', 'exprid'],
      {},
      /^imds-probe: --simulate: .*did you mean expired\?/,
    ],
    ['a file that is not there', ['--config', '/nowhere.yaml'], {}, /^imds-probe: --config: /],
    ['thresholds the wrong way round', ['--margin-critical', '1000'], {}, /^imds-probe: --margin-critical: /],
    ['publishing and not', ['--publish', '--offline'], {}, /^imds-probe: --publish: /],
    ['an option of another command', ['--once'], {}, /^imds-probe: --once: .*belongs to agent\n$/],
    ['a box for the agent', ['agent', '--simulate', 'healthy'], {}, /^imds-probe: --simulate: .*to check\n$/],
    ['an option that explain lacks', ['explain', '--once'], {}, /^imds-probe: --once: there is no such/],
    ['an option that simulate lacks', ['simulate', '-x', 'healthy'], {}, /^imds-probe: -x: there is no such/],
    ['two commands', ['agent', 'check'], {}, /^imds-probe: agent takes no "check"/],
    ['a flag without its value', ['--config'], {}, /^imds-probe: --config: config needs a value; allowed: /],
  ])('%s', async (_name, args, env, expected) => {
    const command = /^[a-z]/.test(args[0] ?? '');
    const ended = await run(command ? args : ['check', ...args], env);
    expect(ended.stderr).toMatch(expected);
    expect(ended.stdout).toBe('');
    expect(ended.code).toBe(64);
  });
});

describe.concurrent('the other commands', () => {
  it('simulate prints exports, then ready, and ends with 0 on SIGTERM', async () => {
    const running = start(['simulate', 'healthy']);
    await running.until('ready');
    const lines = running.output().stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('ready');
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^export [A-Za-z0-9_]+=\S+$/);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });

  it('explain knows a finding, and lists all without one', async () => {
    const [one, all, none] = await Promise.all([
      run(['explain', 'imds-hop-limit']),
      run(['explain']),
      run(['explain', 'imds-hop-limt']),
    ]);
    expect(one.stdout).toContain('aws ec2 modify-instance-metadata-options');
    expect(all.stdout).toContain('role-credentials-expired');
    expect(none.code).toBe(64);
    expect(none.stderr).toContain('did you mean imds-hop-limit?');
  });

  it.each(['check', 'agent', 'history', 'explain', 'simulate', 'completion'])(
    '%s --help shows examples',
    async (command) => {
      const ended = await run([command, '--help']);
      expect(ended.stdout).toContain('Examples:');
      expect(ended.code).toBe(0);
    },
  );

  it('--version is the version, completion a script', async () => {
    const [version, completion] = await Promise.all([run(['--version']), run(['completion'])]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(completion.stdout).toContain('imds-probe');
  });

  it.each<[string, readonly string[]]>([
    ['simulate ex', ['expiring', 'expired']],
    ['check --simulate hop', ['hop-limit']],
    ['check --format n', ['nagios']],
    ['check --only cloc', ['clock', 'clock-skewed', 'clock-unsynchronised']],
    ['explain imds-h', ['imds-hop-limit']],
    ['agent --on', ['--once', '--only']],
  ])('a shell is offered what can follow: %s', async (line, expected) => {
    const words = ['imds-probe', ...line.split(' ')];
    const ended = await run(['--get-yargs-completions', ...words]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const begun = words.at(-1) ?? '';
    expect(ended.stdout.split('\n').filter((word) => word.startsWith(begun))).toEqual(expected);
  });

  it('reads the YAML file, and names the line of what is wrong in it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'config.yaml');
    writeFileSync(file, 'fleet: blue\ntime-server: ["127.0.0.1:1", "[::1]:2"]\n');
    const good = await run(['check', '--show-config', '--config', file]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/^fleet +blue +/m);
    expect(good.stdout).toContain(`${file}:2`);
    writeFileSync(file, '# ours\nflet: blue\n');
    const bad = await run(['check', '--config', file]);
    expect(bad).toMatchObject({ code: 64, stdout: '' });
    expect(bad.stderr).toBe(
      `imds-probe: ${file}:2: there is no setting flet; did you mean fleet?; allowed: what imds-probe check --show-config lists\n`,
    );
  });

  it.each<[string, string]>([
    ['nobody reads', '$0 check --json | true; exit $PIPESTATUS'],
    ['the disk is full', '$0 check --json > /dev/full'],
    ['it is closed', '$0 check --json >&-'],
    [
      'the working folder is gone',
      'mkdir "$HOME/gone$$" && cd "$HOME/gone$$" && rmdir "$PWD" && $0 check --json',
    ],
  ])('the exit code tells the status where of standard output %s', async (_name, script) => {
    const box = await instance({ time: { silent: true } });
    const ended = await runShell(script, box.environment);
    expect(ended.code).toBe(1);
    expect(ended.stderr).not.toMatch(/defect|^ +at /m);
  });

  it('--show-config says where each setting came from', async () => {
    const ended = await run(['check', '--show-config', '--timeout', '2'], { IMDS_PROBE_ATTEMPTS: '5' });
    expect(ended.stdout).toMatch(/^timeout +2 s +--timeout$/m);
    expect(ended.stdout).toMatch(/^attempts +5 +IMDS_PROBE_ATTEMPTS$/m);
    expect(ended.stdout).toMatch(/^deadline +10 s +default$/m);
    expect(ended.code).toBe(0);
  });
});

describe.concurrent('agent', () => {
  it('publishes cycle after cycle within its budget, and ends with 0 on SIGTERM', async () => {
    const box = await instance();
    const running = start(['agent', '--interval', '1', '--flush', '1'], box.environment);
    const beats = () => box.received().metrics.filter(({ name }) => name === 'Heartbeat').length;
    await eventually('four heartbeats', () => beats() >= 4);
    const began = Date.now();
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(Date.now() - began).toBeLessThan(5000);
    const { imdsRequests, metrics } = box.received();
    const cycles = beats();
    expect(imdsRequests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    expect(imdsRequests.length).toBeLessThanOrEqual(5 + 2 * cycles);
    expect(new Set(imdsRequests.map(({ connection }) => connection)).size).toBe(1);
    const stamps = metrics.filter(({ name }) => name === 'Heartbeat').map(({ timestamp }) => timestamp);
    expect(new Set(stamps).size).toBe(stamps.length);
    for (const line of ended.stderr.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(ended.stdout).toBe('');
  });

  it('ends with 0 on a second signal, too, without the delivery that the first one has begun', async () => {
    const box = await instance({ cloudwatch: { faults: [{ wire: 'hang' }] } });
    const running = start(['agent', '--interval', '1', '--flush', '1'], box.environment);
    await running.until('"event":"cycle"');
    running.child.kill('SIGTERM');
    await running.until('"event":"stopping"');
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toContain('"event":"stopped"');
  });

  it('keeps its beat while CloudWatch, STS and the time server are silent', async () => {
    const silent = { faults: [{ wire: 'hang' }] } as const;
    const box = await instance({ cloudwatch: silent, sts: silent, time: { silent: true } });
    const running = start(['agent', '--interval', '1', '--flush', '1'], box.environment);
    const cycles = () =>
      box.received().imdsRequests.filter(({ path }) => /security-credentials\/./.test(path)).length;
    await eventually('the first cycle', () => cycles() >= 1);
    const began = Date.now();
    await eventually('four more', () => cycles() >= 5);
    // Each would wait two seconds and more for what is silent.
    expect(Date.now() - began).toBeLessThan(6_500);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });

  it('--offline asks the metadata service and sends nothing', async () => {
    const box = await instance();
    const ended = await run(['agent', '--once', '--offline'], box.environment);
    expect(ended.code).toBe(0);
    const { imdsRequests, cloudwatchRequests, metrics } = box.received();
    expect([imdsRequests.length, cloudwatchRequests, metrics.length]).toEqual([5, 0, 0]);
  });

  it('--show-config shows, and starts nothing', async () => {
    const ended = await run(['agent', '--show-config', '--interval', '5']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^interval +5 s +--interval$/m);
  });

  it('--once that is stopped in its cycle tells and sends nothing of it, and ends with 0', async () => {
    const box = await instance({ imds: { faults: [{ wire: 'hang' }] } });
    const running = start(['agent', '--once'], box.environment);
    await eventually('a request', () => box.received().imdsRequests.length > 0);
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toContain('imds-unreachable');
    expect(box.received().metrics).toEqual([]);
  });

  it('--once does one cycle and publishes it', async () => {
    const box = await instance();
    const ended = await run(['agent', '--once'], box.environment);
    expect(ended.code).toBe(0);
    expect(box.received().metrics.filter(({ name }) => name === 'Heartbeat')).toHaveLength(1);
  });

  it.each<[string, readonly string[]]>([
    ['agent', ['agent', '--once', '--only', 'clock']],
    ['check --publish', ['check', '--publish', '--only', 'clock-skewed']],
    ['check --publish without the role', ['check', '--publish', '--skip', 'role,imds']],
  ])('%s has credentials to publish with, whatever is judged', async (_name, args) => {
    const box = await instance();
    const ended = await run(args, box.environment);
    expect(ended.code).toBe(0);
    expect(box.received().metrics.filter(({ name }) => name === 'ClockOffset')).toHaveLength(1);
  });

  it('reports metrics that fit what it found, where CloudWatch took none', async () => {
    const ended = await run(['check', '--simulate', 'cloudwatch-expired-token', '--publish', '--json']);
    const { findings, metrics } = reportOf(ended.stdout);
    expect(findings.map(({ id }) => id)).toEqual(['role-credentials-rejected']);
    const counted = metrics.filter(({ name }) => name === 'CriticalFindings');
    expect(counted.map(({ values }) => values)).toEqual([[1], [1]]);
  });

  it('tells on standard error what IMDS answers instead, as it comes', async () => {
    const box = await instance({ imds: { faults: [{ method: 'PUT', answer: { status: 503 }, times: 1 }] } });
    const ended = await run(['agent', '--once'], box.environment);
    const lines = ended.stderr.split('\n').filter((line) => line.includes('"event":"imds"'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'warn',
        msg: expect.stringMatching(/^IMDS, request for a token: HTTP 503; try 1 of 3, again in /),
      },
    ]);
  });
});
