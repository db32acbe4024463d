// Names and their addresses: an address itself, hosts(5), localhost; and what net.connect is told.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { addressesOf, lookupAddress, NOT_ASKED } from '../../src/clients/names.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-hosts-'));
const hostsFile = path.join(folder, 'hosts');
writeFileSync(
  hostsFile,
  [
    '# 127.0.0.9 commented.example',
    '127.0.0.1\tlocalhost.example  sts.example STS.Upper.example # a comment',
    '  fd00::1 sts.example',
    'nonsense bad.example',
    '127.0.0.2 sts.example',
  ].join('\n'),
);
const { signal } = new AbortController();

it.each<[string, readonly string[]]>([
  ['192.0.2.1', ['192.0.2.1']],
  ['fd00:ec2::254', ['fd00:ec2::254']],
  ['sts.example', ['127.0.0.1', '127.0.0.2', 'fd00::1']],
  ['STS.example.', ['127.0.0.1', '127.0.0.2', 'fd00::1']],
  ['sts.upper.example', ['127.0.0.1']],
  ['localhost', ['127.0.0.1', '::1']],
  ['app.localhost', ['127.0.0.1', '::1']],
])('%s', async (name, addresses) => {
  expect(await addressesOf(name, signal, { hostsFile })).toEqual(addresses);
});

// The guard of the tests lets no question out to the machine's name server: it is a server that refuses.
it.each(['commented.example', 'bad.example', 'sts.eu-west-1.amazonaws.com'])(
  '%s: nobody tells',
  async (name) => {
    await expect(addressesOf(name, signal, { hostsFile })).rejects.toMatchObject({ code: 'EREFUSED' });
  },
);

it('asks nobody once it was given up', async () => {
  await expect(addressesOf('sts.example.com', AbortSignal.abort(), { hostsFile })).rejects.toMatchObject({
    code: 'ECANCELLED',
  });
});

it('tells net.connect as getaddrinfo(3) would', async () => {
  const told = (name: string, options: object) =>
    new Promise<readonly unknown[]>((resolve) => lookupAddress(name, options, (...args) => resolve(args)));
  expect(await told('127.0.0.1', { all: true })).toEqual([null, [{ address: '127.0.0.1', family: 4 }]]);
  expect(await told('127.0.0.1', {})).toEqual([null, '127.0.0.1', 4]);
  expect((await told('127.0.0.1', { family: 6 }))[0]).toMatchObject({ code: 'ENOTFOUND' });
  expect((await told('sts.eu-west-1.amazonaws.com', {}))[0]).toMatchObject({ code: 'EAI_AGAIN' });
});

it('under --offline looks into hosts(5) only', async () => {
  const offline = { hostsFile, dns: false };
  expect(await addressesOf('sts.example', signal, offline)).toHaveLength(3);
  expect(await addressesOf('localhost', signal, offline)).toEqual(['127.0.0.1', '::1']);
  await expect(addressesOf('sts.example.com', signal, offline)).rejects.toMatchObject({ code: NOT_ASKED });
});
