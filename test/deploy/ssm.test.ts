// The Systems Manager template: its document run as an instance would, its queries held to real reports.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envName, SETTING_NAMES } from '../../src/config/settings.ts';
import { type Json, readTemplate } from '../support/cloudformation.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TEMPLATE = path.join(ROOT, 'deploy/ssm/fleet.yaml');
const { resources } = readTemplate(TEMPLATE, { PackageVersion: '0.1.0', Fleet: 'web' });

interface CommandDocument {
  readonly schemaVersion: string;
  readonly parameters: Record<
    string,
    { type: string; default: string; allowedPattern?: string; allowedValues?: string[] }
  >;
  readonly mainSteps: { action: string; inputs: { runCommand: string[] } }[];
}

const document = resources['CheckDocument']?.properties['Content'] as unknown as CommandDocument;
const [step] = document.mainSteps;

const work = mkdtempSync(path.join(tmpdir(), 'imds-probe-ssm-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs the step with these parameters, against an imds-probe that ends with `status`. */
function run(parameters: Record<string, string>, status: number): { code: number | null; stdout: string } {
  const values = Object.fromEntries(
    Object.entries(document.parameters).map(([name, row]) => [name, row.default]),
  );
  const script = (step?.inputs.runCommand[0] ?? '').replace(
    /\{\{ (\w+) \}\}/g,
    (_, name: string) => ({ ...values, ...parameters })[name] ?? `missing ${name}`,
  );
  const probe = '#!/bin/sh\nprintf \'{ "args":\\n  "%s" }\\n\' "$*"\n';
  writeFileSync(path.join(work, 'imds-probe'), `${probe}exit ${status}\n`, { mode: 0o755 });
  writeFileSync(path.join(work, 'aws'), '#!/bin/sh\nprintf "to %s: " "$4" >&2; cat >&2\n', { mode: 0o755 });
  const ran = spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: `${work}:/usr/bin:/bin` } });
  return { code: ran.status, stdout: ran.stdout };
}

/** The value at a path as Logs Insights writes it, arrays by index. */
const at = (value: Json | undefined, steps: readonly string[]): Json | undefined =>
  steps.reduce<Json | undefined>(
    (inner, name) =>
      inner !== null && typeof inner === 'object' ? (inner as Record<string, Json>)[name] : undefined,
    value,
  );

describe('the Run Command document', () => {
  it('is of the schema that Run Command takes, and its parameters are all used', () => {
    expect(document.schemaVersion).toBe('2.2');
    expect(step?.action).toBe('aws:runShellScript');
    const used = new Set(
      [...(step?.inputs.runCommand[0] ?? '').matchAll(/\{\{ (\w+) \}\}/g)].map((match) => match[1]),
    );
    expect(used).toEqual(new Set(Object.keys(document.parameters)));
  });

  it.each(['; id', "' ; id ; '", '$(id)', '`id`', 'a b', 'x\ny', '"'])(
    'no parameter takes %j into the shell',
    (value) => {
      for (const [name, { allowedPattern, allowedValues }] of Object.entries(document.parameters)) {
        const taken = allowedValues?.includes(value) ?? new RegExp(allowedPattern ?? '').test(value);
        expect(taken, name).toBe(false);
      }
    },
  );

  it.each([
    ['critical', [0, 0, 2, 0, 64, 70]],
    ['warning', [0, 1, 2, 0, 64, 70]],
    ['never', [0, 0, 0, 0, 64, 70]],
  ] as const)('with FailOn %s, ends as told', (failOn, codes) => {
    expect([0, 1, 2, 3, 64, 70].map((status) => run({ FailOn: failOn }, status).code)).toEqual(codes);
  });

  it('prints the report as one line of JSON', () => {
    const { stdout } = run({ Only: 'imds,role', AllProcesses: 'true' }, 2);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toEqual({ args: 'check --json --all-processes=true --only=imds,role' });
  });

  it.each(['', 'imds,role-missing'])('its options are options, with Only "%s"', (only) => {
    const { args } = JSON.parse(run({ Only: only }, 0).stdout) as { args: string };
    const words = [...args.split(' '), '--simulate', 'healthy'];
    const ran = spawnSync(process.execPath, [path.join(ROOT, 'src/main.ts'), ...words], { encoding: 'utf8' });
    expect({ status: ran.status, report: ran.stdout.slice(0, 1) }).toEqual({ status: 0, report: '{' });
  });
});

