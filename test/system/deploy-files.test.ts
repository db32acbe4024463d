// Scripts, manual page, unit and user data, judged by those who will read them: shellcheck, dash, mandoc, systemd, cloud-init.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { manPage } from '../../.ci/package/man.ts';
import { missingBase, missingCommands, openLayer, run, skipWithout } from './boot/base.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DEPLOY = path.join(ROOT, 'deploy');
const clean = { code: 0, output: '' };

const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-files-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.skipIf(skipWithout(missingCommands(['shellcheck', 'dash', 'mandoc', 'systemd-analyze']), 'deploy/'))(
  'deploy/',
  () => {
    const scripts = [
      ...['launcher.sh', 'postinst', 'prerm', 'postrm'].map((name) => path.join(DEPLOY, 'packages', name)),
      path.join(DEPLOY, 'user-data/install.sh'),
      ...readdirSync(path.join(DEPLOY, 'ssm/distributor')).map((name) =>
        path.join(DEPLOY, 'ssm/distributor', name),
      ),
      ...['boot.sh', 'packaging.sh'].map((name) => path.join(ROOT, '.ci/peers', name)),
    ];

    it.each(scripts)('%s is clean for shellcheck, and dash reads it', (script) => {
      expect(run('shellcheck', ['-s', 'sh', script])).toEqual(clean);
      expect(run('dash', ['-n', script])).toEqual(clean);
    });

    it('the manual page is clean for mandoc', () => {
      const page = path.join(work, 'imds-probe.1');
      writeFileSync(page, manPage('1.2.3', '2020-01-01'));
      expect(run('mandoc', ['-T', 'lint', '-W', 'warning', page])).toEqual(clean);
    });

    it.each([
      ['as shipped', [], 15],
      ['with `all-processes.conf`', ['all-processes.conf'], 25],
      ['with `vpc-endpoints.conf`', ['vpc-endpoints.conf'], 15],
    ] as const)(
      'systemd rates the exposure of the unit, %s, low enough, and as README says',
      (name, dropIns, threshold) => {
        const unit = path.join(work, name, 'imds-probe.service');
        mkdirSync(`${unit}.d`, { recursive: true });
        writeFileSync(unit, readFileSync(path.join(DEPLOY, 'systemd/imds-probe.service')));
        for (const dropIn of dropIns)
          writeFileSync(
            path.join(`${unit}.d`, dropIn),
            readFileSync(path.join(DEPLOY, 'systemd/drop-ins', dropIn)),
          );
        const ran = run('systemd-analyze', [
          'security',
          '--offline=yes',
          `--threshold=${threshold}`,
          '--no-pager',
          unit,
        ]);
        expect(ran.code).toBe(0);
        // Other versions weigh a little differently.
        if (!run('systemd-analyze', ['--version']).output.startsWith('systemd 252 ')) return;
        const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(ran.output) ?? [];
        expect(readFileSync(path.join(DEPLOY, 'README.md'), 'utf8')).toContain(`| ${name} | ${level} |`);
      },
    );
  },
);

// Says what kind each part is, and leaves the parts as files.
const PARTS = `
from cloudinit import helpers, user_data
message = user_data.UserDataProcessor(helpers.Paths({})).process(open('/multipart.txt').read())
for part in message.walk():
    if part.get_filename():
        print(part.get_content_type(), part.get_filename())
        open('/' + part.get_filename(), 'w').write(part.get_payload())
`;

describe.skipIf(skipWithout([missingBase() ?? []].flat(), 'the user data'))('cloud-init', () => {
  it('takes both examples', () => {
    const { root, close } = openLayer();
    try {
      for (const name of ['cloud-config.yaml', 'multipart.txt'])
        writeFileSync(path.join(root, name), readFileSync(path.join(DEPLOY, 'user-data', name)));
      const schema = () =>
        run('chroot', [root, 'cloud-init', 'schema', '--config-file', '/cloud-config.yaml']).output;
      expect(schema()).toContain('Valid cloud-config');
      // The part of the message takes the first file's place.
      expect(run('chroot', [root, 'python3', '-c', PARTS])).toEqual({
        code: 0,
        output: 'text/cloud-config cloud-config.yaml\ntext/x-shellscript imds-probe.sh',
      });
      expect(readFileSync(path.join(root, 'cloud-config.yaml'), 'utf8')).toContain('package_update');
      expect(schema()).toContain('Valid cloud-config');
      expect(run('shellcheck', ['-s', 'sh', path.join(root, 'imds-probe.sh')])).toEqual(clean);
    } finally {
      close();
    }
  });
});
