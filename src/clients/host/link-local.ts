// Asks the network driver how many packets to link-local services it dropped: ENA counts them, and only ethtool shows it.
import { existsSync, readdirSync } from 'node:fs';
import type { LinkLocalDrops } from '../../core/link-local.ts';
import { LINK_LOCAL_COUNTER } from '../../facts/link-local.ts';
import { runBounded } from './chain/run-process.ts';
import { onPath, whyNotRun } from './program.ts';

export interface LinkLocalOptions {
  /** PATH to look for ethtool on. */
  readonly path: string;
  /** In front of /sys; tests give a folder of their own. */
  readonly root: string;
  readonly monotonicMs: () => number;
}

/** Where ethtool is when it is not on the PATH of whoever is no administrator. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];
/** The statistics of ENA with 32 queues are 40 KiB. */
const MAX_OUTPUT_BYTES = 256 * 1024;
const TIMEOUT_MS = 1000;
/** An instance has at most 15 network interfaces (EC2 User Guide, "Maximum IP addresses per network interface"). */
const MAX_INTERFACES = 16;
/** In a container every interface is virtual, and none counts; a look at a few is enough. */
const MAX_VIRTUAL = 2;
/** IFNAMSIZ is 16 with its NUL; a name that begins with a hyphen would be an option. */
const INTERFACE_NAME = /^[\w.@:][\w.@:-]{0,14}$/;

/** A child process for each look: an agent with a cycle of a second does not take one in each. */
const APART_MS = 10_000;
/** Where nothing counts, a driver may still be loaded later. */
const EMPTY_APART_MS = 3_600_000;

export interface LinkLocalWatch {
  /**
   * Never rejects. `growth` is since the last call that looked; null for the first, and where this one did not look
   * because the last was a moment ago. `now` looks all the same.
   */
  look(signal: AbortSignal, now: boolean): Promise<LinkLocalDrops>;
}

const notSeen = (detail: string): LinkLocalDrops => ({ total: null, growth: null, interfaces: [], detail });

export function createLinkLocalWatch(options: LinkLocalOptions): LinkLocalWatch {
  let before: ReadonlyMap<string, number> = new Map();
  let seen: LinkLocalDrops | null = null;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    async look(signal, now) {
      const nowMs = options.monotonicMs();
      const urgent = now && seen?.total !== null;
      if (seen !== null && nowMs < nextMs && !urgent) return { ...seen, growth: null };
      const read = await readCounters(options, signal);
      seen = typeof read === 'string' ? notSeen(read) : summed(read, before);
      if (typeof read !== 'string') before = read;
      nextMs = nowMs + (seen.total === null ? EMPTY_APART_MS : APART_MS);
      return seen;
    },
  };
}

/** A counter that went back began anew with its driver: all of it has grown since. New interfaces tell nothing. */
function summed(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): LinkLocalDrops {
  const known = [...now].filter(([name]) => before.has(name));
  const grown = known.map(([name, dropped]) => {
    const earlier = before.get(name) ?? 0;
    return dropped < earlier ? dropped : dropped - earlier;
  });
  return {
    total: [...now.values()].reduce((sum, dropped) => sum + dropped, 0),
    growth: known.length === 0 ? null : grown.reduce((sum, dropped) => sum + dropped, 0),
    interfaces: [...now].map(([name, dropped]) => ({ name, dropped })),
    detail: null,
  };
}

/** The counters by interface, or why there are none. */
async function readCounters(
  { path, root }: LinkLocalOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | string> {
  const program = onPath('ethtool', path, SYSTEM_FOLDERS);
  if (program === null) return 'ethtool is not installed';
  const doubt = whyNotRun(program);
  if (doubt !== null) return `ethtool is not asked: ${doubt}`;
  const names = interfacesBelow(root);
  if (names.length === 0) return 'no network interface is seen';
  const counters = await Promise.all(
    names.map(async (name) => [name, await counterOf(program, name, path, signal)] as const),
  );
  const counting = counters.filter((entry): entry is readonly [string, number] => entry[1] !== null);
  return counting.length === 0 ? 'no network driver here counts them; ENA does' : new Map(counting);
}

function interfacesBelow(root: string): readonly string[] {
  const folder = `${root}/sys/class/net`;
  try {
    const names = readdirSync(folder).filter((name) => name !== 'lo' && INTERFACE_NAME.test(name));
    const devices = names.filter((name) => existsSync(`${folder}/${name}/device`));
    return devices.length > 0 ? devices.slice(0, MAX_INTERFACES) : names.slice(0, MAX_VIRTUAL);
  } catch {
    return [];
  }
}

async function counterOf(
  program: string,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<number | null> {
  const output = await runBounded(
    [program, '-S', name],
    {
      environment: { PATH: path, LC_ALL: 'C' },
      user: null,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_OUTPUT_BYTES,
    },
    signal,
  );
  const text = COUNTER.exec(output.text ?? '')?.[1];
  const count = Number(text);
  return text !== undefined && Number.isSafeInteger(count) ? count : null;
}

const COUNTER = new RegExp(`^\\s*${LINK_LOCAL_COUNTER}:\\s*(\\d{1,16})\\s*$`, 'm');