describe('the associations', () => {
  it('check daily, and install a version only where one is named', () => {
    expect(resources['DailyCheck']?.properties['Name']).toBe('ref:CheckDocument');
    expect(resources['Install']?.properties['Name']).toBe('AWS-ConfigureAWSPackage');
    expect(readTemplate(TEMPLATE).resources['Install']).toBeUndefined();
  });

  it('hand over settings under the names that install.sh strips', () => {
    const parameters = resources['Install']?.properties['Parameters'];
    const text = String(at(parameters, ['additionalArguments', '0']));
    const handed = Object.keys(JSON.parse(text) as Record<string, string>);
    const settings = SETTING_NAMES.map((name) => `SSM_${envName(name)}`);
    expect(handed.length).toBeGreaterThan(0);
    expect(handed.filter((name) => !settings.includes(name))).toEqual([]);
  });
});

/** What an instance prints in each of these scenarios; none of them ends with 0. */
async function report(scenario: string): Promise<Json> {
  const args = [path.join(ROOT, 'src/main.ts'), 'check', '--json', '--simulate', scenario];
  const ran = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  return JSON.parse(ran.stdout) as Json;
}

let reports: readonly Json[] = [];
beforeAll(async () => {
  reports = await Promise.all(['expired', 'unreachable', 'unsynchronised-clock'].map(report));
});

describe('the saved queries', () => {
  const queries = Object.entries(resources).filter(([, { type }]) => type === 'AWS::Logs::QueryDefinition');

  it.each(queries)('%s asks for fields that reports have', (_, { properties }) => {
    const query = String(properties['QueryString']);
    expect(query).toContain("filter schema = 'imds-probe/report/v1'");
    const quoted = [...query.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    const plain = [
      ...query.replace(/`[^`]+`|'[^']*'/g, '').matchAll(/\b(?:instance|findings|observations)\.[\w.]+/g),
    ].map((match) => match[0]);
    const fields = [...quoted, ...plain];
    expect(fields.length).toBeGreaterThan(0);
    expect(
      fields.filter((field) => !reports.some((seen) => at(seen, field.split('.')) !== undefined)),
    ).toEqual([]);
  });

  it('are at least four, and look where the answers go', () => {
    expect(queries.length).toBeGreaterThanOrEqual(4);
    for (const [, { properties }] of queries) expect(properties['LogGroupNames']).toEqual(['ref:Answers']);
  });
});

describe('Distributor’s scripts', () => {
  it('take settings from SSM_*, and install the release beside them', () => {
    const folder = path.join(work, 'package');
    const inner = path.join(folder, '0.1.0');
    execFileSync('mkdir', ['-p', inner]);
    for (const script of ['install.sh', 'uninstall.sh'])
      execFileSync('cp', [path.join(ROOT, 'deploy/ssm/distributor', script), folder]);
    writeFileSync(path.join(folder, 'version'), '0.1.0\n');
    writeFileSync(path.join(folder, 'public-key'), 'MCow\n');
    writeFileSync(
      path.join(inner, 'install.sh'),
      'echo "$1" "$INSTALL_VERSION" "$INSTALL_FROM" "$INSTALL_PUBLIC_KEY" "$IMDS_PROBE_FLEET"\n',
    );
    const env = { PATH: '/usr/bin:/bin', SSM_IMDS_PROBE_FLEET: 'a b' };
    const sh = (script: string): string =>
      execFileSync('sh', [path.join(folder, script)], {
        encoding: 'utf8',
        env: { ...env, IMDS_PROBE_FLEET: '' },
      }).trim();
    expect(sh('install.sh')).toBe(`0.1.0 ${folder} MCow a b`);
    expect(sh('uninstall.sh')).toMatch(/^uninstall/);
  });
});
