// deploy/README.md: its links lead somewhere, its example is the shipped one, and what its commands name exists.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { isSettingName } from '../../src/config/settings.ts';
import { objectAt, readTemplate } from '../support/cloudformation.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DEPLOY = path.join(ROOT, 'deploy');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const readme = read('deploy/README.md');
const installer = read('deploy/user-data/install.sh');

/** What stands in code blocks, long lines joined. */
const commands = [...readme.matchAll(/^```sh\n(.*?)^```/gms)]
  .map((match) => match[1] ?? '')
  .join('\n')
  .replaceAll('\\\n', ' ')
  .split('\n');

/** Flags that are no settings (src/cli). */
const FLAGS = ['config', 'show-config', 'simulate', 'json', 'verbose', 'once', 'error', 'help', 'version'];

describe('deploy/README.md', () => {
  it('links to what exists', () => {
    const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(20);
    const leads = (link: string): boolean =>
      link.startsWith('#') ? anchors.includes(link) : existsSync(path.join(DEPLOY, link));
    expect(links.filter((link) => !leads(link))).toEqual([]);
  });

  it('shows the cloud-config that is shipped', () => {
    const [, shown = ''] = /^```yaml\n(.*?)^```/ms.exec(readme) ?? [];
    const shipped = read('deploy/user-data/cloud-config.yaml').replace(/^# .*\n/gm, '');
    expect(shown).toBe(shipped);
  });

  it('names every variable of install.sh, and what install.sh says', () => {
    const variables = new Set(installer.match(/\bINSTALL_[A-Z_]+/g));
    expect([...variables].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
    const trouble = readme.slice(readme.indexOf('## Troubleshooting'), readme.indexOf('## Which fault'));
    const said = [...trouble.matchAll(/^\| `(?:… )?([^`…]+)/gm)].map((match) => match[1]?.trim() ?? '');
    const known = said.filter((text) => !CHECKS.some(({ id }) => id === text) && text !== 'history');
    expect(known.length).toBeGreaterThan(3);
    expect(known.filter((text) => !installer.includes(text))).toEqual([]);
  });

  it('gives imds-probe options that it has', () => {
    const words = readme.matchAll(
      /(?:^|`|sudo )imds-probe (?:check |agent |history )?--([a-z-]+)|`--([a-z-]+)/gm,
    );
    const flags = [...words].map((match) => match[1] ?? match[2] ?? '');
    expect(flags.length).toBeGreaterThan(6);
    expect(flags.filter((name) => !isSettingName(name) && !FLAGS.includes(name))).toEqual([]);
  });

  it('gives the templates parameters that they have', () => {
    const deployed = commands.filter((line) => line.includes('cloudformation deploy'));
    expect(deployed.length).toBeGreaterThanOrEqual(4);
    for (const line of deployed) {
      const [, file = ''] = /--template-file (\S+)/.exec(line) ?? [];
      const given = Object.fromEntries(
        [...line.matchAll(/ ([A-Z]\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
      );
      // Throws where one is missing that has no default.
      const known = objectAt(readTemplate(path.join(ROOT, file), given).raw, 'Parameters');
      expect(
        Object.keys(given).filter((name) => !(name in known)),
        file,
      ).toEqual([]);
    }
  });

  it('names files of the repository and of the package that are there', () => {
    const inRepository = [...readme.matchAll(/\bdeploy\/[a-z0-9./_-]+[a-z0-9]/gi)].map(([file]) => file);
    expect(inRepository.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
    const dropIns = [...readme.matchAll(/drop-ins\/([a-z-]+\.conf)/g)].map((match) => match[1] ?? '');
    expect(dropIns.length).toBeGreaterThan(1);
    expect(dropIns.filter((name) => !existsSync(path.join(DEPLOY, 'systemd/drop-ins', name)))).toEqual([]);
  });
});
