// The packages as they are released: built twice alike, judged by the worlds' own tools, installed, and run on both architectures.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingBase, missingCommands, openLayer, type Ran, run, skipWithout } from './boot/base.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** The Python that has CycloneDX's library, from .ci/peers/packaging.sh. */
const CYCLONEDX = '/opt/imds-probe-peers/packaging/python/bin/python';
const TOOLS = [
  ...['dpkg-deb', 'rpmbuild', 'rpm', 'lintian', 'rpmlint', 'openssl', 'qemu-aarch64-static'],
  CYCLONEDX,
];
const skipped = skipWithout(
  [missingBase() ?? [], missingCommands(TOOLS)].flat(),
  'what npm run package makes',
);

/** As container engines set it. */
const CONTAINER_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-packages-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const out = path.join(work, 'packages');
const key = path.join(work, 'key.pem');
/** As small as they are released takes minutes, and nothing here depends on it: IMDS_PROBE_TEST_SMALL=true does it. */
const quick = process.env['IMDS_PROBE_TEST_SMALL'] === 'true' ? [] : ['--quick'];

/** Builds the program and packs it, as `npm run package` does; answers what the packing said. */
function build(folder: string, env: Readonly<Record<string, string>> = {}): string {
  const dist = `${folder}-dist`;
  const script = (name: string, ...args: readonly string[]): string => {
    const ran = run(process.execPath, [path.join(ROOT, '.ci', name), ...args], { env });
    if (ran.code !== 0) throw new Error(ran.output);
    return ran.output;
  };
  script('build.ts', '--out', dist);
  return script('package.ts', '--out', folder, '--dist', dist, '--key', key, '--distributor', ...quick);
}

/** The file of the release whose name matches. */
function file(pattern: RegExp): string {
  const name = readdirSync(out).find((one) => pattern.test(one));
  if (name === undefined) throw new Error(`no ${pattern} in ${readdirSync(out).join(' ')}`);
  return path.join(out, name);
}

function unpack(tarball: string, name: string): string {
  const place = path.join(work, name);
  mkdirSync(place);
  run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
  return place;
}

