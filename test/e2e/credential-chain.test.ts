// Holds who wins the credential chain to the real chains of botocore (the AWS CLI) and the JavaScript SDK.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleChain } from '../../src/chain/assemble.ts';
import { createChainReader } from '../../src/clients/host/chain/reader.ts';
import type { CredentialChain } from '../../src/core/chain.ts';
import { type Instance, startInstance } from '../../src/simulator/instance.ts';
import { ROLE } from '../support/chain.ts';
import { pythonWithBotocore, runPython } from '../support/python-peer.ts';
import { CASES, type ChainCase } from './credential-chain/cases.ts';

const GIVEN = (accessKeyId: string): string =>
  JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: 'secret',
    SessionToken: 'token',
    Token: 'token',
    Expiration: '2099-01-01T00:00:00Z',
  });

let folder: string;
let box: Instance;
let container: Server;
let bases: readonly { readonly environment: Record<string, string>; readonly profile: string | null }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imds-probe-chains-'));
  box = await startInstance();
  container = createServer((_request, response) => response.end(GIVEN('ASIACONTAINER000001')));
  await new Promise<void>((resolve) => container.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(folder, 'process.json'), GIVEN('ASIAPROCESS00000001'));
  writeFileSync(join(folder, 'token'), 'e30.e30.x');
  bases = CASES.map(laidOut);
});
afterAll(async () => {
  container.close().closeAllConnections();
  await box.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a case's files, and gives the environment that leads an SDK to them. */
function laidOut(one: ChainCase, index: number) {
  const { port } = container.address() as AddressInfo;
  const filled = (text: string): string =>
    text
      .replace('PROCESS', `cat ${join(folder, 'process.json')}`)
      .replace(/^TOKEN$|(?<== )TOKEN$/m, join(folder, 'token'))
      .replace(/^CONTAINER$/, `http://127.0.0.1:${port}/`);
  const file = (name: string, text: string | undefined): string => {
    const path = join(folder, `${index}-${name}`);
    if (text !== undefined) writeFileSync(path, filled(text));
    return path;
  };
  const given = Object.entries(one.environment ?? {}).map(([name, value]) => [name, filled(value)]);
  return {
    profile: one.profile ?? null,
    environment: {
      PATH: process.env['PATH'] ?? '',
      AWS_CONFIG_FILE: file('config', one.config),
      AWS_SHARED_CREDENTIALS_FILE: file('credentials', one.credentials),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: box.endpoints.imds,
      ...(Object.fromEntries(given) as Record<string, string>),
    },
  };
}

async function ours(index: number): Promise<CredentialChain> {
  const base = bases[index];
  const reader = createChainReader({
    environment: base?.environment ?? {},
    home: folder,
    profile: base?.profile ?? null,
    pid: null,
    allProcesses: false,
    runCredentialProcess: false,
    askContainers: false,
    networkCommand: null,
    wallMs: Date.now,
  });
  const world = await reader.world(new AbortController().signal);
  if (!world.ok) throw new Error(world.failure.detail);
  return assembleChain(world.value, ROLE, Date.now());
}

// One process reads every case; loading credentials is deferred by botocore, so nothing but loopback is asked.
const BOTOCORE = `
import json, os, sys
import botocore.session
def method(case):
    os.environ.clear(); os.environ.update(case['environment']); os.environ['HOME'] = '/nonexistent'
    try:
        session = botocore.session.Session(profile=case['profile'])
        found = session.get_credentials()
        return None if found is None else found.method
    except Exception as error:
        return None
print(json.dumps([method(case) for case in json.load(sys.stdin)]))
`;

const METHODS: Readonly<Record<string, string>> = {
  env: 'environment',
  'assume-role': 'assume-role-profile',
  'assume-role-with-web-identity': 'web-identity',
  sso: 'sso',
  'shared-credentials-file': 'profile',
  'config-file': 'profile',
  'custom-process': 'process',
  'container-role': 'container',
  'iam-role': 'instance-role',
};

const python = pythonWithBotocore();

describe('the chain of the AWS CLI', () => {
  it.runIf(python !== null)(`agrees with botocore in all ${CASES.length} worlds`, async () => {
    const theirs = (await runPython(python ?? '', BOTOCORE, bases)) as (string | null)[];
    const differences: string[] = [];
    for (const [index, one] of CASES.entries()) {
      const method = theirs[index] ?? null;
      const real = method === null ? null : (METHODS[method] ?? method);
      const { winner } = await ours(index);
      if (winner !== real) differences.push(`${one.name}: botocore ${real}, we ${winner}`);
    }
    expect(differences).toEqual([]);
  });
});

const assumed = (accessKeyId: string) => async () => ({
  accessKeyId,
  secretAccessKey: 's',
  sessionToken: 't',
});
const JS_KEYS: Readonly<Record<string, string>> = {
  AKIAENVIRONMENT0001: 'environment',
  AKIAPROFILE00000001: 'profile',
  ASIAPROCESS00000001: 'process',
  ASIACONTAINER000001: 'container',
  ASIAASSUMED00000001: 'assume-role-profile',
  ASIAWEBIDENTITY0001: 'web-identity',
};

/** The real chain with STS replaced; `sso` where it fails over a token nobody has. */
async function javascript(index: number): Promise<string | null> {
  const base = bases[index];
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, base?.environment);
  try {
    const found = await defaultProvider({
      ...(base?.profile == null ? {} : { profile: base.profile }),
      ignoreCache: true,
      roleAssumer: assumed('ASIAASSUMED00000001'),
      roleAssumerWithWebIdentity: assumed('ASIAWEBIDENTITY0001'),
    })();
    return JS_KEYS[found.accessKeyId] ?? 'instance-role';
  } catch (error) {
    return error instanceof Error && /SSO session .* is invalid/.test(error.message) ? 'sso' : null;
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

describe('the chain of the JavaScript SDK', () => {
  it('agrees with the SDK', async () => {
    const differences: string[] = [];
    for (const [index, one] of CASES.entries()) {
      const real = await javascript(index);
      const chain = await ours(index);
      const winner = chain.winners.find((candidate) => candidate.sdk === 'js-v3')?.source ?? null;
      if (winner !== real) differences.push(`${one.name}: JavaScript ${real}, we ${winner}`);
    }
    expect(differences).toEqual([]);
  });
});
