// Says a repeated error now and then, with how often it was held back meanwhile. Pure.

interface Entry {
  /** When it was last said, in milliseconds of a monotonic clock. */
  readonly saidMs: number;
  readonly suppressed: number;
}

/** What was said lately, by what it was about. Starts as `NOTHING_SAID`. */
export type Repeats = ReadonlyMap<string, Entry>;

export const NOTHING_SAID: Repeats = new Map();

/** Different errors that are remembered; past that, the one that was quiet longest is said anew when it returns. */
const MAX_KEYS = 100;

export interface Admission {
  readonly repeats: Repeats;
  readonly say: boolean;
  /** How often it was held back since it was last said. */
  readonly suppressed: number;
}

/** Whether to say it: when it is new, and then once in `everyMs`. */
export function admit(repeats: Repeats, key: string, nowMs: number, everyMs: number): Admission {
  const before = repeats.get(key);
  const say = before === undefined || nowMs - before.saidMs >= everyMs;
  const suppressed = before?.suppressed ?? 0;
  const entry = say
    ? { saidMs: nowMs, suppressed: 0 }
    : { saidMs: before.saidMs, suppressed: suppressed + 1 };
  const others = [...repeats].filter(([other]) => other !== key);
  return { repeats: new Map([...others.slice(-(MAX_KEYS - 1)), [key, entry]]), say, suppressed };
}

/** Forgets everything whose key begins so: it is over, and news when it comes back. */
export function forget(repeats: Repeats, prefix: string): Repeats {
  return new Map([...repeats].filter(([key]) => !key.startsWith(prefix)));
}
