// The Terraform module, as text: it offers what the CloudFormation templates offer. What Terraform makes of it, and
// whether that is the same, is asked of Terraform itself in test/e2e/deploy-lint.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Json, objectAt, readTemplate } from '../support/cloudformation.ts';

const MODULE = path.resolve(import.meta.dirname, '../../deploy/terraform');
const read = (name: string): string => readFileSync(path.join(MODULE, name), 'utf8');
const sources = readdirSync(MODULE).filter((name) => /\.(tf|tftpl)$/.test(name));
const code = sources.map(read).join('\n');

/** Top-level blocks of a kind, by name, with what is inside of them (terraform fmt puts their end at a line's start). */
function blocks(kind: string): ReadonlyMap<string, string> {
  const found = code.matchAll(new RegExp(`^${kind} "(\\w+)" \\{\\n([\\s\\S]*?)^\\}`, 'gm'));
  return new Map([...found].map(([, name = '', body = '']) => [name, body] as const));
}

const variables = blocks('variable');

/** `fooBar` of a template is `foo_bar` of the module. */
const snake = (name: string): string =>
  name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

const parametersOf = (template: string) =>
  Object.entries(
    objectAt(
      readTemplate(path.join(MODULE, '../cloudformation', template), template === 'launch.yaml' ? NEEDED : {})
        .raw,
      'Parameters',
    ),
  ).map(([name, value]) => [name, value as { readonly [key: string]: Json }] as const);

const NEEDED = {
  InstanceProfileArn: 'x',
  Version: '1',
  InstallFrom: 'x',
  InstallerUrl: 'x',
  InstallerSha256: 'x',
  PublicKey: 'x',
};

describe('variables', () => {
  it.each([...variables])('%s says why it is as it is, and refuses nonsense', (_, body) => {
    expect(/description = "([^"]|\\")+"/.exec(body)?.[0].length ?? 0).toBeGreaterThan(40);
    // A bool or a map of tags has no nonsense in it that Terraform does not see by itself.
    if (!/type\s+= (bool|map\(string\))/.test(body))
      expect(body).toMatch(/validation \{[\s\S]*error_message = "[^"]+"/);
  });

  it.each([...variables.keys()])('%s is used', (name) => {
    expect(code).toMatch(new RegExp(`var\\.${name}\\b(?![\\s\\S]{0,40}error_message)`));
  });

  it('are the parameters of alarms.yaml, with the same defaults and the same reasons', () => {
    for (const [name, { Default, Description }] of parametersOf('alarms.yaml')) {
      const body = variables.get(snake(name)) ?? '';
      const given = /^ {2}default\s+= (.*)$/m.exec(body)?.[1] ?? '';
      expect(given.replaceAll('"', ''), name).toBe(String(Default));
      const reason = String(Description).split('. ')[0] ?? '';
      if (!name.endsWith('Email') && name !== 'AutoScalingGroupName') expect(body, name).toContain(reason);
    }
  });

  it('are the parameters of the other templates, under their own names', () => {
    for (const [name] of parametersOf('access.yaml')) {
      if (name === 'ConfigParameterPath') continue; // follows from `launch`
      expect([...variables.keys()], name).toContain(snake(name));
    }
    for (const [name] of parametersOf('launch.yaml')) {
      expect(name === 'Fleet' ? variables.get('fleet') : variables.get('launch'), name).toMatch(
        name === 'Fleet' ? /./ : new RegExp(`^\\s+${snake(name)}\\s+=`, 'm'),
      );
    }
  });
});

it.each([...blocks('output')])('output %s says what it is for', (_, body) => {
  expect(body).toMatch(/description = "[^"]{10,}"/);
});

it('names the versions it was made for', () => {
  expect(read('versions.tf')).toMatch(/required_version = ">= \d+\.\d+\.\d+"/);
  expect(read('versions.tf')).toMatch(/source\s+= "hashicorp\/aws"\n\s+version = ">= \d+\.\d+\.\d+"/);
});

it('has the user data of the CloudFormation template', () => {
  const { raw } = readTemplate(path.join(MODULE, '../cloudformation/launch.yaml'), NEEDED);
  const data = objectAt(objectAt(objectAt(raw, 'Resources'), 'LaunchTemplate'), 'Properties');
  const { UserData } = objectAt(data, 'LaunchTemplateData');
  const script = String(
    objectAt(objectAt({ UserData: UserData ?? null }, 'UserData'), 'Fn::Base64')['Fn::Sub'],
  );
  const names: Record<string, string> = { Config: 'parameter', 'AWS::Region': 'region' };
  expect(script.replace(/\$\{([\w:]+)\}/g, (_, name: string) => `\${${names[name] ?? snake(name)}}`)).toBe(
    read('user-data.sh.tftpl'),
  );
});

it('requires IMDSv2 of what it launches', () => {
  expect(read('launch.tf')).toMatch(/http_tokens\s+= "required"/);
});
