// An outbox in memory, for a single run and for the time before there is a disk: bounded, the oldest give way.
import { type Datum, lossReported, type Outbox, type OutboxDepth } from '../core/publishing.ts';
import type { Metric } from '../core/report.ts';

export interface MemoryOutboxOptions {
  /** Most bytes held, as JSON; 16 MB unless told. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 16_000_000;

interface Held {
  readonly datum: Datum;
  readonly bytes: number;
}

/** Holds what CloudWatch has not accepted, in the order it was added. */
export function createMemoryOutbox(options: MemoryOutboxOptions = {}): Outbox {
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  /** Rising by id. */
  let held: Held[] = [];
  let bytes = 0;
  let lastId = 0;
  let dropped = 0;

  const giveUp = (lost: readonly Held[]): void => {
    for (const { datum } of lost) dropped += 1 + lossReported([datum.metric]);
  };

  /** Takes out what `ids` name; ids that are settled already name nothing. */
  const takeOut = (ids: readonly number[]): readonly Held[] => {
    const wanted = new Set(ids);
    const taken = held.filter(({ datum }) => wanted.has(datum.id));
    held = held.filter(({ datum }) => !wanted.has(datum.id));
    bytes -= sum(taken);
    return taken;
  };

  const makeRoom = (): void => {
    let excess = bytes - maxBytes;
    let count = 0;
    for (; excess > 0 && count < held.length; count++) excess -= held[count]?.bytes ?? 0;
    const lost = held.splice(0, count);
    bytes -= sum(lost);
    giveUp(lost);
  };

  return {
    add(timestamp, metrics) {
      dropped -= lossReported(metrics);
      for (const metric of metrics) {
        const datum: Datum = { id: ++lastId, timestamp, metric };
        const size = sizeOf(metric);
        held.push({ datum, bytes: size });
        bytes += size;
      }
      makeRoom();
    },
    newest(limit, before = Number.POSITIVE_INFINITY) {
      const page: Datum[] = [];
      for (let index = held.length - 1; index >= 0 && page.length < limit; index--) {
        const datum = held[index]?.datum;
        if (datum !== undefined && datum.id < before) page.push(datum);
      }
      return page;
    },
    accepted(ids) {
      takeOut(ids);
    },
    rejected(ids) {
      giveUp(takeOut(ids));
    },
    depth(): OutboxDepth {
      return {
        pending: held.length,
        oldestTimestamp: held[0]?.datum.timestamp ?? null,
        dropped: Math.max(0, dropped),
      };
    },
    close() {
      held = [];
      bytes = 0;
    },
  };
}

/** With what id and timestamp take. */
const sizeOf = (metric: Metric): number => JSON.stringify(metric).length + 32;

const sum = (items: readonly Held[]): number => items.reduce((total, { bytes }) => total + bytes, 0);