describe.skipIf(skipped)('the packages', () => {
  beforeAll(() => {
    run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
    console.log(build(out));
  }, 900_000);

  it('are six, with a bill of materials for each architecture, and SHA256SUMS has every one', () => {
    const kinds = readdirSync(out).map((name) => name.replace(/\d+\.\d+\.\d+/, 'V'));
    expect(kinds.sort()).toEqual([
      'SHA256SUMS',
      'SHA256SUMS.sig',
      'distributor',
      'imds-probe-V-1.aarch64.rpm',
      'imds-probe-V-1.x86_64.rpm',
      'imds-probe-V-linux-amd64.sbom.cdx.json',
      'imds-probe-V-linux-amd64.tar.gz',
      'imds-probe-V-linux-arm64.sbom.cdx.json',
      'imds-probe-V-linux-arm64.tar.gz',
      'imds-probe_V_amd64.deb',
      'imds-probe_V_arm64.deb',
      'install.sh',
    ]);
    const check = `cd "${out}" && sha256sum -c --quiet SHA256SUMS && wc -l <SHA256SUMS`;
    expect(run('sh', ['-c', check])).toEqual({ code: 0, output: '9' });
  });

  it('are signed for openssl, and a changed byte is told', () => {
    const pub = path.join(work, 'key.pub');
    run('openssl', ['pkey', '-in', key, '-pubout', '-out', pub]);
    const signed = ['-pubin', '-inkey', pub, '-rawin', '-sigfile', file(/[.]sig$/)];
    const verify = (sums: string): number | null =>
      run('openssl', ['pkeyutl', '-verify', ...signed, '-in', sums]).code;
    expect(verify(file(/SUMS$/))).toBe(0);
    const changed = path.join(work, 'SHA256SUMS');
    writeFileSync(
      changed,
      readFileSync(file(/SUMS$/), 'utf8').replace(/^./, (char) => (char === '0' ? '1' : '0')),
    );
    expect(verify(changed)).not.toBe(0);
  });

  it('are the same bytes when built again, elsewhere, in another zone, by another locale and umask', () => {
    const place = path.join(work, 'elsewhere');
    mkdirSync(place);
    const env = { TZ: 'Pacific/Auckland', LC_ALL: 'C', LANG: 'de_DE.UTF-8', TMPDIR: place };
    const before = process.umask(0o077);
    try {
      build(path.join(work, 'again'), env);
    } finally {
      process.umask(before);
    }
    const same = run('diff', ['-rq', out, path.join(work, 'again')]);
    expect(same).toEqual({ code: 0, output: '' });
  }, 900_000);

  it('have bills of materials that CycloneDX’s own library finds valid, the same inside and beside', () => {
    const validate =
      'import sys; from cyclonedx.schema import SchemaVersion; from cyclonedx.validation.json import JsonStrictValidator; ' +
      'print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))';
    const bills = [file(/amd64[.]sbom/), file(/arm64[.]sbom/)].map((name) => readFileSync(name, 'utf8'));
    const valid = (input: string): Ran => run(CYCLONEDX, ['-c', validate], { input });
    for (const bill of bills) expect(valid(bill)).toEqual({ code: 0, output: 'None' });
    expect(valid((bills[0] ?? '').replace('"type": "library"', '"type": "novel"')).output).toContain('novel');
    const inside = run('sh', ['-c', `tar -xzOf '${file(/amd64[.]tar/)}' --wildcards '*/sbom.cdx.json'`]);
    expect(inside.output).toBe(bills[0]?.trim());
  });

  it('for Distributor are zips that others read', () => {
    const zips = readdirSync(path.join(out, 'distributor')).filter((name) => name.endsWith('.zip'));
    expect(zips).toHaveLength(4);
    const test =
      'import sys, zipfile; sys.exit(any(zipfile.ZipFile(name).testzip() for name in sys.argv[1:]))';
    const files = zips.map((name) => path.join(out, 'distributor', name));
    expect(run('python3', ['-c', test, ...files])).toEqual({ code: 0, output: '' });
  });

  it('are clean for lintian', () => {
    const debs = [file(/amd64[.]deb$/), file(/arm64[.]deb$/)];
    const ran = run('lintian', [
      '--allow-root',
      '--fail-on',
      'error,warning',
      '--tag-display-limit',
      '0',
      ...debs,
    ]);
    const told = ran.output.split('\n').filter((line) => /^[EW]:/.test(line));
    expect({ code: ran.code, told }).toEqual({ code: 0, told: [] });
  }, 300_000);

  it('are clean for rpmlint', () => {
    const config = path.join(ROOT, 'deploy/packages/rpmlint.toml');
    const ran = run('rpmlint', ['-c', config, file(/x86_64[.]rpm$/), file(/aarch64[.]rpm$/)]);
    expect(ran.output).toContain('0 errors, 0 warnings');
  }, 120_000);

  it('hold root’s files only, all of one time, that anybody may read and only root may write', () => {
    const list = `dpkg-deb --fsys-tarfile '${file(/amd64[.]deb$/)}' | tar -tvf - --numeric-owner --full-time`;
    const listed = run('sh', ['-c', list]).output.split('\n');
    expect(listed.filter((line) => !/^([d-]rwxr-xr-x|-rw-r--r--) 0\/0 /.test(line))).toEqual([]);
    expect(new Set(listed.map((line) => line.split(/\s+/).slice(3, 5).join(' '))).size).toBe(1);
  });

  it('run on the other architecture, emulated', () => {
    const home = path.join(unpack(file(/arm64[.]tar[.]gz$/), 'arm64'), 'libexec/imds-probe');
    expect(run('readelf', ['-h', path.join(home, 'node')]).output).toContain('AArch64');
    const program = [path.join(home, 'node'), path.join(home, 'imds-probe.mjs')];
    const args = ['-L', '/usr/aarch64-linux-gnu', ...program, 'check', '--json', '--simulate', 'expired'];
    const ran = run('qemu-aarch64-static', args, { env: { NODE_DISABLE_COMPILE_CACHE: '1' } });
    expect(ran.code).toBe(2);
    expect(ran.output).toContain('"role-credentials-expired"');
  }, 180_000);

  it('as a tarball run from wherever it was unpacked, through a link, with a shell’s options for other programs', () => {
    const link = path.join(work, 'link');
    symlinkSync(path.join(unpack(file(/amd64[.]tar[.]gz$/), 'a place with blanks'), 'bin/imds-probe'), link);
    const env = { HOME: '/nonexistent', NODE_OPTIONS: '--require /nonexistent.js' };
    const ran = run(link, ['check', '--simulate', 'expired'], { env });
    expect(ran.code).toBe(2);
    expect(ran.output).toContain('role-credentials-expired');
  });

  it('as an image, by the steps of the recipe and as its user, find the runtime and a folder to write to', () => {
    const { root, close } = openLayer();
    try {
      const recipe = readFileSync(path.join(ROOT, 'deploy/packages/Containerfile'), 'utf8').replace(
        /\\\n/g,
        ' ',
      );
      const [, steps = ''] = /^RUN (.*)$/m.exec(recipe) ?? [];
      const [, user = ''] = /^USER (.*)$/m.exec(recipe) ?? [];
      const [, home = ''] = /^ENV HOME=(.*)$/m.exec(recipe) ?? [];
      const tarball = file(/amd64[.]tar[.]gz$/);
      const [, VERSION = ''] = /-(\d+[.]\d+[.]\d+)-/.exec(tarball) ?? [];
      expect(run('tar', ['-xzf', tarball, '-C', path.join(root, 'opt')]).code).toBe(0);
      const built = run('chroot', [root, 'sh', '-ec', steps], { env: { VERSION, TARGETARCH: 'amd64' } });
      expect(built).toEqual({ code: 0, output: '' });
      const inside = (...args: readonly string[]): Ran =>
        run('chroot', [`--userspec=${user}`, root, 'env', '-i', CONTAINER_PATH, `HOME=${home}`, ...args]);
      expect(inside('imds-probe', 'check', '--simulate', 'expired').code).toBe(2);
      expect(inside('touch', path.join(home, 'recorder.db'))).toEqual({ code: 0, output: '' });
    } finally {
      close();
    }
  }, 60_000);

  it('as an rpm install, upgrade without touching the settings, and go', () => {
    const { root, close } = openLayer();
    try {
      const ours = (): string =>
        run('sh', ['-c', `cd '${root}' && find . -xdev -path '*imds-probe*' | sort`]).output;
      // The base is Debian: its libraries are there, but rpm has not heard of them.
      const rpm = (...args: readonly string[]): Ran =>
        run('rpm', ['--root', root, '--nodeps', '--force-debian', ...args]);
      const done: Ran = { code: 0, output: '' };
      expect(ours()).toBe('');
      // systemd-sysusers says whom it made.
      expect(rpm('-U', file(/x86_64[.]rpm$/)).code).toBe(0);
      expect(rpm('-V', 'imds-probe')).toEqual(done);
      expect(run('chroot', [root, 'getent', 'passwd', 'imds-probe']).output).toMatch(
        /^imds-probe:.*:\/usr\/sbin\/nologin$/,
      );
      expect(run('chroot', [root, 'imds-probe', 'check', '--simulate', 'expired']).code).toBe(2);
      const config = path.join(root, 'etc/imds-probe/config.yaml');
      writeFileSync(config, 'fleet: web\n');
      expect(rpm('-U', '--replacepkgs', file(/x86_64[.]rpm$/))).toEqual(done);
      expect(readFileSync(config, 'utf8')).toBe('fleet: web\n');
      expect(rpm('-e', 'imds-probe').code).toBe(0);
      // What the administrator wrote stays, under rpm's name for it.
      expect(ours().split('\n')).toEqual(['./etc/imds-probe', './etc/imds-probe/config.yaml.rpmsave']);
    } finally {
      close();
    }
  }, 180_000);
});
