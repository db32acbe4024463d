// Makes every finding of the chain happen for real: homes, variables, processes and a box; one cause, one finding.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { createSts } from '../../src/clients/aws/sts.ts';
import { createChainPort } from '../../src/clients/chain-port.ts';
import { type ChainReaderOptions, createChainReader } from '../../src/clients/host/chain/reader.ts';
import { failed } from '../../src/core/outcome.ts';
import type { ChainPort, ImdsPort, Ports, Probe } from '../../src/core/ports.ts';
import type { Observations, ProbeId } from '../../src/core/snapshot.ts';
import { awsCli } from '../../src/probes/aws-cli.ts';
import { callerIdentity } from '../../src/probes/caller-identity.ts';
import { credentialChain } from '../../src/probes/credential-chain.ts';
import { processes } from '../../src/probes/processes.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { noRole } from '../../src/simulator/scenarios/no-role.ts';
import { clientFor } from '../support/imds-client.ts';
import { POLICY } from '../support/snapshot.ts';

const KEYS = {
  AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
};
const PAST = '2020-01-01T00:00:00Z';
const IN_FILE = 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n';
const PASTED =
  'aws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\naws_session_token = token\n';
const ROLE = 'role_arn = arn:aws:iam::123456789012:role/r\n';
const SSO = 'sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n';

