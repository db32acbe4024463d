// Finds a program on PATH, and says whether it may be run: as root only what nobody else could have put there.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { isFar } from './mounts.ts';

/** No sane PATH is longer. */
const MAX_FOLDERS = 64;

/**
 * The file that `name` means under this PATH, then in the further folders; null where there is none. Folders of network
 * file systems are passed over.
 */
export function onPath(name: string, path: string, further: readonly string[] = []): string | null {
  for (const folder of [...path.split(delimiter).slice(0, MAX_FOLDERS), ...further]) {
    // A relative entry would make what runs depend on the folder we were started in.
    if (!isAbsolute(folder)) continue;
    const candidate = join(folder, name);
    // A look at it may never end, and no program of the system lies there.
    if (isFar(candidate)) continue;
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** Why this program is not run, or null. As root we run only what nobody else could have put there. */
export function whyNotRun(found: string): string | null {
  if (process.geteuid?.() !== 0) return null;
  try {
    for (let at = realpathSync(found); ; at = dirname(at)) {
      const { uid, mode } = statSync(at);
      const sticky = (mode & 0o1000) !== 0;
      if (uid !== 0 || ((mode & 0o022) !== 0 && !sticky)) return 'users other than root can change it';
      if (at === dirname(at)) return null;
    }
  } catch {
    return 'it could not be looked at';
  }
}
