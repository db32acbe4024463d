// The installation script and the user-data examples: their size, their form, and that they agree with each other.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/user-data');
const text = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8');
const script = text('install.sh');

/** EC2 User Guide, "Run commands when you launch an EC2 instance with user data input". */
const USER_DATA_BYTES = 16_384;

const documented = new Set(script.split('\nset -eu')[0]?.match(/INSTALL_[A-Z_]+/g));

describe('install.sh', () => {
  it('fits into user data, and is ASCII, so that any locale of any image reads it', () => {
    expect(Buffer.byteLength(script)).toBeLessThan(USER_DATA_BYTES);
    expect(script).toMatch(/^[\t\n\u0020-\u007e]*$/);
  });

  it('reads the variables that its head documents, and no others', () => {
    const read = new Set(script.match(/\bINSTALL_[A-Z_]+/g));
    expect(read).toEqual(documented);
  });

  it('runs nothing that was fetched before it has verified it', () => {
    const verified = script.indexOf('openssl pkeyutl -verify');
    const hashed = script.indexOf('sha256sum --status -c sum');
    expect(verified).toBeGreaterThan(0);
    expect(hashed).toBeGreaterThan(verified);
    // The one place where a package is put in place takes what `get` answers.
    expect(script.match(/put_in_place "\$(package|previous)"/g)?.length).toBe(
      script.match(/put_in_place "/g)?.length,
    );
    expect(script).not.toMatch(/\|\s*(ba)?sh\b/);
  });
});

/** The parts of a MIME message, by content type. */
function parts(message: string): Map<string, string> {
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(message) ?? [];
  const found = new Map<string, string>();
  for (const part of message.split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...body] = part.trimStart().split('\n\n');
    found.set(/Content-Type: ([^;]+)/.exec(head)?.[1] ?? '', body.join('\n\n'));
  }
  return found;
}

const multipart = parts(text('multipart.txt'));
const cloudConfig = parse(text('cloud-config.yaml')) as { runcmd: string[] };

describe('the examples', () => {
  it('the cloud-config is one command', () => {
    expect(text('cloud-config.yaml')).toMatch(/^#cloud-config\n/);
    expect(cloudConfig.runcmd).toHaveLength(1);
  });

  it('the multipart message has a cloud-config and a script, and closes its boundary', () => {
    expect([...multipart.keys()]).toEqual(['text/cloud-config', 'text/x-shellscript']);
    expect(multipart.get('text/cloud-config')).toMatch(/^#cloud-config\n/);
    expect(parse(multipart.get('text/cloud-config') ?? '')).toEqual({ package_update: false });
    expect(multipart.get('text/x-shellscript')).toMatch(/^#!\/bin\/sh\n/);
    expect(text('multipart.txt').trimEnd()).toMatch(/--==imds-probe==--$/);
  });

  it.each([
    ['cloud-config.yaml', cloudConfig.runcmd[0] ?? ''],
    ['multipart.txt', multipart.get('text/x-shellscript') ?? ''],
  ])('%s checks the script’s hash before it runs it, and sets what it reads', (_, command) => {
    const hash = command.indexOf('sha256sum -c');
    expect(hash).toBeGreaterThan(command.indexOf('curl'));
    expect(command.indexOf('sh /run/imds-probe-install.sh')).toBeGreaterThan(hash);
    const set = [...command.matchAll(/\b(INSTALL_[A-Z_]+)=/g)].map((match) => match[1] ?? '');
    expect(set).toEqual(['INSTALL_VERSION', 'INSTALL_FROM', 'INSTALL_PUBLIC_KEY']);
    expect(set.filter((name) => !documented.has(name))).toEqual([]);
    const key = /INSTALL_PUBLIC_KEY=(\S+)/.exec(command)?.[1] ?? '';
    // RFC 8410: 12 bytes say Ed25519, 32 are the key.
    expect(Buffer.from(key, 'base64').subarray(0, 12).toString('hex')).toBe('302a300506032b6570032100');
    expect(Buffer.from(key, 'base64')).toHaveLength(44);
  });
});
