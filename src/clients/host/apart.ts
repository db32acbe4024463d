// Has something read by a process of its own: opening a file can take for ever where its server is gone or its owner
// wants it so, no thread comes back from that, and a process whose thread does not come back can't even end.
//
// The process is this program again, with a channel to it that nobody else has; credentials pass through that only.
import type { ChildProcess } from 'node:child_process';
import type { FileRead } from '../../core/host.ts';
import type { ChainSettings, ProcessesRead, WorldRead } from './chain/read-world.ts';

/** The argument that `main` tells such a process by. */
export const APART = 'read-apart';

export interface ApartTasks {
  readonly file: { readonly path: string; readonly limitBytes: number };
  readonly world: ChainSettings;
  readonly processes: ChainSettings;
}

export interface ApartAnswers {
  readonly file: FileRead;
  readonly world: WorldRead;
  readonly processes: ProcessesRead;
}

export type ApartTask = {
  [K in keyof ApartTasks]: { readonly kind: K; readonly task: ApartTasks[K] };
}[keyof ApartTasks];

/** What the process says: which path it is about to read, and at last the answer. */
export type ApartWord = { readonly reading: string } | { readonly answer: unknown };

export type Apart = <K extends keyof ApartTasks>(
  kind: K,
  task: ApartTasks[K],
  limits: ApartLimits,
) => Promise<ApartEnd<K>>;

export interface ApartLimits {
  readonly signal: AbortSignal;
  /** Milliseconds; left out, only the signal ends it. */
  readonly withinMs?: number;
  /** A program that starts it, such as nsenter(1) with its arguments. */
  readonly through?: readonly string[];
}

/** `silent`: it was left behind, at `path` where it said so; `over` resolves once it has ended after all. */
export type ApartEnd<K extends keyof ApartTasks> =
  | { readonly state: 'answered'; readonly value: ApartAnswers[K] }
  | { readonly state: 'silent'; readonly path: string | null; readonly over: Promise<void> }
  | { readonly state: 'failed' };

/** `command` starts this program: Node and its script. */
export function createApart(command: readonly string[]): Apart {
  return async (kind, task, limits) => {
    const { spawn } = await import('node:child_process');
    const [file = '', ...parameters] = [...(limits.through ?? []), ...command, APART];
    const child = spawn(file, parameters, {
      cwd: '/',
      // Not even what Node keeps for itself is looked for in a home.
      env: { ...ownVariables(), HOME: '/nonexistent' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    return await settled(child, { kind, task } as ApartTask, limits);
  };
}

/** What Node, the loader and the tests need; nobody's credentials. */
const OWN = /^(PATH$|LANG$|LC_|LD_|NODE_|OPENSSL_|SSL_CERT_|IMDS_PROBE_TEST_)/;

const ownVariables = (): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => OWN.test(name)));

function settled<K extends keyof ApartTasks>(
  child: ChildProcess,
  task: ApartTask,
  { signal, withinMs }: ApartLimits,
): Promise<ApartEnd<K>> {
  const { promise, resolve } = Promise.withResolvers<ApartEnd<K>>();
  let path: string | null = null;
  let ended = false;
  const over = new Promise<void>((done) => {
    child.once('exit', () => done());
  });
  const end = (how: ApartEnd<K>): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    if (child.connected) child.disconnect();
    child.unref();
    resolve(how);
  };
  const leave = (): void => {
    child.kill('SIGKILL');
    end({ state: 'silent', path, over });
  };
  // With its channel gone it ends by itself, and takes along what it started; but not where it is stuck.
  const onAbort = (): void => {
    if (child.connected) child.disconnect();
    timer = setTimeout(leave, PARTING_MS);
  };
  let timer = withinMs === undefined ? undefined : setTimeout(leave, withinMs);
  child.on('message', (word: ApartWord) => {
    if ('reading' in word) path = word.reading;
    else end({ state: 'answered', value: word.answer as ApartAnswers[K] });
  });
  child.on('error', () => end({ state: 'failed' }));
  child.once('exit', () => end(signal.aborted ? { state: 'silent', path, over } : { state: 'failed' }));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  child.send(task, () => undefined);
  return promise;
}

const PARTING_MS = 100;
