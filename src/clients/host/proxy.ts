// Reads the proxy variables of this shell and looks which clients that obey them are installed. Values stay here.
import { existsSync } from 'node:fs';
import type { AnyProxyClient, ProxySettings } from '../../core/proxy.ts';
import type { Variables } from '../../facts/proxy/dialect.ts';
import { proxySettings } from '../../facts/proxy/settings.ts';

/** The command that shows a client to be there. Go programs and libraries have none. */
const COMMANDS: readonly (readonly [command: string, client: AnyProxyClient])[] = [
  ['curl', 'curl'],
  ['wget', 'wget'],
  ['python3', 'python-urllib'],
  ['ruby', 'ruby'],
  ['aws', 'botocore'],
  ['node', 'node-http'],
];

/** No sane PATH is longer. */
const MAX_FOLDERS = 64;
/** What execvp(3) and most shells search where PATH is not set. */
const USUAL_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Under these variables, for a request to `endpoint`; looks for clients below `root` ('' for this machine). */
export function readProxySettings(variables: Variables, endpoint: string, root = ''): ProxySettings {
  const folders = (variables['PATH'] ?? USUAL_PATH)
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .slice(0, MAX_FOLDERS);
  const present = COMMANDS.filter(([command]) =>
    folders.some((folder) => existsSync(`${root}${folder}/${command}`)),
  ).map(([, client]) => client);
  return proxySettings(variables, endpoint, present);
}
