// The flight recorder: what each cycle measured and found, on disk in one transaction; in memory while the disk refuses.

import fs from 'node:fs';
import path from 'node:path';
import type { TellAgentEvent } from '../core/agent-event.ts';
import type { CycleSummary, FindingEvent, FlightRecorder } from '../core/history.ts';
import type { ClockPort } from '../core/ports.ts';
import { type BacklogLimits, createBacklog } from './backlog.ts';
import { type Disk, openDisk } from './disk.ts';
import { closeQuietly, type Held, stillThere, takeLock } from './lock.ts';
import { loadSqlite, type Sqlite } from './sqlite.ts';
import { DiskTrouble, type TroubleKind, troubleOf } from './trouble.ts';

export interface RecorderOptions {
  /** `--state-dir`: made where it is missing. */
  readonly dir: string;
  readonly clock: Pick<ClockPort, 'wallMs'>;
  /** Hears once of every trouble with the disk, and once when it is over. */
  readonly tell: TellAgentEvent;
  readonly limits?: BacklogLimits;
}

/** The people in the agent's group may look inside; nobody else. */
const FOLDER_MODE = 0o750;
/** Cycles, and as many events, that wait in memory for a disk; then the oldest go. Metrics are bounded on their own. */
const WAITING = 20_000;

/** What is open of the folder. */
interface Store {
  readonly lock: Held;
  disk: Disk | null;
}

export async function openRecorder(options: RecorderOptions): Promise<FlightRecorder> {
  return createRecorder(options, await loadSqlite());
}

/** @param sqlite null where this Node has none: then everything is in memory, and told so */
export function createRecorder(options: RecorderOptions, sqlite: Sqlite | null): FlightRecorder {
  const { dir, tell } = options;
  const backlog = createBacklog(options.limits);
  let cycles: CycleSummary[] = [];
  let events: FindingEvent[] = [];
  let instance: string | null = null;
  let store: Store | null = null;
  /** The file whose rows are in the backlog. */
  let known: number | null = null;
  let trouble: DiskTrouble | null = null;

  const open = (damage?: DiskTrouble): Disk => {
    if (sqlite === null) throw new DiskTrouble('unsupported', 'this Node.js was built without SQLite');
    if (store === null) {
      makeFolder(path.resolve(dir));
      store = { lock: takeLock(sqlite, dir), disk: null };
    }
    if (store.disk !== null && damage === undefined) return store.disk;
    store.disk?.close();
    store.disk = null;
    const disk = openDisk({ sqlite, dir, wallMs: options.clock.wallMs }, damage);
    store.disk = disk;
    if (disk.left.inode !== known) backlog.adopt(disk.left.rows, disk.left.dropped);
    if (disk.left.inode !== disk.inode) backlog.unsaved();
    known = disk.inode;
    if (disk.remark !== null) tell({ type: 'trouble', what: 'recorder (set aside)', detail: disk.remark });
    return disk;
  };

  const write = (disk: Disk): void => {
    if (store !== null) stillThere(store.lock);
    disk.write({ outbox: backlog.changes(), cycles, events, instance });
    backlog.saved();
    cycles = [];
    events = [];
  };

  /** Lets go of what can't be trusted any more after a trouble. */
  const letGo = ({ kind }: DiskTrouble): void => {
    if (kind === 'full' || kind === 'busy') return;
    store?.disk?.close();
    if (store !== null) store.disk = null;
    if (kind !== 'gone' || store === null) return;
    closeQuietly(store.lock.db);
    store = null;
    backlog.unsaved();
  };

  const attempt = (): DiskTrouble | null => {
    try {
      write(open());
      return null;
    } catch (error) {
      const met = explained(error, dir);
      letGo(met);
      return met;
    }
  };

  /** What was found damaged or gone has its place taken at once, so that nothing has to wait for the next cycle. */
  const again = (met: DiskTrouble): DiskTrouble | null => {
    try {
      if (met.kind === 'damaged' || met.kind === 'foreign') write(open(met));
      else if (met.kind === 'gone') write(open());
      else return met;
      if (met.kind === 'gone')
        tell({ type: 'trouble', what: 'recorder (gone)', detail: `${met.message}; it was made anew` });
      return null;
    } catch (error) {
      const next = explained(error, dir);
      letGo(next);
      return next;
    }
  };

  /** Brings the disk to what memory has. */
  const sync = (): void => {
    const first = attempt();
    const met = first === null ? null : again(first);
    if (met === null && trouble !== null)
      tell({ type: 'recovered', what: whatOf(trouble.kind), detail: `${dir} takes what is measured again` });
    if (met !== null && met.kind !== trouble?.kind)
      tell({
        type: 'trouble',
        what: whatOf(met.kind),
        detail: `${met.message}; what is measured is kept in memory until that is over`,
      });
    trouble = met;
  };

  const close = (): void => {
    sync();
    store?.disk?.close();
    if (store !== null) closeQuietly(store.lock.db);
    store = null;
    backlog.close();
  };

  sync();
  return {
    outbox: {
      add(timestamp, metrics) {
        backlog.add(timestamp, metrics);
        sync();
      },
      newest: backlog.newest,
      accepted(ids) {
        backlog.accepted(ids);
        sync();
      },
      rejected(ids, why) {
        backlog.rejected(ids, why);
        sync();
      },
      depth: backlog.depth,
      close,
    },
    record(cycle) {
      backlog.add(cycle.timestamp, cycle.metrics);
      cycles = [...cycles.slice(1 - WAITING), cycle.summary];
      events = [...events, ...cycle.events].slice(-WAITING);
      if (cycle.instance.instanceId !== null) instance = JSON.stringify(cycle.instance);
      sync();
    },
    close,
  };
}

/** With its parents. Node's own way of that never ends below /proc, where nothing can be made and the parent is there. */
function makeFolder(dir: string): void {
  try {
    fs.mkdirSync(dir, { mode: FOLDER_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = path.dirname(dir);
    if (fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) return;
    if (code !== 'ENOENT' || fs.existsSync(parent)) throw error;
    makeFolder(parent);
    fs.mkdirSync(dir, { mode: FOLDER_MODE });
  }
}

const whatOf = (kind: TroubleKind): string => `recorder (${kind})`;

/** SQLite's "can't open" and "I/O error" do not say why; the folder often does. */
function explained(error: unknown, dir: string): DiskTrouble {
  const met = troubleOf(error);
  if (met.kind !== 'failing') return met;
  try {
    if (!fs.statSync(dir).isDirectory()) return new DiskTrouble('failing', `${dir} is not a folder`);
    fs.accessSync(dir, fs.constants.W_OK | fs.constants.X_OK);
    if (fs.statfsSync(dir).bavail === 0) return new DiskTrouble('full', `no space is left in ${dir}`);
  } catch (cause) {
    const told = troubleOf(cause);
    if (told.kind !== 'failing') return told;
  }
  return met;
}
