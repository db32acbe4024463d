// Lists the connections of this machine to the metadata service, and whose they are: from /proc/net/tcp, tcp6 and fd.
import { closeSync, openSync, read, readdirSync, readlinkSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { MetadataSocket } from '../../core/link-local.ts';
import { failed, type Result, succeeded } from '../../core/outcome.ts';
import { shownText } from '../../core/text.ts';
import { IMDS_IPV4_ENDPOINT, IMDS_IPV6_ENDPOINT } from '../../facts/imds.ts';
import { smallText } from './read.ts';

export interface SocketOptions {
  /** In front of /proc; tests give a folder of their own. */
  readonly root: string;
  /** The metadata endpoint in force; the two usual addresses are looked for besides. */
  readonly endpoint: string;
  /** This process, whose own connections are left out. */
  readonly ownPid: number;
}

/** Some 27,000 sockets; beyond that the list is cut. */
const MAX_TABLE_BYTES = 4 * 1024 * 1024;
const MAX_SOCKETS = 2_000;
const MAX_PROCESSES = 20_000;
const MAX_DESCRIPTORS = 200_000;
/** Processes looked at before other work gets its turn. */
const BATCH = 64;

/** include/net/tcp_states.h. What our side has begun to end is nobody's any more. */
const STATES: Readonly<Record<string, MetadataSocket['state']>> = {
  '01': 'open',
  '02': 'opening',
  '04': 'closed',
  '05': 'closed',
  '06': 'closed',
  '08': 'open',
};

interface Entry {
  readonly local: string;
  readonly state: MetadataSocket['state'];
  readonly uid: number;
  readonly inode: string;
}

/** Connections that are not our own. Processes are gone through only where there is one. */
export async function readMetadataSockets(
  options: SocketOptions,
  signal: AbortSignal,
): Promise<Result<readonly MetadataSocket[]>> {
  const remotes = remotesOf(options.endpoint);
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => startOf(`${options.root}/proc/net/${name}`)),
  );
  if (tables.every((table) => table === null)) {
    return failed('permission', 'the list of connections (/proc/net/tcp) cannot be read');
  }
  const own = inodesOf(`${options.root}/proc/${options.ownPid}/fd`);
  const entries = tables
    .flatMap((table) => entriesOf(table ?? '', remotes))
    .filter(({ inode }) => !own.has(inode))
    .slice(0, MAX_SOCKETS);
  const wanted = new Set(entries.map(({ inode }) => inode).filter((inode) => inode !== '0'));
  const owners = wanted.size === 0 ? new Map<string, number>() : await ownersOf(wanted, options.root, signal);
  return succeeded(
    entries.map(({ inode, ...entry }) => {
      const pid = owners.get(inode) ?? null;
      const command = pid === null ? null : smallText(`${options.root}/proc/${pid}/comm`);
      return { ...entry, pid, command: command === null ? null : shownText(command, 40) };
    }),
  );
}

/** Lines of a table of /proc/net: number, local address, remote address, state, queues, timer, retries, user, time-out, inode. */
function entriesOf(table: string, remotes: ReadonlySet<string>): readonly Entry[] {
  const entries: Entry[] = [];
  for (const line of linesWith(table, remotes)) {
    const [, local = '', remote = '', status = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
    const state = STATES[status];
    if (state === undefined || !remotes.has(remote) || !/^\d{1,10}$/.test(uid) || !/^\d{1,20}$/.test(inode))
      continue;
    entries.push({ local, state, uid: Number(uid), inode });
  }
  return entries;
}

/** The lines with one of these words. A busy machine has thousands of others, which are not taken apart. */
function linesWith(table: string, words: ReadonlySet<string>): readonly string[] {
  const starts = new Set<number>();
  for (const word of words) {
    for (let at = table.indexOf(word); at !== -1; at = table.indexOf(word, at + 1))
      starts.add(table.lastIndexOf('\n', at) + 1);
  }
  return [...starts].sort((a, b) => a - b).map((start) => table.slice(start).split('\n', 1)[0] ?? '');
}

/** Addresses as the kernel prints them: words of 32 bits in the machine's own byte order, then the port. */
function remotesOf(endpoint: string): ReadonlySet<string> {
  const remotes = new Set<string>();
  for (const url of [endpoint, IMDS_IPV4_ENDPOINT, IMDS_IPV6_ENDPOINT]) {
    if (!URL.canParse(url)) continue;
    const { hostname, port, protocol } = new URL(url);
    const number = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
    const tail = `:${number.toString(16).toUpperCase().padStart(4, '0')}`;
    for (const bytes of bytesOf(hostname.replace(/^\[|\]$/g, ''))) remotes.add(words(bytes) + tail);
  }
  return remotes;
}

/** The bytes of an address; for IPv4 also those it has in an IPv6 socket. Nothing for a name. */
function bytesOf(address: string): readonly (readonly number[])[] {
  if (isIPv4(address)) {
    const four = address.split('.').map(Number);
    return [four, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...four]];
  }
  if (!address.includes(':')) return [];
  // URL has already written an embedded IPv4 address in hexadecimal.
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const zeros = new Array<number>(Math.max(0, 8 - front.length - back.length)).fill(0);
  return [[...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 255])];
}

function words(bytes: readonly number[]): string {
  const text: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    if (endianness() === 'LE') word.reverse();
    text.push(...word.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')));
  }
  return text.join('');
}

/**
 * The kernel hands out a page of whole lines at a time, of 4 KiB or more. With less than that there was no other line;
 * to be told so it would go through its whole table again.
 */
const NOT_A_PAGE_BYTES = 4096 - 256;

/**
 * As much of a table of /proc/net as is read at most; null where it can't be. Not at once: the kernel takes its time for
 * these, and the requests that are under way must not wait for it. (`node:fs/promises` would take longer to load.)
 */
async function startOf(path: string): Promise<string | null> {
  const chunks: Buffer[] = [];
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    for (let length = 0; length < MAX_TABLE_BYTES; ) {
      const { bytesRead, buffer } = await promisify(read)(file, { buffer: Buffer.allocUnsafe(64 * 1024) });
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
      if (bytesRead < NOT_A_PAGE_BYTES) break;
    }
    return Buffer.concat(chunks).toString('latin1');
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

function entriesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Gone, or another user's.
    return [];
  }
}

/** The inodes of a process's sockets; empty where this user may not see. */
function inodesOf(folder: string): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const name of entriesIn(folder)) {
    const inode = inodeAt(`${folder}/${name}`);
    if (inode !== null) inodes.add(inode);
  }
  return inodes;
}

function inodeAt(link: string): string | null {
  try {
    return /^socket:\[(\d{1,20})\]$/.exec(readlinkSync(link))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Which process holds each socket; of several, the one with the smallest pid. Those not found are another user's. */
async function ownersOf(
  wanted: ReadonlySet<string>,
  root: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const owners = new Map<string, number>();
  const pids = entriesIn(`${root}/proc`)
    .filter((name) => /^\d{1,10}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .slice(0, MAX_PROCESSES);
  let descriptors = 0;
  for (const [index, pid] of pids.entries()) {
    if (signal.aborted || descriptors > MAX_DESCRIPTORS || owners.size === wanted.size) break;
    const folder = `${root}/proc/${pid}/fd`;
    for (const name of entriesIn(folder)) {
      descriptors += 1;
      const inode = inodeAt(`${folder}/${name}`);
      if (inode !== null && wanted.has(inode) && !owners.has(inode)) owners.set(inode, pid);
    }
    if (index % BATCH === BATCH - 1) await setImmediate();
  }
  return owners;
}
