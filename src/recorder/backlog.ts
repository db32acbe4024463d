// What CloudWatch has not accepted yet, in memory. This is the truth; where there is a disk, the disk follows it.
import { type Datum, lossReported, type Outbox } from '../core/publishing.ts';
import type { Metric } from '../core/report.ts';
import { pack, type Slot, unpack } from './packed.ts';

export interface BacklogLimits {
  /** Most bytes held; 16 MB unless told. */
  readonly maxBytes?: number;
  /** Oldest data held, in seconds; 13 days unless told: CloudWatch takes none that are older than 14. */
  readonly maxAgeSeconds?: number;
}

/** The metrics of one cycle. */
export interface Row {
  /** Rising from cycle to cycle. */
  readonly number: number;
  readonly timestamp: number;
  /** Metrics in it that are not settled. */
  readonly pending: number;
  readonly text: string;
}

/** What the disk does not know yet. */
export interface Changes {
  /** Nothing on the disk is to be relied on: `changed` are all rows there are. */
  readonly rewrite: boolean;
  readonly changed: readonly Row[];
  readonly removed: readonly number[];
  readonly dropped: number;
}

/** A row, and whether the disk has it in some form. */
type Held = Row & { stored: boolean };

export interface Backlog extends Outbox {
  /** Takes in rows of an earlier run, as older than all it has, with the loss that run did not report. */
  adopt(rows: readonly Row[], dropped: number): void;
  changes(): Changes;
  /** The disk has all of it. */
  saved(): void;
  /** The disk has lost all of it. */
  unsaved(): void;
}

const MAX_BYTES = 16_000_000;
const MAX_AGE_SECONDS = 13 * 86_400;
/** What a row takes beside its text, in memory and on disk alike. */
const ROW_BYTES = 64;
/** An id is its row's number and its place in the row. */
const PLACES = 1024;
/** Rows of an earlier run may turn up later, and are older: there is room below. */
const FIRST_NUMBER = 2 ** 32;
/** Clocks jump. Data are given up for their age only where so many cycles agree on what time it is. */
const AGREEING_CYCLES = 30;

