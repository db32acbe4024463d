// Whose chain is read: this shell, or a process with its own environment, home, root and network.
import { readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { ChainSubject } from '../../../core/chain.ts';
import { failed, type Result, succeeded } from '../../../core/outcome.ts';
import { shownText } from '../../../core/text.ts';
import { type FileUser, type Reach, readWithin } from './reach.ts';

/** The kernel's own limit on arguments and environment together is larger, but nothing sensible is. */
const MAX_PROC_BYTES = 2 * 1024 * 1024;
const MAX_PASSWD_BYTES = 1024 * 1024;

export interface Subject {
  readonly shown: ChainSubject;
  readonly environment: ReadonlyMap<string, string>;
  readonly commandLine: readonly string[];
  readonly reach: Reach;
  /** True where the process sees other files than we do. */
  readonly otherFiles: boolean;
}

/** This shell: its variables as they were handed to us. `home` null: there is none, so there are no files. */
export function shellSubject(
  variables: Readonly<Record<string, string | undefined>>,
  home: string | null,
): Subject {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined) environment.set(name, value);
  return {
    shown: { pid: null, command: null, uid: process.getuid?.() ?? null, home, network: 'same' },
    environment,
    commandLine: [],
    reach: { user: null, root: null, folder: process.cwd() },
    otherFiles: false,
  };
}

/** The home of this shell: $HOME, else what the user database says; null where it says nothing. */
export function shellHome(variables: Readonly<Record<string, string | undefined>>): string | null {
  const home = variables['HOME'];
  if (home !== undefined && home !== '') return home;
  try {
    return userInfo().homedir;
  } catch {
    return null;
  }
}

/** Text of a file of /proc, read at once as the kernel gives it. Throws the system's error. */
function proc(root: string, pid: number, name: string): string {
  return readFileSync(`${root}/${pid}/${name}`).subarray(0, MAX_PROC_BYTES).toString('utf8');
}

/** Splits what the kernel separates by NUL. */
export const nulSplit = (text: string): readonly string[] =>
  text === '' ? [] : text.replace(/\0+$/, '').split('\0');

/** NAME=value pairs; the first of a name counts, as getenv(3) has it. */
export function environmentOf(text: string): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const entry of nulSplit(text)) {
    const equals = entry.indexOf('=');
    if (equals <= 0) continue;
    const name = entry.slice(0, equals);
    if (!environment.has(name)) environment.set(name, entry.slice(equals + 1));
  }
  return environment;
}

/** User, group and supplementary groups of /proc/N/status: the effective ones, which files are opened with. */
export function userOf(status: string): FileUser | null {
  const numbers = (field: string): readonly number[] =>
    (new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '')
      .split(/\s+/)
      .filter((part) => /^\d+$/.test(part))
      .map(Number);
  const uid = numbers('Uid')[1];
  const gid = numbers('Gid')[1];
  return uid === undefined || gid === undefined ? null : { uid, gid, groups: numbers('Groups') };
}

/** When a process started, in clock ticks since boot (proc(5), field 22): with the pid, who it is. */
const startOf = (stat: string): string => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';

function namespaceDiffers(root: string, pid: number, kind: 'net' | 'mnt'): boolean {
  try {
    return readlinkSync(`${root}/${pid}/ns/${kind}`) !== readlinkSync(`${root}/self/ns/${kind}`);
  } catch {
    // Not permitted to see: take it for another one, so nothing is claimed about it.
    return true;
  }
}

/** The process `pid` as /proc shows it. Fails with `permission` where this user may not look. */
export async function processSubject(procRoot: string, pid: number): Promise<Result<Subject>> {
  try {
    const started = startOf(proc(procRoot, pid, 'stat'));
    const user = userOf(proc(procRoot, pid, 'status'));
    const environment = environmentOf(proc(procRoot, pid, 'environ'));
    const commandLine = nulSplit(proc(procRoot, pid, 'cmdline'));
    const otherFiles = namespaceDiffers(procRoot, pid, 'mnt');
    const reach: Reach = {
      user: asWhom(user),
      root: otherFiles ? `${procRoot}/${pid}/root` : null,
      folder: linkTarget(`${procRoot}/${pid}/cwd`) ?? '/',
    };
    const home = environment.get('HOME') ?? (await homeInPasswd(reach, user?.uid ?? null));
    if (startOf(proc(procRoot, pid, 'stat')) !== started)
      return failed('malformed', `process ${pid} has ended`);
    const shown: ChainSubject = {
      pid,
      command: commandName(commandLine, procRoot, pid),
      uid: user?.uid ?? null,
      home: home === null ? null : shownText(home),
      network: namespaceDiffers(procRoot, pid, 'net') ? 'not-seen' : 'same',
    };
    return succeeded({ shown, environment, commandLine, reach, otherFiles });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EACCES' || code === 'EPERM') {
      return failed('permission', `process ${pid} belongs to another user; run as root to look at it`);
    }
    if (code === 'ENOENT' || code === 'ESRCH') return failed('malformed', `there is no process ${pid}`);
    throw error;
  }
}

/** Files are opened as the process's user where we can become it: as root, and it is not root. */
function asWhom(user: FileUser | null): FileUser | null {
  return user !== null && user.uid !== 0 && process.geteuid?.() === 0 ? user : null;
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** A process's name for people: its program without the path, and for interpreters nothing more. */
export function commandName(commandLine: readonly string[], procRoot: string, pid: number): string | null {
  const first = commandLine[0] ?? '';
  if (first !== '') return shownText(first.slice(first.lastIndexOf('/') + 1), 40);
  try {
    return shownText(proc(procRoot, pid, 'comm').trim(), 40);
  } catch {
    return null;
  }
}

async function homeInPasswd(reach: Reach, uid: number | null): Promise<string | null> {
  if (uid === null) return null;
  const file = await readWithin({ ...reach, user: null }, '/etc/passwd', MAX_PASSWD_BYTES);
  if (file.state !== 'read') return null;
  for (const line of file.bytes.toString('utf8').split('\n')) {
    const fields = line.split(':');
    if (fields[2] === String(uid) && fields[5] !== undefined && fields[5] !== '') return fields[5];
  }
  return null;
}
