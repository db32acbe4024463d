// A Debian that really boots: cloud-init runs the shipped user data, and what it installs has to work, survive, change and go.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { missingBase, missingCommands, type Ran, skipWithout } from './boot/base.ts';
import { Guest, until } from './boot/guest.ts';
import { cloudConfig, installLine } from './boot/install.ts';
import { buildOne, HANGING, release, signingKey } from './boot/releases.ts';

const missing = [
  missingBase() ?? [],
  missingCommands(['systemd-nspawn', 'ip', 'openssl', 'dpkg-deb']),
].flat();
const skipped = skipWithout(missing, 'the booted system');

const V1 = '0.1.0';
const V2 = '0.2.0';
/** Starts, takes its settings, and never finishes a cycle. */
const HANGS = '0.3.0';
const TAMPERED = '0.4.0';
/** Cycles of two seconds, so that the test need not wait for minutes; and this CloudWatch is indeed not Amazon's. */
const SETTINGS = {
  IMDS_PROBE_FLEET: 'web',
  IMDS_PROBE_INTERVAL: '2',
  IMDS_PROBE_FLUSH: '2',
  IMDS_PROBE_DEADLINE: '2',
  IMDS_PROBE_SKIP: 'tls-intercepted',
};
const DROP_IN = '/etc/systemd/system/imds-probe.service.d/test.conf';
const KNOWN_CA = '/etc/imds-probe-test-ca.pem';

