// The rpm on a booted system: install.sh as on Amazon Linux 2023, with rpm itself; underneath it is Debian, whose
// libraries an empty package makes known to rpm.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingBase, missingCommands, type Ran, run, skipWithout } from './boot/base.ts';
import { Guest } from './boot/guest.ts';
import { installLine, SOURCE } from './boot/install.ts';
import { buildOne, HANGING, release, signingKey } from './boot/releases.ts';

const missing = [missingBase() ?? [], missingCommands(['systemd-nspawn', 'ip', 'rpmbuild', 'rpm'])].flat();
const skipped = skipWithout(missing, 'the rpm on a booted system');

const V1 = '0.1.0';
const V2 = '0.2.0';
const HANGS = '0.3.0';

/** An empty package that provides what `rpm` requires, and so stands for the glibc and systemd that are there. */
function standIn(folder: string, rpm: string): string {
  const needs = run('rpm', ['-qp', '--requires', rpm]).output.split('\n');
  const provides = needs
    .filter((need) => !/^(rpmlib|config)\(/.test(need))
    .map((need) => `Provides: ${need}`);
  const head = 'Name: base\nVersion: 1\nRelease: 1\nSummary: What is there\nLicense: MIT\nBuildArch: noarch';
  writeFileSync(path.join(folder, 'base.spec'), `${head}\n${provides.join('\n')}\n%description\n%files\n`);
  execFileSync(
    'rpmbuild',
    ['-bb', '--quiet', '--define', `_topdir ${folder}/build`, path.join(folder, 'base.spec')],
    {
      stdio: 'ignore',
    },
  );
  return path.join(folder, 'build/RPMS/noarch/base-1-1.noarch.rpm');
}

describe.skipIf(skipped)('a booted system with rpm', () => {
  const key = signingKey();
  const packages = mkdtempSync(path.join(tmpdir(), 'imds-probe-rpms-'));
  let guest: Guest;

  const sh = (line: string, seconds?: number): Promise<Ran> => guest.run(line, seconds);
  const install = (wanted: string): Promise<Ran> =>
    sh(installLine(V1, wanted, key, { IMDS_PROBE_FLEET: 'web', IMDS_PROBE_DEADLINE: '2' }), 240);
  const installed = async (): Promise<string> => (await sh("rpm -q --qf '%{VERSION}' imds-probe")).output;
  const active = async (): Promise<string> => (await sh('systemctl is-active imds-probe')).output;

  beforeAll(async () => {
    guest = new Guest();
    const first = buildOne(packages, V1, 'rpm');
    release(guest.files, V1, first, key);
    release(guest.files, V2, buildOne(packages, V2, 'rpm'), key);
    release(guest.files, HANGS, buildOne(packages, HANGS, 'rpm', HANGING), key);
    copyFileSync(standIn(packages, first), path.join(guest.files, 'base.rpm'));
    await guest.prepare();
    guest.write('/usr/lib/os-release', 'ID="amzn"\nVERSION_ID="2023"\nID_LIKE="fedora"\n');
    guest.write('/etc/rpm/macros', '%_dbpath /var/lib/rpm\n');
    guest.write(
      '/etc/systemd/system/imds-probe.service.d/test.conf',
      '[Service]\nTimeoutStartSec=20\nRestartSec=1\n',
    );
    await guest.boot('#cloud-config\n{}\n');
  }, 400_000);

  afterAll(async () => {
    await guest?.close();
    rmSync(packages, { recursive: true, force: true });
  }, 60_000);

  it('refuses it while a library is missing, by the requirements of the package', async () => {
    const ran = await install(V1);
    expect(ran).toMatchObject({ code: 1, output: expect.stringContaining('libstdc++.so.6') });
    expect((await sh('rpm -q imds-probe')).code).not.toBe(0);
    expect(
      await sh(
        `curl -fsS -o /run/base.rpm ${SOURCE}/base.rpm && rpm -U --quiet --force-debian /run/base.rpm`,
      ),
    ).toEqual({
      code: 0,
      output: '',
    });
  }, 120_000);

  it('installs it, and once more changes nothing', async () => {
    const ran = await install(V1);
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining(`${V1} is ready`) });
    expect(await installed()).toBe(V1);
    expect(await active()).toBe('active');
    expect((await sh('rpm -V --noconfig imds-probe')).output).toBe('');
    expect((await install(V1)).output).toContain('nothing to do');
  }, 120_000);

  it('upgrades, goes back when the new one does not become ready, and goes back when told to', async () => {
    expect(await install(V2)).toMatchObject({ code: 0, output: expect.stringContaining(`${V2} is ready`) });
    // What the new version compiled outlives the old one's last script.
    expect((await sh('ls /usr/libexec/imds-probe/cache')).output).toContain('main.cjs');
    expect(await install(HANGS)).toMatchObject({
      code: 3,
      output: expect.stringContaining(`${V2} runs again`),
    });
    expect(await installed()).toBe(V2);
    expect(await install(V1)).toMatchObject({ code: 0, output: expect.stringContaining(`${V1} is ready`) });
    expect([await installed(), await active()]).toEqual([V1, 'active']);
    expect((await sh('cat /etc/imds-probe/config.yaml')).output).toContain('fleet: "web"');
  }, 300_000);

  it('is removed without a trace', async () => {
    expect(await sh('sh /run/install.sh uninstall')).toMatchObject({ code: 0 });
    const found = await sh(
      "find / -xdev -name '*imds-probe*' -not -path '/proc/*' -not -name imds-probe-test-ca.pem",
    );
    expect(found.output).toBe('');
    expect((await sh('getent passwd imds-probe; getent group imds-probe')).output).toBe('');
  });
});
