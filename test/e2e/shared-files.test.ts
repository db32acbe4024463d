// Holds the reading of shared files to the programs that read them: botocore (the AWS CLI) and the JavaScript SDK.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { loadSharedConfigFiles, loadSsoSessionData } from '@smithy/core/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSharedFile, type SharedFile, type SharedSection } from '../../src/chain/ini.ts';

type Kind = 'config' | 'credentials';
type Plain = Record<string, Record<string, string | Record<string, string>>>;
type Peer = { refused: boolean; profiles: Plain; ssoSessions: Plain; services: Plain };

// One process reads every case: starting Python for each would take minutes.
const BOTOCORE = `
import json, os, sys, tempfile
from botocore import configloader
from botocore.exceptions import ConfigParseError
def read(kind, text):
    handle, path = tempfile.mkstemp()
    with os.fdopen(handle, 'wb') as file: file.write(text.encode('utf-8'))
    try:
        if kind == 'config':
            loaded = configloader.load_config(path)
            return dict(refused=False, profiles=loaded['profiles'], ssoSessions=loaded['sso_sessions'], services=loaded['services'])
        return dict(refused=False, profiles=configloader.raw_config_parse(path), ssoSessions={}, services={})
    except ConfigParseError:
        return dict(refused=True, profiles={}, ssoSessions={}, services={})
    finally:
        os.unlink(path)
print(json.dumps([read(kind, text) for kind, text in json.load(sys.stdin)]))
`;

/** Where .ci/peers/python-aws.sh puts it, and wherever else a Python has it. */
const PYTHONS = ['/opt/imds-probe-peers/python-aws/bin/python3', 'python3'];

