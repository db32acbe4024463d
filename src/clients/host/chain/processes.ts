// Looks through all processes for credentials in their environment or their Java properties.
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { shownKey } from '../../../chain/profiles.ts';
import type { ProcessCredentials, ProcessRow } from '../../../core/chain.ts';
import { failed, type Result, succeeded } from '../../../core/outcome.ts';
import { javaCredentials } from './java.ts';
import { nulSplit, procText } from './proc.ts';
import { isoTime, type SigningCredentials, signingFromEnvironment } from './secrets.ts';
import { commandName, environmentOf, userOf } from './subject.ts';

/** Rows kept; a machine with more says how many more. */
const MAX_ROWS = 200;
const MAX_PROCESSES = 50_000;
/** Processes looked at before other work gets its turn. */
const BATCH = 64;

interface Tally {
  looked: number;
  hidden: number;
  more: number;
  readonly rows: ProcessRow[];
}

/** Every process but `ownPids`; `keep` takes what its environment would sign with. Kernel threads have neither environment nor command line and are not counted. */
export async function lookThroughProcesses(
  procRoot: string,
  ownPids: readonly number[],
  nowMs: number,
  keep: (pid: number, credentials: SigningCredentials) => void,
  signal: AbortSignal,
): Promise<Result<ProcessCredentials>> {
  let pids: readonly number[];
  try {
    pids = readdirSync(procRoot)
      .filter((name) => /^\d{1,10}$/.test(name))
      .map(Number)
      .filter((pid) => !ownPids.includes(pid))
      .sort((a, b) => a - b)
      .slice(0, MAX_PROCESSES);
  } catch {
    return failed('permission', `${procRoot} cannot be listed`);
  }
  const tally: Tally = { looked: 0, hidden: 0, more: 0, rows: [] };
  for (const [index, pid] of pids.entries()) {
    if (signal.aborted) return failed('response-timeout', 'there was no time to look through all processes');
    lookAt(procRoot, pid, nowMs, tally, keep);
    if (index % BATCH === BATCH - 1) await setImmediate();
  }
  const { rows, ...counts } = tally;
  return succeeded({ asked: true, ...counts, processes: rows });
}

function lookAt(
  procRoot: string,
  pid: number,
  nowMs: number,
  tally: Tally,
  keep: (pid: number, credentials: SigningCredentials) => void,
): void {
  try {
    const commandLine = nulSplit(procText(procRoot, pid, 'cmdline'));
    if (commandLine.length === 0) return;
    const text = environmentText(procRoot, pid);
    tally.looked += 1;
    if (text === null) tally.hidden += 1;
    const environment = environmentOf(text ?? '');
    const row = rowOf(pid, environment, commandLine, nowMs);
    if (row === null) return;
    if (tally.rows.length >= MAX_ROWS) {
      tally.more += 1;
      return;
    }
    const uid = userOf(procText(procRoot, pid, 'status'))?.uid ?? -1;
    tally.rows.push({ ...row, pid, uid, command: commandName(commandLine, procRoot, pid) ?? '?' });
    const signer = row.from === 'environment' ? signingFromEnvironment(environment) : null;
    if (signer !== null) keep(pid, signer);
  } catch {
    // It has ended since it was listed.
  }
}

/** Null where this user may not read it. */
function environmentText(procRoot: string, pid: number): string | null {
  try {
    return procText(procRoot, pid, 'environ');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function rowOf(
  pid: number,
  environment: ReadonlyMap<string, string>,
  commandLine: readonly string[],
  nowMs: number,
): Omit<ProcessRow, 'uid' | 'command'> | null {
  // Java asks its properties first, so where both are set they are what it uses.
  const java = isJava(commandLine) ? javaCredentials(commandLine, environment) : null;
  if (java?.key && java.secretKey) {
    const { key, sessionToken } = java;
    return { pid, from: 'java-properties', key, sessionToken, expiration: null, expired: null };
  }
  const key = shownKey(environment.get('AWS_ACCESS_KEY_ID'));
  if (key === null) return null;
  const expiration = isoTime(environment.get('AWS_CREDENTIAL_EXPIRATION'));
  return {
    pid,
    from: 'environment',
    key,
    sessionToken:
      (environment.get('AWS_SESSION_TOKEN') ?? environment.get('AWS_SECURITY_TOKEN') ?? '') !== '',
    expiration,
    expired: expiration === null ? null : Date.parse(expiration) <= nowMs,
  };
}

/** By the name it was started under; JAVA_TOOL_OPTIONS in a shell's environment makes no JVM of the shell. */
function isJava(commandLine: readonly string[]): boolean {
  return /(^|\/)(java|javaw|jsvc[\w.-]*)$/.test(commandLine[0] ?? '');
}
