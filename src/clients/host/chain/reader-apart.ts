// Has the chain read by a process of its own where a file of it may never answer, or where it is another process's: what
// belongs to others is as they want it. The shell's own chain on this machine's disks is read at once.
import { failed, type Result } from '../../../core/outcome.ts';
import { shownText } from '../../../core/text.ts';
import type { Apart, ApartEnd, ApartLimits } from '../apart.ts';
import { networkEntrance } from './namespace.ts';
import { FarFile } from './reach.ts';
import { type ChainSettings, type ProcessesRead, readWorld, type WorldRead } from './read-world.ts';
import { hasOwnNetwork } from './subject.ts';

/** For the files of a shell; whatever else takes long (a program, a network) has limits of its own. */
const FILES_MS = 3000;

export interface ApartReader {
  world(signal: AbortSignal): Promise<WorldRead>;
  processes(signal: AbortSignal): Promise<ProcessesRead>;
}

export function readApart(settings: ChainSettings, wallMs: () => number, apart: Apart): ApartReader {
  const plain: ChainSettings = { ...settings, folder: process.cwd(), ownPids: [process.pid] };
  const world = oneAtATime<'world'>();
  const processes = oneAtATime<'processes'>();
  let far = settings.pid !== null;
  return {
    async world(signal) {
      if (!far) {
        try {
          return await readWorld({ ...settings, wallMs }, {}, signal);
        } catch (error) {
          if (!(error instanceof FarFile)) throw error;
          // For good: what is read from there once is read from there again.
          far = true;
        }
      }
      const end = await world(() => worldApart(plain, apart, signal));
      return end.state === 'answered' ? end.value : { world: unread(end, settings.pid), signing: new Map() };
    },
    async processes(signal) {
      const end = await processes(() => apart('processes', plain, { signal }));
      return end.state === 'answered' ? end.value : { processes: unread(end, null), signing: new Map() };
    },
  };
}

async function worldApart(
  settings: ChainSettings,
  apart: Apart,
  signal: AbortSignal,
): Promise<ApartEnd<'world'>> {
  const { pid, procRoot = '/proc', runCredentialProcess } = settings;
  const limits: ApartLimits =
    pid !== null || runCredentialProcess ? { signal } : { signal, withinMs: FILES_MS };
  const through = pid !== null && hasOwnNetwork(procRoot, pid) ? networkEntrance(pid) : null;
  if (through !== null) {
    const end = await apart('world', { ...settings, entered: true }, { ...limits, through });
    // It may not be entered: then its network is not seen, and the rest is.
    if (end.state !== 'failed') return end;
  }
  return await apart('world', { ...settings, networkCommand: null }, limits);
}

/** While one that was left behind still stands there, no further one is sent after it. */
function oneAtATime<K extends 'world' | 'processes'>() {
  let left: Extract<ApartEnd<K>, { readonly state: 'silent' }> | null = null;
  return async (ask: () => Promise<ApartEnd<K>>): Promise<ApartEnd<K>> => {
    if (left !== null) return left;
    const end = await ask();
    if (end.state === 'silent') {
      left = end;
      void end.over.then(() => {
        left = null;
      });
    }
    return end;
  };
}

function unread(
  end: Exclude<ApartEnd<'world' | 'processes'>, { readonly state: 'answered' }>,
  pid: number | null,
): Result<never> {
  if (end.state === 'failed') return failed('permission', 'the process that reads it could not be started');
  if (end.path === null) {
    const whose = pid === null ? 'what belongs to other processes' : `process ${pid}`;
    return failed('response-timeout', `${whose} could not be read within the deadline`);
  }
  // Whatever looks for credentials there stands still as well: that is the cause that is looked for.
  return failed(
    'response-timeout',
    `${shownText(end.path)}: its file system does not answer, and every program that reads it waits`,
  );
}
