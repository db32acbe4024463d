// The flight recorder on a real disk: restarts, damage, second agents, folders that come and go.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import type { FlightRecorder } from '../../src/core/history.ts';
import { readHistory } from '../../src/recorder/reader.ts';
import { createRecorder } from '../../src/recorder/recorder.ts';
import { aMetric } from '../support/datum.ts';
import { holdsOutboxContract } from '../support/outbox-contract.ts';
import { aCycle, aFolder, anEvent, aSummary, NOW, opened, removeFolders } from '../support/recorder.ts';

afterEach(removeFolders);

const waiting = ({ outbox }: FlightRecorder): number[] =>
  outbox.newest(100_000).map(({ timestamp }) => timestamp);

const fileIn = (folder: string): string => path.join(folder, 'recorder.db');

async function historyOf(folder: string, seconds = 4e9) {
  const read = await readHistory(fileIn(folder), { seconds, end: null });
  if (!read.ok) throw new Error(`${read.trouble}: ${read.detail}`);
  return read.history;
}

const asideIn = (folder: string): string[] =>
  fs.readdirSync(folder).filter((name) => /^recorder\.db\.[a-z]+-[0-9TZ]+(\.\d)?$/.test(name));

/** What the file itself holds, by an opening of its own. */
function rowsIn(folder: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(fileIn(folder), { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

describe('the outbox on disk', () => {
  holdsOutboxContract({ open: (maxBytes) => opened(aFolder(), { maxBytes }).recorder.outbox });
});

describe('a restart', () => {
  it('finds what waited, and the loss not yet reported', () => {
    const folder = aFolder();
    const first = opened(folder);
    for (const time of [1, 2, 3]) first.recorder.outbox.add(time, [aMetric(), aMetric({ name: 'B' })]);
    const [newest, next] = first.recorder.outbox.newest(2);
    first.recorder.outbox.accepted([newest?.id ?? 0]);
    first.recorder.outbox.rejected([next?.id ?? 0], 'bad');
    first.recorder.close();

    const second = opened(folder);
    expect(waiting(second.recorder)).toEqual([2, 2, 1, 1]);
    expect(second.recorder.outbox.depth()).toEqual({ pending: 4, oldestTimestamp: 1, dropped: 1 });
    second.recorder.outbox.add(4, [aMetric()]);
    expect(waiting(second.recorder)).toEqual([4, 2, 2, 1, 1]);
    second.recorder.close();
    expect([...first.told, ...second.told]).toEqual([]);
  });

  it('finds every cycle, its events and whose they are', async () => {
    const folder = aFolder();
    const first = opened(folder);
    first.recorder.record(aCycle(100, { events: [anEvent(100)] }));
    first.recorder.record(
      aCycle(160, { summary: aSummary(160, { status: 'warning', marginSeconds: null }) }),
    );
    first.recorder.close();
    const history = await historyOf(folder);
    expect(history.cycles).toEqual([
      aSummary(100),
      aSummary(160, { status: 'warning', marginSeconds: null }),
    ]);
    expect(history.events).toEqual([anEvent(100)]);
    expect(history.instance).toEqual(aCycle(0).instance);
    expect([history.pending, history.oldestPending]).toEqual([4, 100]);
    expect((await historyOf(folder, 10)).cycles).toHaveLength(1);
  });
});

describe('the file', () => {
  it('is for the group to read and for nobody else, under any umask', () => {
    const folder = path.join(aFolder(), 'state');
    const before = process.umask(0o077);
    try {
      const { recorder } = opened(folder);
      recorder.record(aCycle(1));
      const modes = fs
        .readdirSync(folder)
        .map((name) => [name, (fs.statSync(path.join(folder, name)).mode & 0o777).toString(8)]);
      recorder.close();
      expect(Object.fromEntries(modes)).toEqual({
        'recorder.db': '640',
        'recorder.db-wal': '640',
        'recorder.db-shm': '640',
        'recorder.lock': '640',
      });
    } finally {
      process.umask(before);
    }
  });

  it('can be read while the agent writes, and what is read is whole', async () => {
    const folder = aFolder();
    const { recorder } = opened(folder);
    for (let time = 1; time <= 5; time++) {
      recorder.record(aCycle(time));
      expect((await historyOf(folder)).cycles.at(-1)?.at).toBe(time);
    }
    recorder.close();
  });

  it('can be copied without its log while the agent writes, and is short of a few cycles only', async () => {
    const folder = aFolder();
    const { recorder } = opened(folder);
    const copied = async (): Promise<number> => {
      const copy = aFolder();
      fs.copyFileSync(path.join(folder, 'recorder.db'), path.join(copy, 'recorder.db'));
      return (await historyOf(copy)).cycles.length;
    };
    recorder.record(aCycle(1));
    expect(await copied()).toBe(1);
    for (let time = 2; time <= 45; time++) recorder.record(aCycle(time));
    expect(await copied()).toBeGreaterThanOrEqual(35);
    recorder.close();
  });

  it('keeps a bounded past', async () => {
    const folder = aFolder();
    const { recorder } = opened(folder);
    recorder.record(aCycle(100, { metrics: [], events: [anEvent(100)] }));
    const later = 100 + 13.5 * 86_400;
    for (let count = 0; count < 130; count++) recorder.record(aCycle(later + count, { metrics: [] }));
    recorder.close();
    const { cycles, events } = await historyOf(folder);
    expect([cycles.length, cycles[0]?.at, events]).toEqual([130, later, []]);
  });

  it('does not let a clock that jumps ahead cost the past', async () => {
    const folder = aFolder();
    const { recorder } = opened(folder);
    for (let count = 0; count < 100; count++) recorder.record(aCycle(100 + count, { metrics: [] }));
    for (let count = 0; count < 25; count++) recorder.record(aCycle(9e8 + count, { metrics: [] }));
    for (let count = 0; count < 60; count++) recorder.record(aCycle(200 + count, { metrics: [] }));
    recorder.close();
    expect((await historyOf(folder)).cycles).toHaveLength(185);
  });

  it('shrinks again after a long outage', () => {
    const folder = aFolder();
    const { recorder } = opened(folder);
    const metrics = Array.from({ length: 200 }, () => aMetric());
    for (let time = 0; time < 200; time++) recorder.outbox.add(time, metrics);
    const pages = (): number => Number(rowsIn(folder, 'PRAGMA page_count')[0]?.['page_count']);
    const full = pages();
    for (let page = recorder.outbox.newest(1_000); page.length > 0; page = recorder.outbox.newest(1_000))
      recorder.outbox.accepted(page.map(({ id }) => id));
    for (let time = 0; time < 700; time++) recorder.record(aCycle(time, { metrics: [] }));
    expect(full).toBeGreaterThan(200);
    expect(pages()).toBeLessThan(full / 3);
    recorder.close();
  });
});

describe('a file that is no good is set aside, and the agent goes on', () => {
  const recorded = (folder: string): void => {
    const { recorder } = opened(folder);
    for (let time = 1; time <= 50; time++)
      recorder.record(aCycle(time, { events: [anEvent(time, { cause: 'x'.repeat(400) })] }));
    recorder.close();
  };

  const spoilers: [string, 'damaged' | 'foreign' | 'newer', (file: string) => void][] = [
    [
      'a text',
      'foreign',
      (file) => fs.writeFileSync(file, 'not a database, but something of somebody’s'.repeat(99)),
    ],
    [
      'a database of another program',
      'foreign',
      (file) => {
        fs.rmSync(file);
        new DatabaseSync(file).exec('CREATE TABLE other (a)');
      },
    ],
    [
      'a folder',
      'foreign',
      (file) => {
        fs.rmSync(file);
        fs.mkdirSync(file);
      },
    ],
    [
      'a later version',
      'newer',
      (file) => {
        const db = new DatabaseSync(file);
        db.exec('PRAGMA user_version = 2');
        db.close();
      },
    ],
    [
      'pages full of nonsense',
      'damaged',
      (file) => {
        const bytes = fs.readFileSync(file);
        fs.writeFileSync(file, bytes.fill(0x5a, 4096 * 3, 4096 * 7));
      },
    ],
    ['a file cut short', 'damaged', (file) => fs.truncateSync(file, 4096 * 5)],
  ];

  it.each(spoilers)('%s', async (_, why, spoil) => {
    const folder = aFolder();
    recorded(folder);
    spoil(fileIn(folder));
    const { recorder, told } = opened(folder);
    recorder.record(aCycle(1000));
    expect(asideIn(folder)).toEqual([`recorder.db.${why}-20261123T120000Z`]);
    expect(told.map((event) => (event.type === 'trouble' ? event.what : event.type))).toEqual([
      'recorder (set aside)',
    ]);
    expect(waiting(recorder).slice(0, 2)).toEqual([1000, 1000]);
    recorder.close();
    expect((await historyOf(folder)).cycles).toHaveLength(1);
    const again = opened(folder);
    expect(again.told).toEqual([]);
    again.recorder.close();
  });

  it('an empty file is taken as it is', () => {
    const folder = aFolder();
    fs.writeFileSync(fileIn(folder), '');
    const { recorder, told } = opened(folder);
    recorder.record(aCycle(1));
    recorder.close();
    expect([told, asideIn(folder)]).toEqual([[], []]);
  });

  it('what waits for CloudWatch is read out of a damaged file', () => {
    const folder = aFolder();
    recorded(folder);
    // The page of the events' tree is spoilt, the outbox is whole.
    const file = fileIn(folder);
    const root = Number(
      rowsIn(folder, "SELECT rootpage FROM sqlite_schema WHERE name = 'event'")[0]?.['rootpage'],
    );
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, bytes.fill(0xff, (root - 1) * 4096, root * 4096));
    const { recorder, told } = opened(folder);
    expect(waiting(recorder)).toHaveLength(100);
    expect(told[0]).toMatchObject({ detail: expect.stringContaining('was read from it') });
    recorder.close();
    const again = opened(folder);
    expect(waiting(again.recorder)).toHaveLength(100);
    again.recorder.close();
  });

  it('damage met while it runs costs the history, not what waits', () => {
    const folder = aFolder();
    recorded(folder);
    const { recorder, told } = opened(folder);
    const file = fileIn(folder);
    // Somebody else's commit makes SQLite read its pages again.
    const other = new DatabaseSync(file);
    other.exec("INSERT INTO state VALUES ('other', ''); PRAGMA wal_checkpoint(TRUNCATE)");
    other.close();
    const fd = fs.openSync(file, 'r+');
    // Kept open: closing it would free the locks this process holds on the file.
    fs.writeSync(fd, Buffer.alloc(4096 * 8, 0xff), 0, 4096 * 8, 4096);
    for (let time = 1000; time < 1400; time++) recorder.record(aCycle(time));
    expect(told.filter(({ type }) => type === 'trouble')).toHaveLength(1);
    recorder.close();
    fs.closeSync(fd);
    const again = opened(folder);
    expect(waiting(again.recorder)).toHaveLength(100 + 800);
    again.recorder.close();
  });

  it('of damaged files only the latest three stay, and what is somebody’s stays for ever', () => {
    const folder = aFolder();
    for (let time = 0; time < 6; time++) {
      opened(folder).recorder.close();
      const bytes = fs.readFileSync(fileIn(folder));
      fs.writeFileSync(fileIn(folder), bytes.fill(0x5a, 4096));
    }
    for (let time = 0; time < 5; time++) {
      opened(folder).recorder.close();
      fs.writeFileSync(fileIn(folder), 'somebody’s'.repeat(99));
    }
    opened(folder).recorder.close();
    const count = (why: string): number => asideIn(folder).filter((name) => name.includes(why)).length;
    expect([count('damaged'), count('foreign')]).toEqual([3, 5]);
  });
});

describe('a second agent on the same folder', () => {
  it('keeps what it measures in memory, says so once, and takes over when the first is gone', async () => {
    const folder = aFolder();
    const first = opened(folder);
    first.recorder.record(aCycle(100));
    const second = opened(folder);
    for (const time of [110, 170, 230]) second.recorder.record(aCycle(time));
    expect(second.told).toEqual([
      { type: 'trouble', what: 'recorder (locked)', detail: expect.stringContaining('another agent writes') },
    ]);
    expect(waiting(second.recorder)).toEqual([230, 230, 170, 170, 110, 110]);
    expect((await historyOf(folder)).cycles).toHaveLength(1);

    const held = second.recorder.outbox.newest(1).map(({ id }) => id);
    first.recorder.close();
    second.recorder.record(aCycle(290));
    expect(second.told.slice(1)).toEqual([
      { type: 'recovered', what: 'recorder (locked)', detail: expect.any(String) },
    ]);
    expect(waiting(second.recorder)).toEqual([290, 290, 230, 230, 170, 170, 110, 110, 100, 100]);
    expect((await historyOf(folder)).cycles.map(({ at }) => at)).toEqual([100, 110, 170, 230, 290]);
    second.recorder.outbox.accepted(held);
    expect(waiting(second.recorder)).toEqual([290, 290, 230, 170, 170, 110, 110, 100, 100]);
    second.recorder.close();
    const third = opened(folder);
    expect(waiting(third.recorder)).toHaveLength(9);
    third.recorder.close();
  });
});

describe('a folder that refuses', () => {
  it('is made when it can be, and meanwhile memory keeps everything', async () => {
    const parent = aFolder();
    const place = path.join(parent, 'state');
    fs.writeFileSync(place, 'in the way');
    const { recorder, told } = opened(place);
    for (const time of [1, 2, 3]) recorder.record(aCycle(time, { events: [anEvent(time)] }));
    recorder.outbox.accepted(recorder.outbox.newest(2).map(({ id }) => id));
    expect(told).toEqual([
      {
        type: 'trouble',
        what: 'recorder (failing)',
        detail: `${place} is not a folder; what is measured is kept in memory until that is over`,
      },
    ]);
    fs.rmSync(place);
    recorder.record(aCycle(4));
    expect(told.map(({ type }) => type)).toEqual(['trouble', 'recovered']);
    expect((fs.statSync(place).mode & 0o777).toString(8)).toBe('750');
    const history = await historyOf(place);
    expect(history.cycles.map(({ at }) => at)).toEqual([1, 2, 3, 4]);
    expect(history.events).toHaveLength(3);
    expect(history.pending).toBe(6);
    recorder.close();
  });

  it('is made with its parents', () => {
    const place = path.join(aFolder(), 'a', 'b', 'state');
    const { recorder, told } = opened(place);
    recorder.close();
    expect([told, fs.existsSync(fileIn(place))]).toEqual([[], true]);
  });

  it('may lie where no folder can be made, although its parent is there', () => {
    const { recorder, told } = opened('/proc/imds-probe/state');
    recorder.record(aCycle(1));
    expect(told.map(({ type }) => type)).toEqual(['trouble']);
    expect(recorder.outbox.depth().pending).toBe(2);
    recorder.close();
  });

  it.each<[string, (folder: string) => void]>([
    ['everything', (folder) => fs.rmSync(folder, { recursive: true })],
    [
      'the files',
      (folder) => fs.readdirSync(folder).forEach((name) => void fs.rmSync(path.join(folder, name))),
    ],
    ['the lock', (folder) => fs.rmSync(path.join(folder, 'recorder.lock'))],
    ['the log', (folder) => fs.rmSync(`${fileIn(folder)}-wal`)],
    [
      'the file, with another in its place',
      (folder) => {
        fs.renameSync(fileIn(folder), `${fileIn(folder)}.old`);
        fs.copyFileSync(`${fileIn(folder)}.old`, fileIn(folder));
      },
    ],
  ])('has %s cleared while the agent runs: what waits is written anew', (_, clear) => {
    const folder = aFolder();
    const { recorder, told } = opened(folder);
    for (const time of [1, 2, 3]) recorder.record(aCycle(time));
    clear(folder);
    recorder.record(aCycle(4));
    expect(told).toEqual([{ type: 'trouble', what: 'recorder (gone)', detail: expect.any(String) }]);
    expect(new Set(waiting(recorder))).toEqual(new Set([1, 2, 3, 4]));
    recorder.close();
    const again = opened(folder);
    expect(again.told).toEqual([]);
    expect(waiting(again.recorder).slice(0, 8)).toEqual([4, 4, 3, 3, 2, 2, 1, 1]);
    again.recorder.close();
  });

  it('another program that writes is waited for, a moment, and told', () => {
    const folder = aFolder();
    const { recorder, told } = opened(folder);
    const other = new DatabaseSync(fileIn(folder));
    other.exec('BEGIN IMMEDIATE');
    recorder.record(aCycle(1));
    recorder.record(aCycle(2));
    expect(told).toMatchObject([{ type: 'trouble', what: 'recorder (busy)' }]);
    other.exec('COMMIT');
    other.close();
    recorder.record(aCycle(3));
    expect(told).toMatchObject([{ type: 'trouble' }, { type: 'recovered', what: 'recorder (busy)' }]);
    expect(rowsIn(folder, 'SELECT at FROM cycle').map(({ at }) => at)).toEqual([1, 2, 3]);
    recorder.close();
  });
});

describe('without SQLite', () => {
  it('everything is in memory, and told once', () => {
    const folder = aFolder();
    const told: unknown[] = [];
    const recorder = createRecorder(
      { dir: folder, clock: { wallMs: () => NOW }, tell: (event) => told.push(event) },
      null,
    );
    for (const time of [1, 2]) recorder.record(aCycle(time));
    expect(waiting(recorder)).toEqual([2, 2, 1, 1]);
    recorder.close();
    expect(told).toMatchObject([{ what: 'recorder (unsupported)' }]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
