// Whose chain is read: this shell, or a process with its own environment, home, root and network.
import { readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { ChainSubject } from '../../../core/chain.ts';
import { failed, type Result, succeeded } from '../../../core/outcome.ts';
import { shownText } from '../../../core/text.ts';
import { nulSplit, procText, statOf } from './proc.ts';
import { type FileUser, type Reach, readWithin } from './reach.ts';

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
  { folder = process.cwd(), onReading }: Partial<Pick<Reach, 'folder' | 'onReading'>> = {},
): Subject {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined) environment.set(name, value);
  return {
    shown: { pid: null, command: null, uid: process.getuid?.() ?? null, home, network: 'same' },
    environment,
    commandLine: [],
    reach: { user: null, root: null, folder, onReading },
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

/**
 * User, group and supplementary groups of /proc/N/status that files are opened with: the effective ones of a daemon
 * that root started; else the real ones, because whoever starts a set-user-id program chooses its environment.
 */
export function userOf(status: string): FileUser | null {
  const numbers = (field: string): readonly number[] =>
    (new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '')
      .split(/\s+/)
      .filter((part) => /^\d+$/.test(part))
      .map(Number);
  const [uids, gids] = [numbers('Uid'), numbers('Gid')];
  const which = uids[0] === 0 ? 1 : 0;
  const [uid, gid] = [uids[which], gids[which]];
  return uid === undefined || gid === undefined ? null : { uid, gid, groups: numbers('Groups') };
}

/** Whether the process has another network than ours; true as well where that may not be seen. */
export const hasOwnNetwork = (procRoot: string, pid: number): boolean => differs(procRoot, pid, 'ns/net');

/** Whether a link below /proc leads elsewhere for the process than for us. */
function differs(root: string, pid: number, name: 'ns/net' | 'ns/mnt' | 'root'): boolean {
  try {
    return readlinkSync(`${root}/${pid}/${name}`) !== readlinkSync(`${root}/self/${name}`);
  } catch {
    // Not permitted to see: take it for another one, so nothing is claimed about it.
    return true;
  }
}

/** The process `pid` as /proc shows it. Fails with `permission` where this user may not look. */
export async function processSubject(
  procRoot: string,
  pid: number,
  onReading?: Reach['onReading'],
): Promise<Result<Subject>> {
  try {
    const stat = statOf(procText(procRoot, pid, 'stat'));
    if (stat.kernelThread) return failed('malformed', `process ${pid} is a thread of the kernel: no program`);
    if (stat.zombie) return failed('malformed', `process ${pid} has ended; only its exit status is left`);
    const subject = await livingSubject(procRoot, pid, onReading);
    // Its number may belong to another process by now.
    return statOf(procText(procRoot, pid, 'stat')).started === stat.started
      ? succeeded(subject)
      : failed('malformed', `process ${pid} has ended`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EACCES' || code === 'EPERM') {
      const why =
        process.geteuid?.() === 0
          ? 'may not be looked at from here, not even by root (a container without CAP_SYS_PTRACE)'
          : 'belongs to another user; run as root to look at it';
      return failed('permission', `process ${pid} ${why}`);
    }
    if (code === 'ENOENT' || code === 'ESRCH') return failed('malformed', `there is no process ${pid}`);
    throw error;
  }
}

async function livingSubject(procRoot: string, pid: number, onReading: Reach['onReading']): Promise<Subject> {
  const user = userOf(procText(procRoot, pid, 'status'));
  const environment = environmentOf(procText(procRoot, pid, 'environ'));
  const commandLine = nulSplit(procText(procRoot, pid, 'cmdline'));
  // A process in a chroot has our mounts, and yet other files.
  const otherFiles = differs(procRoot, pid, 'ns/mnt') || differs(procRoot, pid, 'root');
  const reach: Reach = {
    user: asWhom(user),
    root: otherFiles ? `${procRoot}/${pid}/root` : null,
    folder: linkTarget(`${procRoot}/${pid}/cwd`) ?? '/',
    onReading,
  };
  const home = environment.get('HOME') ?? (await homeInPasswd(reach, user?.uid ?? null));
  const shown: ChainSubject = {
    pid,
    command: commandName(commandLine, procRoot, pid),
    uid: user?.uid ?? null,
    home: home === null ? null : shownText(home),
    network: differs(procRoot, pid, 'ns/net') ? 'not-seen' : 'same',
  };
  return { shown, environment, commandLine, reach, otherFiles };
}

/**
 * The variables of a process, for what is judged by them beside its chain, such as proxies. Empty where they can't be
 * read, or where its network is another one: requests sent from here would not go its way.
 */
export function processVariables(pid: number, procRoot = '/proc'): Readonly<Record<string, string>> {
  try {
    if (differs(procRoot, pid, 'ns/net')) return {};
    return Object.fromEntries(environmentOf(procText(procRoot, pid, 'environ')));
  } catch {
    return {};
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

/**
 * A process's name for people: its program without the path, and never an argument. Programs that write a title over
 * their arguments put all of it where the program's name was, so only its first word is taken.
 */
export function commandName(commandLine: readonly string[], procRoot: string, pid: number): string | null {
  const [first = ''] = (commandLine[0] ?? '').split(' ', 1);
  const name = first.slice(first.lastIndexOf('/') + 1).replace(/:$/, '');
  if (name !== '') return shownText(name, 40);
  try {
    return shownText(procText(procRoot, pid, 'comm').trim(), 40);
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
