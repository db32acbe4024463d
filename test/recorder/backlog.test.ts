// The backlog: what is given up for its age, and how rows of an earlier run come in.
import { describe, expect, it } from 'vitest';
import { createBacklog, type Row } from '../../src/recorder/backlog.ts';
import { pack } from '../../src/recorder/packed.ts';
import { aMetric } from '../support/datum.ts';

const DAY = 86_400;

const row = (number: number, timestamp: number, metrics = 1): Row => ({
  number,
  timestamp,
  pending: metrics,
  text: pack(Array.from({ length: metrics }, () => aMetric())),
});

const timestamps = (backlog: ReturnType<typeof createBacklog>): number[] =>
  backlog.newest(100_000).map(({ timestamp }) => timestamp);

describe('age', () => {
  it('gives up what is older than 13 days, and counts it', () => {
    const backlog = createBacklog();
    for (const day of [0, 1, 2]) backlog.add(day * DAY, [aMetric()]);
    for (let minute = 0; minute < 30; minute++) backlog.add(14.5 * DAY + minute * 60, [aMetric()]);
    expect(backlog.depth()).toMatchObject({ pending: 31, oldestTimestamp: 2 * DAY, dropped: 2 });
  });

  it('gives up nothing for a clock that jumps for a while', () => {
    const backlog = createBacklog();
    backlog.add(0, [aMetric()]);
    for (let minute = 0; minute < 29; minute++) backlog.add(400 * DAY + minute * 60, [aMetric()]);
    backlog.add(1800, [aMetric()]);
    for (let minute = 0; minute < 29; minute++) backlog.add(400 * DAY + minute * 60, [aMetric()]);
    expect(backlog.depth()).toMatchObject({ pending: 60, oldestTimestamp: 0, dropped: 0 });
  });
});

describe('rows of an earlier run', () => {
  it('are older than everything measured since, and are nothing new to the disk', () => {
    const backlog = createBacklog();
    backlog.adopt([row(7, 100), row(9, 200, 2)], 3);
    expect(backlog.changes()).toMatchObject({ rewrite: false, changed: [], removed: [], dropped: 3 });
    backlog.add(300, [aMetric()]);
    expect(timestamps(backlog)).toEqual([300, 200, 200, 100]);
    expect(backlog.changes().changed).toHaveLength(1);
  });

  it('that turn up late take no id that somebody may hold', () => {
    const backlog = createBacklog();
    backlog.add(300, [aMetric(), aMetric()]);
    const held = backlog.newest(2).map(({ id }) => id);
    const number = Math.floor((held[0] ?? 0) / 1024);
    backlog.accepted([held[0] ?? 0]);
    backlog.adopt([row(number - 1, 100), row(number, 200, 2)], 0);
    expect(timestamps(backlog)).toEqual([300, 200, 200, 100]);
    backlog.accepted(held);
    expect(timestamps(backlog)).toEqual([200, 200, 100]);
    const { rewrite, changed } = backlog.changes();
    expect({ rewrite, rows: changed.length }).toEqual({ rewrite: true, rows: 2 });
  });

  it('that can’t be read are counted as lost, and leave the disk', () => {
    const backlog = createBacklog();
    const damaged = [
      { ...row(1, 100, 2), text: '[[{}],[' },
      { ...row(2, 150), pending: -5, text: 'x' },
      { ...row(3, 160), pending: 1e9, text: '' },
    ];
    backlog.adopt([...damaged, row(4, 200)], 0);
    expect(backlog.depth()).toEqual({ pending: 1, oldestTimestamp: 200, dropped: 2 + 1 + 1024 });
    expect(backlog.changes().removed).toEqual([1, 2, 3]);
  });

  it('have as many data as are in them, whatever is said', () => {
    const backlog = createBacklog();
    backlog.adopt([{ ...row(1, 100, 2), pending: 500 }], 0);
    expect(backlog.depth().pending).toBe(2);
  });

  it('make room where they are too many', () => {
    const backlog = createBacklog({ maxBytes: 1_000 });
    backlog.adopt(
      Array.from({ length: 50 }, (_, index) => row(index + 1, index)),
      0,
    );
    const { pending, dropped } = backlog.depth();
    expect(pending + dropped).toBe(50);
    expect(dropped).toBeGreaterThan(30);
    expect(backlog.changes().removed).toHaveLength(dropped);
  });
});

describe('what the disk does not know', () => {
  it('is everything at first, then what is new, and nothing twice', () => {
    const backlog = createBacklog();
    backlog.add(1, [aMetric()]);
    expect(backlog.changes()).toMatchObject({ rewrite: true });
    backlog.saved();
    backlog.add(2, [aMetric(), aMetric()]);
    expect(backlog.changes()).toMatchObject({ rewrite: false, removed: [] });
    expect(backlog.changes().changed.map(({ timestamp }) => timestamp)).toEqual([2]);
    backlog.saved();
    expect(backlog.changes().changed).toEqual([]);
  });

  it('is a row that was partly accepted, and a row that is gone', () => {
    const backlog = createBacklog();
    backlog.adopt([], 0);
    backlog.add(1, [aMetric({ name: 'A' }), aMetric({ name: 'B' })]);
    backlog.add(2, [aMetric({ name: 'C' })]);
    backlog.saved();
    const ids = backlog.newest(10).map(({ id }) => id);
    backlog.accepted(ids.slice(0, 2));
    const { changed, removed } = backlog.changes();
    expect(changed.map(({ timestamp, pending }) => [timestamp, pending])).toEqual([[1, 1]]);
    expect(removed).toHaveLength(1);
    expect(backlog.newest(10).map(({ metric }) => metric.name)).toEqual(['A']);
  });

  it('does not grow by what came and went without a disk', () => {
    const backlog = createBacklog();
    backlog.adopt([], 0);
    for (let time = 0; time < 100; time++) {
      backlog.add(time, [aMetric()]);
      backlog.accepted(backlog.newest(1).map(({ id }) => id));
    }
    expect(backlog.changes()).toMatchObject({ changed: [], removed: [] });
  });
});
