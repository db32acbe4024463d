// Reads the proxy variables of this shell and looks which clients that obey them are installed. Values stay here.
import { existsSync } from 'node:fs';
import type { AnyProxyClient, ProxySettings } from '../../core/proxy.ts';
import type { Variables } from '../../facts/proxy/dialect.ts';
import { noProxySettings, proxyVariables } from '../../facts/proxy/variables.ts';
import { isFar } from './mounts.ts';

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

export interface ProxyReading {
  readonly variables: Variables;
  /** The metadata endpoint in force. */
  readonly endpoint: string;
  /** Where to look for installed clients: '' for this machine; null where its files say nothing. */
  readonly root: string | null;
}

/** The dialects are loaded only where a proxy variable is set. */
export async function readProxySettings({ variables, endpoint, root }: ProxyReading): Promise<ProxySettings> {
  if (proxyVariables(variables).length === 0) return noProxySettings(endpoint);
  const { proxySettings } = await import('../../facts/proxy/settings.ts');
  return proxySettings(variables, endpoint, root === null ? [] : clientsBelow(root, variables['PATH']));
}

function clientsBelow(root: string, path: string | undefined): readonly AnyProxyClient[] {
  const folders = (path ?? USUAL_PATH)
    .split(':')
    .slice(0, MAX_FOLDERS)
    .filter((folder) => folder.startsWith('/'));
  return COMMANDS.filter(([command]) =>
    folders
      .map((folder) => `${root}${folder}/${command}`)
      .some((place) => !isFar(place) && existsSync(place)),
  ).map(([, client]) => client);
}
