// Holds finding the AWS CLI to installations made by hand: version 2's folders, Python packages, and programs to ask.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAwsCli } from '../../../../src/clients/host/chain/aws-cli.ts';
import { outdatedBecause } from '../../../../src/facts/aws-cli.ts';

const never = new AbortController().signal;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imds-probe-cli-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function program(name: string, text: string, mode = 0o755): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const find = (path = join(root, 'bin')) => findAwsCli(path, never);

describe('the AWS CLI', () => {
  it('may not be there', async () => {
    expect(await find()).toEqual({ path: null, version: null, how: null, detail: null });
    expect(await find('')).toMatchObject({ path: null });
  });

  it('of version 2 lies in a folder of its version', async () => {
    const dist = program('aws-cli/v2/2.17.3/dist/aws', '#!/bin/false\n');
    mkdirSync(join(root, 'bin'));
    symlinkSync(dist, join(root, 'bin/aws'));
    expect(await find()).toEqual({
      path: join(root, 'bin/aws'),
      version: '2.17.3',
      how: 'metadata',
      detail: null,
    });
  });

  it.each([
    ['awscli-1.29.0.dist-info', '1.29.0'],
    ['awscli-1.22.34.egg-info', '1.22.34'],
    ['awscli-2.9.19-py3.11.egg-info', '2.9.19'],
  ])('as a Python package says %s', async (name, version) => {
    program('bin/aws', '#!/usr/bin/python3\nimport sys\n');
    mkdirSync(join(root, 'lib/python3.11/site-packages', name), { recursive: true });
    expect(await find()).toMatchObject({ version, how: 'metadata' });
  });

  it('behind a shim of pyenv is what its versions agree on', async () => {
    program('pyenv/shims/aws', '#!/bin/sh\necho aws-cli/9.9.9\n');
    const package_ = (python: string, version: string) =>
      mkdirSync(
        join(root, `pyenv/versions/${python}/lib/python3.11/site-packages/awscli-${version}.dist-info`),
        {
          recursive: true,
        },
      );
    package_('3.11.7', '1.45.11');
    mkdirSync(join(root, 'pyenv/versions/3.12.1/lib/python3.12/site-packages'), { recursive: true });
    expect(await find(join(root, 'pyenv/shims'))).toMatchObject({ version: '1.45.11', how: 'metadata' });
    package_('3.10.2', '1.40.0');
    expect(await find(join(root, 'pyenv/shims'))).toMatchObject({ version: '9.9.9', how: 'ran' });
  });

  it('is asked otherwise, in a clean environment, wherever it prints', async () => {
    program(
      'bin/aws',
      '#!/bin/sh\n[ "$HOME" = /nonexistent ] && [ -z "$AWS_PROFILE" ] && echo "aws-cli/1.18.69 Python/3.8"\n',
    );
    expect(await find(`relative:${join(root, 'bin')}`)).toMatchObject({ version: '1.18.69', how: 'ran' });
  });

  it('is not looked for in folders named from where we were started', async () => {
    program('bin/aws', '#!/bin/sh\necho aws-cli/1.2.3\n');
    expect(await find(relative(process.cwd(), join(root, 'bin')))).toMatchObject({ path: null });
  });

  it.runIf(process.geteuid?.() === 0)('is not run as root where it is another user’s', async () => {
    chownSync(program('bin/aws', '#!/bin/sh\necho aws-cli/1.2.3\n'), 65_534, 65_534);
    expect(await find()).toMatchObject({ version: null, how: null });
  });

  it('may print nonsense', async () => {
    program('bin/aws', '#!/bin/sh\necho hello\n');
    expect(await find()).toMatchObject({ version: null, detail: 'aws --version printed no version' });
  });

  it.runIf(process.geteuid?.() === 0)('is not run as root where others could have put it there', async () => {
    const path = program('bin/aws', '#!/bin/sh\ntouch "$0.ran"\n');
    chmodSync(dirname(path), 0o777);
    expect(await find()).toMatchObject({ version: null, how: null });
    expect((await find()).detail).toContain('users other than root');
  });

  it('is only looked for as an executable file', async () => {
    mkdirSync(join(root, 'bin/aws'), { recursive: true });
    program('second/aws', 'x', 0o644);
    expect(await find(`${join(root, 'bin')}:${join(root, 'second')}`)).toMatchObject({ path: null });
  });
});

describe('what counts as outdated', () => {
  it.each([
    ['1.45.11', true],
    ['2.14.9', true],
    ['2.15.0', false],
    ['2.31.2', false],
    ['3.0.0', false],
    ['nonsense', false],
  ])('%s: %s', (version, outdated) => expect(outdatedBecause(version) !== null).toBe(outdated));
});
