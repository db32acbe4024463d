// Who is measured beside imds-probe, how it is started, and what it must say for its figure to count.
import { accessSync, constants, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from './measure.ts';

export type Argv = readonly [string, ...string[]];

export interface Peer {
  readonly name: string;
  readonly argv: Argv;
  readonly env?: Readonly<Record<string, string>>;
  /** What a good run prints. */
  readonly says: RegExp;
}

/** A path that is the same on every machine: what lies on the developer's own is no part of the figures. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Where `.ci/peers/python-aws.sh` installs AWS's Python clients. */
const PYTHON_AWS = '/opt/imds-probe-peers/python-aws/bin';

const HOME = mkdtempSync(path.join(tmpdir(), 'imds-probe-bench-home-'));

const script = (name: string): string => path.join(import.meta.dirname, 'peers', name);

/** The first file of that name on PATH, or in the folders given; null where there is none. */
export function program(name: string, ...folders: readonly string[]): string | null {
  const places = [...folders, ...PATH.split(':')].map((folder) => path.join(folder, name));
  return places.find((place) => isExecutable(place)) ?? null;
}

function isExecutable(place: string): boolean {
  try {
    accessSync(place, constants.X_OK);
    return existsSync(place);
  } catch {
    return false;
  }
}

/** An empty home, a plain path and the box: nothing else reaches who is measured. */
export function commandOf(
  { argv, env }: Pick<Peer, 'argv' | 'env'>,
  box: Readonly<Record<string, string>>,
): Command {
  return {
    argv,
    env: {
      PATH,
      HOME,
      LANG: 'C.UTF-8',
      AWS_CONFIG_FILE: path.join(HOME, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: path.join(HOME, 'none'),
      IMDS_PROBE_STATE_DIR: path.join(HOME, 'state'),
      ...box,
      ...env,
    },
  };
}

/** Node with nothing to do: what every program on this runtime pays. */
export const FLOOR: Peer = { name: 'node -e 0', argv: [process.execPath, '-e', '0'], says: /^$/ };

/** Those present, and the names of those that are not. */
export function peers(): { readonly present: readonly Peer[]; readonly absent: readonly string[] } {
  const [bash, curl] = [program('bash'), program('curl')];
  const aws = program('aws', PYTHON_AWS);
  const python = program('python3', PYTHON_AWS);
  const all: readonly (Omit<Peer, 'argv'> & { readonly argv: Argv | null })[] = [
    {
      name: 'bash + curl, the same requests',
      argv: bash === null || curl === null ? null : [bash, script('imds.sh')],
      says: /Expiration/,
    },
    {
      name: 'JS SDK: fromInstanceMetadata',
      argv: [process.execPath, script('smithy.mjs')],
      says: /^Expiration/,
    },
    {
      name: 'botocore: InstanceMetadataFetcher',
      argv: python === null || aws === null ? null : [python, script('botocore-fetcher.py')],
      says: /^Expiration/,
    },
    {
      name: 'aws configure list',
      argv: aws === null ? null : [aws, 'configure', 'list'],
      says: /iam-role/,
    },
    {
      name: 'aws sts get-caller-identity',
      argv: aws === null ? null : [aws, 'sts', 'get-caller-identity'],
      says: /assumed-role/,
    },
  ];
  const present = all.flatMap(({ argv, ...rest }) => (argv === null ? [] : [{ ...rest, argv }]));
  return { present, absent: all.filter(({ argv }) => argv === null).map(({ name }) => name) };
}

/** imds-probe itself in its forms. `warm` has what V8 compiled in an earlier run, `cold` has not. */
export function ours(program: string, packaged: string | null): readonly Peer[] {
  const says = /Checks +\d+ passed/;
  const bundle: Argv = [process.execPath, program];
  return [
    { name: 'imds-probe', argv: bundle, says },
    { name: 'imds-probe --offline', argv: [...bundle, '--offline'], says },
    { name: 'imds-probe, first run', argv: bundle, says, env: { NODE_DISABLE_COMPILE_CACHE: '1' } },
    ...(packaged === null ? [] : [{ name: 'imds-probe, as packaged', argv: [packaged] as const, says }]),
  ];
}