export function createBacklog(limits: BacklogLimits = {}): Backlog {
  const maxBytes = limits.maxBytes ?? MAX_BYTES;
  const maxAgeSeconds = limits.maxAgeSeconds ?? MAX_AGE_SECONDS;
  /** Rising by number. */
  let rows: Held[] = [];
  let nextNumber = FIRST_NUMBER;
  /** Lowest number this run has given to data: ids from there on may be in somebody's hands. */
  let lowestGiven: number | null = null;
  let bytes = 0;
  let pending = 0;
  let dropped = 0;
  let recent: readonly number[] = [];
  let rewrite = true;
  const changed = new Set<number>();
  const removed = new Set<number>();

  const forgetRow = (row: Held): void => {
    bytes -= sizeOf(row);
    pending -= row.pending;
    changed.delete(row.number);
    if (row.stored) removed.add(row.number);
  };

  const addRow = (timestamp: number, slots: readonly Slot[]): void => {
    lowestGiven ??= nextNumber;
    const number = nextNumber++;
    const row = { number, timestamp, pending: slots.length, text: pack(slots), stored: false };
    rows.push(row);
    bytes += sizeOf(row);
    pending += row.pending;
    changed.add(row.number);
  };

  const lose = (count: number): void => {
    dropped += count;
  };

  const giveUpOldest = (count: number): void => {
    for (const row of rows.splice(0, count)) {
      forgetRow(row);
      const lost = (unpack(row.text) ?? []).filter((slot) => slot !== null);
      lose(lost.length + lossReported(lost));
    }
  };

  const makeRoom = (): void => {
    const oldest = recent.length < AGREEING_CYCLES ? 0 : Math.min(...recent) - maxAgeSeconds;
    let count = 0;
    for (let left = bytes; count < rows.length; count++) {
      const row = rows[count];
      if (row === undefined || (left <= maxBytes && row.timestamp >= oldest)) break;
      left -= sizeOf(row);
    }
    if (count > 0) giveUpOldest(count);
  };

  /** Position of the row of this number, or where it would be. */
  const position = (number: number): number => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((rows[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const changedRows = (): readonly Held[] => [...changed].flatMap((number) => rows[position(number)] ?? []);

  /** Takes out what `ids` name; ids that are settled already name nothing. */
  const takeOut = (ids: readonly number[]): readonly Metric[] => {
    const taken: Metric[] = [];
    for (const [number, places] of byRow(ids)) {
      const at = position(number);
      const row = rows[at];
      if (row?.number !== number) continue;
      const slots = unpack(row.text) ?? [];
      const metrics = slots.filter((slot, place): slot is Metric => slot !== null && places.has(place));
      if (metrics.length === 0) continue;
      taken.push(...metrics);
      forgetRow(row);
      if (metrics.length === row.pending) {
        rows.splice(at, 1);
        continue;
      }
      const left = slots.map((slot, place) => (places.has(place) ? null : slot));
      const rest = { ...row, pending: row.pending - metrics.length, text: pack(left) };
      rows[at] = rest;
      bytes += sizeOf(rest);
      pending += rest.pending;
      removed.delete(number);
      changed.add(number);
    }
    return taken;
  };

  return {
    add(timestamp, metrics) {
      lose(-lossReported(metrics));
      for (let from = 0; from < metrics.length; from += PLACES)
        addRow(timestamp, metrics.slice(from, from + PLACES));
      recent = [...recent.slice(1 - AGREEING_CYCLES), timestamp];
      makeRoom();
    },
    newest(limit, before = Number.POSITIVE_INFINITY) {
      const page: Datum[] = [];
      for (let index = startBelow(before); index >= 0 && page.length < limit; index--) {
        const row = rows[index];
        if (row === undefined) continue;
        const slots = unpack(row.text) ?? [];
        for (let place = slots.length - 1; place >= 0 && page.length < limit; place--) {
          const metric = slots[place];
          const id = row.number * PLACES + place;
          if (metric !== null && metric !== undefined && id < before)
            page.push({ id, timestamp: row.timestamp, metric });
        }
      }
      return page;
    },
    accepted(ids) {
      takeOut(ids);
    },
    rejected(ids) {
      const lost = takeOut(ids);
      lose(lost.length + lossReported(lost));
    },
    depth() {
      return { pending, oldestTimestamp: rows[0]?.timestamp ?? null, dropped: Math.max(0, dropped) };
    },
    close() {
      rows = [];
      bytes = 0;
      pending = 0;
    },
    adopt(older, lost) {
      const last = older.at(-1)?.number ?? 0;
      const top = lowestGiven ?? Number.POSITIVE_INFINITY;
      const fits = last < top;
      const fresh = lowestGiven === null && rows.length === 0;
      removed.clear();
      const taken: Held[] = [];
      for (const [index, row] of older.entries()) {
        const count = dataIn(row);
        const number = fits ? row.number : top - older.length + index;
        if (count > 0) taken.push({ ...row, number, pending: count, stored: fits });
        else removed.add(row.number);
        // What can't be read any more is as many data as it was said to be.
        if (count < 0) lose(Math.min(Math.max(1, row.pending), PLACES));
      }
      if (lowestGiven === null) nextNumber = Math.max(nextNumber, last + 1);
      else lowestGiven = taken[0]?.number ?? lowestGiven;
      rows = [...taken, ...rows];
      for (const row of taken) {
        bytes += sizeOf(row);
        pending += row.pending;
      }
      // Later on, what is changed is no longer all that the disk does not know.
      rewrite = !fresh;
      lose(lost);
      makeRoom();
    },
    changes() {
      return {
        rewrite,
        changed: rewrite ? rows : changedRows(),
        removed: rewrite ? [] : [...removed],
        dropped,
      };
    },
    saved() {
      for (const row of rewrite ? rows : changedRows()) row.stored = true;
      rewrite = false;
      changed.clear();
      removed.clear();
    },
    unsaved() {
      rewrite = true;
      removed.clear();
    },
  };

  function startBelow(before: number): number {
    if (before === Number.POSITIVE_INFINITY) return rows.length - 1;
    const at = position(Math.floor(before / PLACES));
    return Math.min(at, rows.length - 1);
  }
}

/** Data in a row that are not settled; -1 where it can't be read. */
const dataIn = (row: Row): number => unpack(row.text)?.filter((slot) => slot !== null).length ?? -1;

const sizeOf = (row: Row): number => row.text.length + ROW_BYTES;

/** Places by the number of their row. */
function byRow(ids: readonly number[]): ReadonlyMap<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>();
  for (const id of ids) {
    const number = Math.floor(id / PLACES);
    const places = found.get(number) ?? new Set<number>();
    places.add(id % PLACES);
    found.set(number, places);
  }
  return found;
}