const python = PYTHONS.find((candidate) => {
  try {
    execFileSync(candidate, ['-c', 'import botocore.configloader'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

if (python === undefined) {
  if (process.env['CI'] === 'true') throw new Error('botocore is missing: see .ci/peers/python-aws.sh');
  console.warn('SKIPPED: no Python has botocore, so the reading of shared files is not held to it');
}

function botocore(cases: readonly (readonly [Kind, string])[]): Peer[] {
  const output = execFileSync(python ?? 'python3', ['-c', BOTOCORE], {
    input: JSON.stringify(cases),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', PYTHONUTF8: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(output.toString()) as Peer[];
}

function plain(
  sections: ReadonlyMap<string, SharedSection>,
  sees: (section: SharedSection) => boolean,
  cli: boolean,
): Plain {
  const result: Plain = {};
  for (const section of sections.values()) {
    if (!sees(section)) continue;
    const keys: Plain[string] = {};
    for (const [name, value] of section.keys) {
      keys[name] =
        value.nested === undefined
          ? ((cli ? value.cliValue : undefined) ?? value.value)
          : Object.fromEntries([...value.nested].map(([key, nested]) => [key, nested.value]));
    }
    result[section.name] = keys;
  }
  return result;
}

const asCli = (file: SharedFile): Peer => {
  const sees = (section: SharedSection): boolean => section.readBy !== 'sdks';
  const refused = file.problems.some((problem) => problem.fatal);
  if (refused) return { refused, profiles: {}, ssoSessions: {}, services: {} };
  return {
    refused,
    profiles: plain(file.profiles, sees, true),
    ssoSessions: plain(file.ssoSessions, sees, true),
    services: plain(file.services, sees, true),
  };
};

/** Lines as people write them, right and wrong; the secrets are those of the AWS documentation. */
const LINES = [
  '[default]',
  '[profile default]',
  '[profile dev]',
  '[profile "two words"]',
  "[profile 'ops']",
  '[ profile blank]',
  '[profile  wide]',
  '[profile in valid]',
  '[profiles odd]',
  '[dev]',
  '[prod.eu-west-1]',
  '[ spaced ]',
  '[sso-session corp]',
  '[services local]',
  '[preview]',
  '[profile dev] # mine',
  '[profile open',
  '[]',
  'region = eu-west-1',
  'region=eu-central-1 # Frankfurt',
  'output: json',
  'Output = text',
  'sso_start_url = https://d-1234.awsapps.com/start#/',
  'aws_access_key_id = AKIAIOSFODNN7EXAMPLE',
  'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  'role_arn="arn:aws:iam::123456789012:role/x"',
  'cli_pager =',
  's3 =',
  '  max_concurrent_requests = 20',
  '  addressing_style = path',
  '  -continued',
  '   deeper = 1',
  '  [profile lost]',
  '# comment',
  '  # indented comment',
  '; comment',
  '',
  '   ',
  'nonsense',
  '= value',
];

const anyFile = fc.array(fc.constantFrom(...LINES), { maxLength: 12 }).map((lines) => lines.join('\n'));

const SEED = 20_260_101;

describe.skipIf(python === undefined)('the AWS CLI’s reader', () => {
  it.each(['config', 'credentials'] as const)('sees what is said of it, in %s files', (kind) => {
    const texts = fc.sample(anyFile, { numRuns: 3000, seed: SEED });
    const answers = botocore(texts.map((text) => [kind, text] as const));
    const ours = texts.map((text) => asCli(parseSharedFile(text, kind)));
    const differing = texts.flatMap((text, index) => {
      const [mine, theirs] = [ours[index], answers[index]].map(
        (peer) => peer && comparable(text, kind, peer),
      );
      return isDeepStrictEqual(mine, theirs) ? [] : [{ text, ours: mine, botocore: theirs }];
    });
    expect(differing.slice(0, 3)).toEqual([]);
    const refused = ours.filter((peer) => peer.refused).length;
    // Both outcomes were really compared.
    expect(refused).toBeGreaterThan(300);
    expect(texts.length - refused).toBeGreaterThan(300);
  });
});

/** Without what our reading tells in words only: a doubled default, and names no one would ask for. */
function comparable(text: string, kind: Kind, peer: Peer): Peer {
  const profiles: Plain = {};
  for (const [name, keys] of Object.entries(peer.profiles)) {
    if (
      name === 'default' &&
      kind === 'config' &&
      /^\[default\]/m.test(text) &&
      text.includes('[profile default]')
    )
      continue;
    if (kind === 'credentials' && (/^\s|\s$/.test(name) || /^(profiles?|sso-session|services)\s/.test(name)))
      continue;
    profiles[name] = keys;
  }
  return { ...peer, profiles };
}

describe('the JavaScript SDK’s reader', () => {
  it('agrees wherever no problem is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imds-probe-ini-'));
    const path = join(folder, 'file');
    const init = { filepath: path, configFilepath: path, ignoreCache: true };
    try {
      let compared = 0;
      for (const text of fc.sample(anyFile, { numRuns: 3000, seed: SEED })) {
        const ours = parseSharedFile(text, 'config');
        if (ours.problems.length > 0) continue;
        writeFileSync(path, text);
        const theirs = await loadSharedConfigFiles(init);
        const profiles = Object.fromEntries(
          Object.entries(theirs.configFile).filter(([name]) => !/^(sso-session|services)\./.test(name)),
        );
        expect({ text, profiles }).toEqual({ text, profiles: flattened(ours.profiles) });
        compared += 1;
      }
      expect(compared).toBeGreaterThan(100);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads sso-sessions alike', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imds-probe-ini-'));
    const path = join(folder, 'file');
    try {
      writeFileSync(path, '[sso-session corp]\nsso_region = eu-west-1\n[profile a]\nsso_session = corp\n');
      const theirs = await loadSsoSessionData({ configFilepath: path });
      expect(theirs).toEqual({ corp: { sso_region: 'eu-west-1' } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The JavaScript SDK's form: nested keys as `s3.name`, and neither empty values nor empty profiles. */
function flattened(sections: ReadonlyMap<string, SharedSection>): Record<string, Record<string, string>> {
  const result: Record<string, Record<string, string>> = {};
  for (const section of sections.values()) {
    const keys: Record<string, string> = {};
    for (const [name, value] of section.keys) {
      if (value.value !== '') keys[name] = value.value;
      for (const [nested, inner] of value.nested ?? []) keys[`${name}.${nested}`] = inner.value;
    }
    if (Object.keys(keys).length > 0) result[section.name] = keys;
  }
  return result;
}
