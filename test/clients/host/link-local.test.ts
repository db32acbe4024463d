// Dropped packets by a real child process: an ethtool that answers from files, over interfaces of a folder.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { createLinkLocalWatch } from '../../../src/clients/host/link-local.ts';

const { signal } = new AbortController();
let root: string;
let now: number;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'imds-probe-ethtool-'));
  now = 0;
  for (const folder of ['bin', 'counters', 'sys/class/net/lo'])
    mkdirSync(path.join(root, folder), { recursive: true });
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
});

/** Prints what lies in the file of the interface, and notes what it was asked. */
function ethtool(script = `cat ${root}/counters/$2`): void {
  const file = path.join(root, 'bin/ethtool');
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${root}/asked\n${script}\n`);
  chmodSync(file, 0o755);
}

function device(name: string, counters: string | null, physical = true): void {
  mkdirSync(path.join(root, 'sys/class/net', name, ...(physical ? ['device'] : [])), { recursive: true });
  if (counters !== null) writeFileSync(path.join(root, 'counters', name), counters);
}

const ena = (dropped: number): string =>
  `NIC statistics:\n     total_resets: 0\n     bw_in_allowance_exceeded: 99\n     linklocal_allowance_exceeded: ${dropped}\n     conntrack_allowance_available: 7\n`;

const watch = () => createLinkLocalWatch({ path: `${root}/bin:/usr/bin:/bin`, root, monotonicMs: () => now });

it('sums over the interfaces, and tells how much it has grown', async () => {
  ethtool();
  device('ens5', ena(100));
  device('ens6', ena(7));
  const drops = watch();
  expect(await drops.look(signal, false)).toEqual({
    total: 107,
    growth: null,
    interfaces: [
      { name: 'ens5', dropped: 100 },
      { name: 'ens6', dropped: 7 },
    ],
    detail: null,
  });
  device('ens5', ena(112));
  now += 10_000;
  expect(await drops.look(signal, false)).toMatchObject({ total: 119, growth: 12 });
  now += 10_000;
  expect(await drops.look(signal, false)).toMatchObject({ total: 119, growth: 0 });
});

it('does not start a process in every cycle of a second, unless it has to', async () => {
  ethtool();
  device('ens5', ena(1));
  const drops = watch();
  await drops.look(signal, false);
  device('ens5', ena(5));
  now += 9_999;
  expect(await drops.look(signal, false)).toMatchObject({ total: 1, growth: null });
  expect(await drops.look(signal, true)).toMatchObject({ total: 5, growth: 4 });
});

it('takes a counter that went back for one that began anew, and a new interface for no growth', async () => {
  ethtool();
  device('ens5', ena(1000));
  const drops = watch();
  await drops.look(signal, false);
  device('ens5', ena(3));
  device('ens6', ena(500));
  expect(await drops.look(signal, true)).toMatchObject({ total: 503, growth: 3 });
});

it.each<[string, () => void, RegExp]>([
  ['no counter in the driver', () => device('eth0', 'NIC statistics:\n     rx_packets: 3\n'), /ENA does/],
  ['no statistics at all', () => device('eth0', null), /ENA does/],
  [
    'a counter that is no number',
    () => device('eth0', ena(0).replace('exceeded: 0', 'exceeded: many')),
    /ENA/,
  ],
  [
    'a number too large to be counted with',
    () => device('eth0', ena(0).replace(': 0\n     conn', ': 9999999999999999\n     conn')),
    /ENA/,
  ],
  ['no interface', () => undefined, /no network interface/],
])('tells nothing, without noise: %s', async (_, prepare, detail) => {
  ethtool();
  prepare();
  const drops = await watch().look(signal, false);
  expect(drops).toMatchObject({ total: null, growth: null, interfaces: [] });
  expect(drops.detail).toMatch(detail);
});

it('asks a few virtual interfaces where there are no others, as in a container', async () => {
  ethtool();
  device('eth0', ena(4), false);
  expect(await watch().look(signal, false)).toMatchObject({ total: 4 });
  device('ens5', ena(1));
  expect(await watch().look(signal, false)).toMatchObject({ total: 1, interfaces: [{ name: 'ens5' }] });
});

it('passes no name that ethtool would take for an option', async () => {
  ethtool();
  device('-Q', ena(9));
  expect(await watch().look(signal, false)).toMatchObject({ total: null });
});

it.each([
  ['prints without end', 'yes'],
  ['fails', 'exit 1'],
  ['hangs', 'sleep 60'],
])('is not held up by an ethtool that %s', async (_, script) => {
  ethtool(script);
  device('ens5', ena(9));
  expect(await watch().look(signal, false)).toMatchObject({ total: null });
});

it('looks where nothing counts once an hour only', async () => {
  ethtool();
  device('ens5', 'NIC statistics:\n');
  const drops = watch();
  await drops.look(signal, false);
  device('ens5', ena(2));
  now += 3_599_999;
  expect(await drops.look(signal, true)).toMatchObject({ total: null });
  now += 1;
  expect(await drops.look(signal, false)).toMatchObject({ total: 2 });
});
