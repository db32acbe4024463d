// Finds and reads the AWS shared files of this shell, for the settings in them.
import { parseSharedFile, type SharedFile } from '../../chain/ini.ts';
import type { SharedFileKind } from '../../core/chain.ts';
import type { Apart } from './apart.ts';
import { withHome } from './chain/shared-files.ts';
import { shellHome } from './chain/subject.ts';
import { readFileOnTime, SILENT } from './on-time.ts';

/** As large as any SDK user's; larger ones are told by the probe of the chain. */
const MAX_SHARED_BYTES = 1024 * 1024;

/** A parsed file. It holds secrets: take single keys from it, never show it. */
export interface AwsSharedFile {
  /** As the person who set it up knows it: with `~` where it lies in the home. */
  readonly path: string;
  readonly file: SharedFile;
}

/**
 * AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else ~/.aws (AWS SDKs and Tools Reference Guide, "Location of the
 * shared config and credentials files"). Null where a file is absent or can't be read, which is the chain's to tell.
 * `home` null: there is none, and so there are no files in it. `apart` reads what may never answer; `onSilence` hears of a file whose server is gone.
 */
export async function readAwsShared(
  env: Readonly<Record<string, string | undefined>>,
  home: string | null = shellHome(env),
  apart: Apart | null = null,
  onSilence: (path: string) => void = () => undefined,
): Promise<{ readonly config: AwsSharedFile | null; readonly credentials: AwsSharedFile | null }> {
  const config = await readOne('config', env[VARIABLES.config], home, apart);
  // Where one does not answer, the other will not either.
  const credentials =
    config === 'silent' ? null : await readOne('credentials', env[VARIABLES.credentials], home, apart);
  const silent = config === 'silent' ? 'config' : credentials === 'silent' ? 'credentials' : null;
  if (silent !== null) onSilence(pathOf(silent, env[VARIABLES[silent]]));
  return {
    config: config === 'silent' ? null : config,
    credentials: credentials === 'silent' ? null : credentials,
  };
}

const VARIABLES = { config: 'AWS_CONFIG_FILE', credentials: 'AWS_SHARED_CREDENTIALS_FILE' } as const;

const pathOf = (kind: SharedFileKind, named: string | undefined): string =>
  named !== undefined && named !== '' ? named : `~/.aws/${kind}`;

async function readOne(
  kind: SharedFileKind,
  named: string | undefined,
  home: string | null,
  apart: Apart | null,
): Promise<AwsSharedFile | null | 'silent'> {
  const path = pathOf(kind, named);
  const place = withHome(path, home);
  if (place === null) return null;
  const read = await readFileOnTime(place, MAX_SHARED_BYTES, apart);
  if (read === SILENT) return 'silent';
  return read.state === 'read' ? { path, file: parseSharedFile(read.text, kind) } : null;
}
