// The reader of the credential chain: what was read in a cycle, and what signs with it. Secrets go no further than
// `src/clients`.
import type { ChainSourceName, ChainWorld, ProcessCredentials } from '../../../core/chain.ts';
import { type Result, succeeded } from '../../../core/outcome.ts';
import type { Apart } from '../apart.ts';
import {
  type ChainSettings,
  type ProcessesRead,
  readProcesses,
  readWorld,
  type WorldRead,
} from './read-world.ts';
import { readApart } from './reader-apart.ts';
import type { SigningCredentials } from './secrets.ts';

export interface ChainReaderOptions extends ChainSettings {
  readonly wallMs: () => number;
  /** Reads what may never answer; null: everything is read by this process. */
  readonly apart?: Apart | null;
}

export interface ChainReader {
  beginCycle(): void;
  world(signal: AbortSignal): Promise<Result<ChainWorld>>;
  processes(signal: AbortSignal): Promise<Result<ProcessCredentials>>;
  /** What signs for a source of the world last read; null where we hold nothing for it. Only `src/clients` may ask. */
  signing(source: ChainSourceName): SigningCredentials | null;
  /** The same for what a process carries in its environment. */
  processSigning(pid: number): SigningCredentials | null;
}

export function createChainReader(options: ChainReaderOptions): ChainReader {
  const { wallMs, apart = null, ...settings } = options;
  const source = apart === null ? readHere(options) : readApart(settings, wallMs, apart);
  let cycle: Promise<WorldRead> | null = null;
  let last: WorldRead | null = null;
  let carried: ProcessesRead['signing'] = new Map();
  return {
    beginCycle() {
      cycle = null;
      last = null;
      carried = new Map();
    },
    async world(signal) {
      cycle ??= source.world(signal);
      last = await cycle;
      return last.world;
    },
    async processes(signal) {
      if (!options.allProcesses) {
        return succeeded({ asked: false, looked: 0, hidden: 0, processes: [], more: 0 });
      }
      const read = await source.processes(signal);
      carried = read.signing;
      return read.processes;
    },
    signing: (name) => last?.signing.get(name) ?? null,
    processSigning: (pid) => carried.get(pid) ?? null,
  };
}

const readHere = (options: ChainReaderOptions): ReturnType<typeof readApart> => ({
  world: (signal) => readWorld(options, {}, signal),
  processes: (signal) => readProcesses(options, signal),
});
