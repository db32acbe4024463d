// Where the shared files are, and that their settings arrive.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAwsShared } from '../../../src/clients/host/aws-files.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'imds-probe-home-'));
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws/config'), '[default]\nmetadata_service_timeout = 5\n');
  writeFileSync(join(home, '.aws/credentials'), '[default]\nmetadata_service_num_attempts = 7\n');
  writeFileSync(join(home, 'other'), '[default]\nmetadata_service_timeout = 9\n');
  writeFileSync(join(home, 'broken'), 'a\0b');
});
afterAll(() => rmSync(home, { recursive: true }));

async function timing(env: Record<string, string>, folder: string | null): Promise<[number, number, string]> {
  const aws = await readAwsShared(env, folder);
  const resolved = resolveConfig(
    { flags: {}, env, box: null, file: null, aws },
    { command: 'check', catalogue: [] },
  );
  if (!resolved.ok) throw new Error('did not resolve');
  const { timeoutMs, attempts, origins } = resolved.config;
  return [timeoutMs, attempts, origins.timeout];
}

it('reads them from the home', async () => {
  expect(await timing({}, home)).toEqual([5000, 7, '~/.aws/config:2 (metadata_service_timeout)']);
});

it('reads them from where the variables say, with ~', async () => {
  expect(await timing({ AWS_CONFIG_FILE: '~/other' }, home)).toEqual([
    9000,
    7,
    '~/other:2 (metadata_service_timeout)',
  ]);
  const path = join(home, 'other');
  expect(await timing({ AWS_CONFIG_FILE: path, AWS_SHARED_CREDENTIALS_FILE: '/dev/null' }, home)).toEqual([
    9000,
    3,
    `${path}:2 (metadata_service_timeout)`,
  ]);
});

it('goes without where there are none, where they are no text, and where there is no home', async () => {
  const none = { AWS_CONFIG_FILE: '~/missing', AWS_SHARED_CREDENTIALS_FILE: '~/broken' };
  expect(await timing(none, home)).toEqual([1000, 3, 'default']);
  expect(await timing({}, null)).toEqual([1000, 3, 'default']);
});

it('finds the home by itself', async () => {
  const aws = await readAwsShared({ HOME: home });
  expect([aws.config?.path, aws.credentials?.path]).toEqual(['~/.aws/config', '~/.aws/credentials']);
});
