// Finds and reads the AWS shared files of this shell, for the settings in them.
import { parseSharedFile, type SharedFile } from '../../chain/ini.ts';
import type { SharedFileKind } from '../../core/chain.ts';
import { withHome } from './chain/shared-files.ts';
import { shellHome } from './chain/subject.ts';
import { readFileBounded } from './read.ts';

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
 * `home` null: there is none, and so there are no files in it.
 */
export function readAwsShared(
  env: Readonly<Record<string, string | undefined>>,
  home: string | null = shellHome(env),
): { readonly config: AwsSharedFile | null; readonly credentials: AwsSharedFile | null } {
  return {
    config: readOne('config', env['AWS_CONFIG_FILE'], home),
    credentials: readOne('credentials', env['AWS_SHARED_CREDENTIALS_FILE'], home),
  };
}

function readOne(kind: SharedFileKind, named: string | undefined, home: string | null): AwsSharedFile | null {
  const path = named !== undefined && named !== '' ? named : `~/.aws/${kind}`;
  const place = withHome(path, home);
  if (place === null) return null;
  const read = readFileBounded(place, MAX_SHARED_BYTES);
  return read.state === 'read' ? { path, file: parseSharedFile(read.text, kind) } : null;
}