let box: Instance;
let home: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  box = await startInstance();
});
afterAll(() => box.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'imds-probe-findings-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

function put(name: string, text: string, mode = 0o644): string {
  const path = join(home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return path;
}

interface World {
  readonly environment?: Record<string, string>;
  readonly options?: Partial<ChainReaderOptions>;
  readonly path?: string;
  readonly offline?: boolean;
}

/** A world with one file in its home. */
function having(name: string, text: string): World {
  put(name, text);
  return {};
}

/** Runs the probes of the chain as the runner does, and gives back the ids of what they lead to. */
async function findings(world: World = {}, instance = box): Promise<readonly string[]> {
  const { client: imds, signal } = clientFor(instance.endpoints.imds);
  const sts = createSts({
    region: () => 'us-east-1',
    endpoint: instance.endpoints.sts,
    environment: {},
    clockCorrectionMs: () => 0,
    wallMs: Date.now,
    userAgent: ['imds-probe', '0'],
  });
  const chain = createChainPort({
    reader: createChainReader({
      environment: world.environment ?? {},
      home,
      profile: null,
      pid: null,
      allProcesses: false,
      runCredentialProcess: false,
      askContainers: world.offline !== true,
      networkCommand: null,
      wallMs: Date.now,
      ...world.options,
    }),
    sts: world.offline === true ? null : sts,
    roleCredentials: () => imds.signingCredentials(),
    path: world.path ?? '/nowhere',
  });
  const snapshot: Record<string, unknown> = {};
  const observe = async <K extends ProbeId>(probe: Probe<K>): Promise<void> => {
    const result = await probe.observe(portsOf(imds, chain), signal);
    if (!result.ok) throw new Error(`${probe.id}: ${result.failure.detail}`);
    const value: Observations[K] = result.value;
    expect(JSON.stringify(value)).not.toMatch(/secret"|IOSFODNN7/);
    snapshot[probe.id] = { ok: true, tookMs: 0, attempts: 1, value };
  };
  try {
    await Promise.all([
      observe(credentialChain),
      observe(processes),
      observe(awsCli),
      observe(callerIdentity),
    ]);
  } finally {
    sts.close();
    await imds.close();
  }
  const checks = CHECKS.filter((check) => check.group === 'chain' || check.group === 'tooling');
  return assess(checks, snapshot, {}, POLICY).findings.map((finding) => finding.id);
}

/** Probes of the chain ask IMDS, the chain, the clock and the time; another port would be a mistake of theirs. */
function portsOf(imds: ImdsPort, chain: ChainPort): Ports {
  const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
  const time = { offset: async () => failed('unroutable', 'no time server is configured') };
  return { imds, chain, clock, time } as unknown as Ports;
}

describe('an instance in a box', () => {
  it('raises nothing when it is healthy', async () => {
    expect(await findings()).toEqual([]);
    put('.aws/config', '[default]\nregion = eu-west-1\noutput = json\n');
    expect(await findings()).toEqual([]);
  });

  it.each<[string, () => World, readonly string[]]>([
    ['keys in the environment', () => ({ environment: KEYS }), ['env-credentials-shadow-role']],
    [
      'a long-lived key in the environment',
      () => ({ environment: { ...KEYS, AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }, offline: true }),
      ['env-credentials-shadow-role', 'long-lived-key'],
    ],
    [
      'expired by their variable',
      () => ({ environment: { ...KEYS, AWS_CREDENTIAL_EXPIRATION: PAST } }),
      ['env-credentials-expired'],
    ],
    [
      'keys in [default]',
      () => having('.aws/credentials', `[default]\n${IN_FILE}`),
      ['profile-shadows-role', 'long-lived-key'],
    ],
    [
      'pasted credentials in another profile',
      () => having('.aws/credentials', `[dev]\n${PASTED}`),
      ['profile-static-session-token'],
    ],
    ['a file the CLI refuses', () => having('.aws/config', '[default]\nhello\n'), ['profile-invalid']],
    [
      'a circle',
      () =>
        having(
          '.aws/config',
          `[profile a]\n${ROLE}source_profile = b\n[profile b]\n${ROLE}source_profile = a\n`,
        ),
      ['profile-invalid'],
    ],
    ['a profile that is not there', () => ({ environment: { AWS_PROFILE: 'gone' } }), ['profile-invalid']],
    [
      'two files that contradict each other',
      () => {
        put('.aws/config', '[default]\nregion = eu-west-1\n');
        put('.aws/credentials', '[default]\nregion = us-east-1\n');
        return {};
      },
      ['profile-key-conflict'],
    ],
    [
      'two hours from a role',
      () =>
        having(
          '.aws/config',
          `[profile a]\n${ROLE}credential_source = Ec2InstanceMetadata\nduration_seconds = 7200\n`,
        ),
      ['profile-role-chaining-limit'],
    ],
    [
      'an expired cache',
      () => {
        const entry = {
          Credentials: { AccessKeyId: 'ASIAIOSFODNN7EXAMPLE', SecretAccessKey: 'secret', Expiration: PAST },
        };
        put('.aws/cli/cache/a.json', JSON.stringify(entry));
        return {};
      },
      ['cli-cache-expired'],
    ],
    [
      'SSO that has run out',
      () => {
        put('.aws/config', `[profile corp]\n${SSO}`);
        const name = createHash('sha1').update('https://x').digest('hex');
        put(`.aws/sso/cache/${name}.json`, JSON.stringify({ accessToken: 'secret', expiresAt: PAST }));
        return {};
      },
      ['sso-token-expired'],
    ],
    [
      'a web identity without its token',
      () => ({
        environment: {
          AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'gone'),
          AWS_ROLE_ARN: 'arn:aws:iam::1:role/r',
        },
      }),
      ['web-identity-token-unusable'],
    ],
    [
      'a container nobody answers for',
      () => ({ environment: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' } }),
      ['container-credentials-unreachable'],
    ],
    [
      'Java properties',
      () => ({
        environment: { JAVA_TOOL_OPTIONS: '-Daws.accessKeyId=ASIAIOSFODNN7EXAMPLE -Daws.secretKey=secret' },
      }),
      ['java-properties-shadow-role'],
    ],
    [
      'version 1 of the CLI',
      () => ({ path: dirname(put('bin/aws', '#!/bin/sh\necho aws-cli/1.45.11\n', 0o755)) }),
      ['aws-cli-outdated'],
    ],
  ])('%s', async (_name, prepare, expected) => {
    expect(await findings(prepare())).toEqual(expected);
  });

  it('a running process with credentials', async () => {
    const child = spawn('/bin/sh', ['-c', 'echo ready; read never'], {
      env: KEYS,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(await findings({ options: { allProcesses: true } })).toContain('process-credentials-shadow-role');
    expect(await findings({ options: { pid: child.pid ?? 0 } })).toEqual(['env-credentials-shadow-role']);
  });

  it('hides nothing where there is no role', async () => {
    const bare = await startInstance();
    try {
      await bare.change(noRole.change ?? {});
      expect(await findings({ environment: KEYS, offline: true }, bare)).toEqual([]);
    } finally {
      await bare.close();
    }
  });
});