describe.skipIf(skipped)('a booted system', () => {
  const key = signingKey();
  const packages = mkdtempSync(path.join(tmpdir(), 'imds-probe-packages-'));
  let guest: Guest;
  let log = '';

  const sh = (line: string, seconds?: number): Promise<Ran> => guest.run(line, seconds);
  const property = async (name: string): Promise<string> =>
    (await sh(`systemctl show --value -p ${name} imds-probe`)).output;
  const version = async (): Promise<string> =>
    (await sh("dpkg -s imds-probe | sed -n 's/^Version: //p'")).output;
  const install = (wanted: string, variables: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    sh(installLine(V1, wanted, key, variables), 240);
  /** What the unit has told since then, in seconds of the epoch. */
  const told = async (since: number): Promise<string> =>
    (await sh(`journalctl -u imds-probe --no-pager -o cat --since @${since}`)).output;
  const heartbeats = async (): Promise<readonly number[]> =>
    (await guest.received()).metrics
      .filter(({ name }) => name === 'Heartbeat')
      .map(({ timestamp }) => timestamp);
  /** Waits until CloudWatch has accepted a heartbeat that is younger than now. */
  const publishes = async (): Promise<void> => {
    const now = Math.floor(Date.now() / 1000);
    await until('a new heartbeat arrives', 60, async () => (await heartbeats()).some((time) => time > now));
  };

  /** Waits for a cycle that began after `time`, in seconds of the epoch; answers when it did. */
  const cycleAfter = (time: number): Promise<number> =>
    until('another cycle', 60, async () => {
      const { code, output } = await sh('cat /run/imds-probe/status.json');
      if (code !== 0) return null;
      const checkedAt = Date.parse((JSON.parse(output) as { checkedAt: string }).checkedAt) / 1000;
      return checkedAt > time ? Math.floor(checkedAt) : null;
    });

  beforeAll(async () => {
    guest = new Guest();
    for (const version of [V1, V2, TAMPERED])
      release(guest.files, version, buildOne(packages, version, 'deb'), key);
    release(guest.files, HANGS, buildOne(packages, HANGS, 'deb', HANGING), key);
    await guest.prepare();
    // Quicker than it ships, so that the test sees it act; and the authority that vouches for this CloudWatch.
    const quick = 'WatchdogSec=10\nTimeoutAbortSec=1\nRestartSec=1\nTimeoutStartSec=20';
    guest.write(DROP_IN, `[Service]\nEnvironment=NODE_EXTRA_CA_CERTS=${KNOWN_CA}\n${quick}\n`);
    const { IMDS_PROBE_FLEET: _, ...settings } = SETTINGS;
    log = await guest.boot(cloudConfig(guest.files, V1, key, { ...settings, NODE_EXTRA_CA_CERTS: KNOWN_CA }));
  }, 400_000);

  // What one test leaves behind must not fail the next ones.
  afterEach(async () => {
    await guest.change({ cloudwatch: { refused: false } });
    const ours = ['vpc-endpoints.conf', 'all-processes.conf'].map(
      (name) => `${path.dirname(DROP_IN)}/${name}`,
    );
    await sh(
      `ls ${ours.join(' ')} 2>/dev/null | grep -q . || exit 0; rm -f ${ours.join(' ')}; systemctl daemon-reload; systemctl restart imds-probe`,
    );
  });

  afterAll(async () => {
    await guest?.close();
    rmSync(packages, { recursive: true, force: true });
  }, 60_000);

  it('has it installed, enabled and ready after its first boot, with a diagnosis in cloud-init’s log', async () => {
    expect(log).toContain('status: done');
    expect(log).toContain(`imds-probe_${V1}_amd64.deb: signature and hash are right`);
    expect(log).toContain(`${V1} is ready`);
    expect(log).toMatch(/^OK {2}The role's credentials are good for/m);
    expect((await sh('systemctl is-active imds-probe; systemctl is-enabled imds-probe')).output).toBe(
      'active\nenabled',
    );
    expect(await property('StatusText')).not.toBe('');
    expect((await sh('systemctl --failed --no-legend')).output).toBe('');
  });

  it('starts fast for everybody from the first run on: the installation has compiled it', async () => {
    const cache = '/usr/libexec/imds-probe/cache';
    expect((await sh(`ls ${cache}`)).output).toContain('main.cjs');
    // Who writes there decides what everybody runs.
    expect((await sh(`find ${cache} -perm /022 -o -not -user root`)).output).toBe('');
    await sh("useradd -m stranger && su -s /bin/sh -c 'imds-probe check --simulate healthy' stranger");
    expect((await sh('ls -A /home/stranger/.cache')).code).not.toBe(0);
  });

  it('runs it in its sandbox, and nothing of that is in its way', async () => {
    const pid = await property('MainPID');
    const status = (await sh(`cat /proc/${pid}/status`)).output;
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const user = (await sh('id -u imds-probe')).output;
    expect(field('Uid').split('\t')).toEqual([user, user, user, user]);
    expect({ caps: field('CapEff'), noNewPrivs: field('NoNewPrivs'), seccomp: field('Seccomp') }).toEqual({
      caps: '0000000000000000',
      noNewPrivs: '1',
      seccomp: '2',
    });
    console.log(`the agent has taken ${field('VmHWM')} at most, ${field('VmRSS')} now`);
    // Half of what the unit allows.
    expect(Number.parseInt(field('VmHWM'), 10)).toBeLessThan(128 * 1024);
    const mounts = (await sh(`cat /proc/${pid}/mounts`)).output;
    expect(mounts).toMatch(/^\S+ \/ \S+ ro,/m);
    expect(mounts).toMatch(/^\S+ \/var\/lib\/imds-probe \S+ rw,/m);
    expect((await sh('journalctl -u imds-probe -p warning --no-pager -o cat')).output).toBe('');
  });

  it('publishes, signed by the instance’s role, over TLS', async () => {
    await publishes();
    const { metrics } = await guest.received();
    expect(new Set(metrics.map(({ dimensions }) => dimensions['Fleet']))).toEqual(new Set(['web']));
    expect(metrics.filter(({ name }) => name === 'CredentialExpiryMargin').length).toBeGreaterThan(0);
  });

  it('shows its state to everybody, and its history to its group only', async () => {
    expect(JSON.parse((await sh('cat /run/imds-probe/status.json')).output)).toMatchObject({ status: 'ok' });
    await sh('useradd -m member && usermod -aG imds-probe member');
    const asUser = (name: string): Promise<Ran> =>
      sh(`su -s /bin/sh -c 'cat /run/imds-probe/status.json >/dev/null && imds-probe history' ${name}`);
    expect((await asUser('member')).code).toBe(0);
    expect((await asUser('stranger')).code).not.toBe(0);
    expect((await sh('stat -c "%a %U %G" /var/lib/imds-probe')).output).toBe('750 imds-probe imds-probe');
  });

  it('starts a stalled agent anew', async () => {
    const pid = await property('MainPID');
    await sh(`kill -STOP ${pid}`);
    await until('the watchdog acts', 60, async () => !['0', pid].includes(await property('MainPID')));
    expect((await sh('journalctl -u imds-probe --no-pager -o cat')).output).toMatch(/Watchdog timeout/);
    await until('it is ready again', 60, async () => (await property('SubState')) === 'running');
    await publishes();
  }, 200_000);

  it('takes a changed setting on reload, in the same process', async () => {
    const pid = await property('MainPID');
    await sh("sed -i 's/web/other/' /etc/imds-probe/config.yaml");
    expect((await sh('systemctl reload imds-probe')).code).toBe(0);
    await until('metrics of the other fleet', 60, async () =>
      (await guest.received()).metrics.some(({ dimensions }) => dimensions['Fleet'] === 'other'),
    );
    expect(await property('MainPID')).toBe(pid);
    await sh("sed -i 's/other/web/' /etc/imds-probe/config.yaml && systemctl reload imds-probe");
  }, 120_000);

  it('keeps what CloudWatch did not take over a reboot, and delivers it then', async () => {
    await guest.change({ cloudwatch: { refused: true } });
    const away = Math.floor(Date.now() / 1000);
    await until('a delivery fails', 60, async () => (await told(away)).includes('publish-failed'));
    const kept = await cycleAfter(Math.floor(Date.now() / 1000));
    // By the time of the next cycle the one before is on the disk.
    await cycleAfter(kept);
    await guest.reboot();
    expect((await sh('systemctl is-active imds-probe')).output).toBe('active');
    await guest.change({ cloudwatch: { refused: false } });
    await publishes();
    // A second to either side: beats are stamped with true time.
    await until('what was measured before the reboot arrives', 60, async () =>
      (await heartbeats()).some((time) => Math.abs(time - kept) <= 1),
    );
  }, 300_000);

  it('has nothing to do when it is installed once more', async () => {
    const pid = await property('MainPID');
    const ran = await install(V1);
    expect(ran.output).toContain(`${V1} is here and runs; nothing to do`);
    expect(await property('MainPID')).toBe(pid);
  });

  it.each([
    [
      'another key',
      V2,
      () => ({ INSTALL_PUBLIC_KEY: signingKey().publicLine }),
      'the signature of SHA256SUMS is not by',
    ],
    ['a package that is not the signed one', TAMPERED, () => ({}), 'is not the file that was signed'],
    ['a version that is not there', '9.9.9', () => ({}), '9.9.9 could not be had; nothing was changed'],
  ] as const)('refuses %s before it touches anything', async (_, wanted, variables, said) => {
    if (wanted === TAMPERED) {
      const file = path.join(guest.files, TAMPERED, `imds-probe_${TAMPERED}_amd64.deb`);
      const bytes = readFileSync(file);
      bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    }
    const pid = await property('MainPID');
    const ran = await install(wanted, variables());
    expect(ran).toMatchObject({ code: 1, output: expect.stringContaining(said) });
    expect(await version()).toBe(V1);
    expect(await property('MainPID')).toBe(pid);
  });

  it('refuses a wrong setting, and keeps the ones before', async () => {
    const before = (await sh('cat /etc/imds-probe/config.yaml')).output;
    const ran = await install(V1, { IMDS_PROBE_INTERVAL: 'often' });
    expect(ran).toMatchObject({ code: 64, output: expect.stringContaining('interval') });
    expect((await sh('cat /etc/imds-probe/config.yaml')).output).toBe(before);
    expect((await sh('systemctl is-active imds-probe')).output).toBe('active');
  });

  it('goes back to the settings before when it does not become ready with new ones', async () => {
    const before = (await sh('cat /etc/imds-probe/config.yaml')).output;
    const listen = "import socket, time; s = socket.create_server(('127.0.0.1', 8099)); time.sleep(1000)";
    await sh(`systemd-run -q --unit=silent python3 -c "${listen}"`);
    const silent = { ENDPOINT: 'http://127.0.0.1:8099', TIMEOUT: '100', ATTEMPTS: '1', DEADLINE: '100' };
    const variables = Object.entries(silent).map(([name, value]) => [`IMDS_PROBE_${name}`, value]);
    const ran = await install(V1, Object.fromEntries(variables));
    expect(ran).toMatchObject({ code: 3, output: expect.stringContaining(`${V1} runs again`) });
    expect((await sh('cat /etc/imds-probe/config.yaml')).output).toBe(before);
    expect((await sh('systemctl is-active imds-probe')).output).toBe('active');
  }, 120_000);

  it('writes settings as they were said, whatever is in them', async () => {
    const odd = 'a "b" \\ $HOME `id` #c: d';
    const ran = await install(V1, { ...SETTINGS, IMDS_PROBE_PROFILE: odd });
    expect(ran.output).toContain(`${V1} is ready`);
    const shown = JSON.parse((await sh('imds-probe check --show-config --json')).output) as {
      settings: { name: string; value: unknown }[];
    };
    expect(shown.settings.find(({ name }) => name === 'profile')?.value).toBe(odd);
    await install(V1, SETTINGS);
  });

  it('upgrades in place from S3 over a VPC endpoint, with its history and settings', async () => {
    const config = (await sh('cat /etc/imds-probe/config.yaml')).output;
    // No AWS CLI here: HTTPS, with the Region from the metadata service.
    const ran = await install(V2, { INSTALL_FROM: 's3://example-bucket', CURL_CA_BUNDLE: KNOWN_CA });
    expect(ran).toMatchObject({
      code: 0,
      output: expect.stringContaining(`installed ${V2} in place of ${V1}`),
    });
    expect(await version()).toBe(V2);
    expect((await sh('cat /etc/imds-probe/config.yaml')).output).toBe(config);
    expect((await sh('systemctl is-active imds-probe')).output).toBe('active');
    await publishes();
  }, 120_000);

  it('goes back to the version before when the new one does not become ready', async () => {
    const ran = await install(HANGS);
    expect(ran).toMatchObject({ code: 3, output: expect.stringContaining(`${V2} runs again`) });
    expect(await version()).toBe(V2);
    expect((await sh('systemctl is-active imds-probe')).output).toBe('active');
    await publishes();
  }, 300_000);

  it('enforces the address list of the drop-in for VPC endpoints', async () => {
    const dropIn = path.resolve(import.meta.dirname, '../../deploy/systemd/drop-ins/vpc-endpoints.conf');
    const place = `${path.dirname(DROP_IN)}/vpc-endpoints.conf`;
    const restarted = async (subnet: string): Promise<void> => {
      guest.write(place, readFileSync(dropIn, 'utf8').replace('10.0.0.0/16', subnet));
      await sh('systemctl daemon-reload && systemctl restart imds-probe');
    };
    const since = Math.floor(Date.now() / 1000);
    await restarted('10.98.0.0/16');
    await until('CloudWatch is out of reach', 60, async () => (await told(since)).includes('publish-failed'));
    // What the list allows is as it was.
    expect(JSON.parse((await sh('cat /run/imds-probe/status.json')).output)).not.toMatchObject({
      status: 'critical',
    });
    await restarted('10.99.0.0/16');
    await publishes();
  }, 200_000);

  it('sees expired credentials inside a service of another user with the drop-in, and only with it', async () => {
    const dropIn = path.resolve(import.meta.dirname, '../../deploy/systemd/drop-ins/all-processes.conf');
    const place = `${path.dirname(DROP_IN)}/all-processes.conf`;
    const since = Math.floor(Date.now() / 1000);
    const expired = ['ACCESS_KEY_ID=ASIAEXAMPLE000000000', 'SECRET_ACCESS_KEY=x', 'SESSION_TOKEN=x'];
    const environment = [...expired, 'CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z'].map(
      (pair) => `-E AWS_${pair}`,
    );
    await sh(`systemd-run -q --unit=old --uid=stranger ${environment.join(' ')} sleep 1000`);
    await sh('systemctl restart imds-probe');
    await publishes();
    expect(await told(since)).not.toContain('env-credentials-expired');
    guest.write(place, readFileSync(dropIn, 'utf8'));
    await sh('systemctl daemon-reload && systemctl restart imds-probe');
    const found = await until('it is found', 60, async () => {
      const line = (await told(since)).split('\n').find((one) => one.includes('env-credentials-expired'));
      return line ?? null;
    });
    expect(found).toMatch(/\d+ sleep/);
    expect(found).not.toContain('ASIAEXAMPLE000000000');
    await sh('systemctl stop old');
  }, 120_000);

  it('is removed without a trace', async () => {
    const ran = await sh('sh /run/install.sh uninstall');
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('removed') });
    const found = await sh(
      "find / -xdev -name '*imds-probe*' -not -path '/proc/*' -not -path '/home/*' -not -name imds-probe-test-ca.pem | sort",
    );
    expect(found.output).toBe('');
    expect(
      (await sh('getent passwd imds-probe; getent group imds-probe; systemctl cat imds-probe')).output,
    ).toBe('No files found for imds-probe.service.');
  });
});
