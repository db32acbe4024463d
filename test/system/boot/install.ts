// Commands for the guest: user data made of the shipped example, and install.sh with other variables.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AWS_ADDRESS } from './orders.ts';
import type { SigningKey } from './releases.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../../deploy/user-data/cloud-config.yaml');
export const SOURCE = `http://${AWS_ADDRESS}`;

/** Replaces each text, which must be there. */
function replaced(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((whole, [from, to]) => {
    if (!whole.includes(from)) throw new Error(`${EXAMPLE} has no ${from}`);
    return whole.replaceAll(from, to);
  }, text);
}

/** The shipped cloud-config, pointed at the guest's files; `variables` are those besides. */
export function cloudConfig(
  files: string,
  version: string,
  key: SigningKey,
  variables: Readonly<Record<string, string>>,
): string {
  const installer = readFileSync(path.join(files, version, 'install.sh'));
  const more = Object.entries(variables).map(([name, value]) => `${name}=${value} \\\n    `);
  return replaced(readFileSync(EXAMPLE, 'utf8'), [
    ['https://example-bucket.s3.eu-central-1.amazonaws.com/imds-probe/0.1.0', `${SOURCE}/${version}`],
    ['0'.repeat(64), createHash('sha256').update(installer).digest('hex')],
    ['INSTALL_VERSION=0.1.0', `INSTALL_VERSION=${version}`],
    ['s3://example-bucket/imds-probe', SOURCE],
    ['MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', key.publicLine],
    ['IMDS_PROBE_FLEET=web \\\n    ', `IMDS_PROBE_FLEET=web \\\n    ${more.join('')}`],
  ]);
}

/** A line that runs the installer of the first release with these variables. */
export function installLine(
  first: string,
  version: string,
  key: SigningKey,
  variables: Readonly<Record<string, string>> = {},
): string {
  const all = {
    INSTALL_VERSION: version,
    INSTALL_FROM: SOURCE,
    INSTALL_PUBLIC_KEY: key.publicLine,
    ...variables,
  };
  const quoted = Object.entries(all).map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'`);
  return `curl -fsS -o /run/install.sh ${SOURCE}/${first}/install.sh && env ${quoted.join(' ')} sh /run/install.sh`;
}
