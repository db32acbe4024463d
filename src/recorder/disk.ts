// The recorder's file as the agent writes it: changed by whole transactions, set aside when it is no good.

import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { CycleSummary, FindingEvent } from '../core/history.ts';
import type { Changes, Row } from './backlog.ts';
import { closeQuietly, type Held, makeFile, type Place, stillThere } from './lock.ts';
import {
  APPLICATION_ID,
  CREATE,
  FILE_NAME,
  INSERT_CYCLE,
  INSERT_EVENT,
  PRUNE,
  PUT_ROW,
  PUT_STATE,
  SCHEMA_VERSION,
} from './schema.ts';
import { setAside } from './set-aside.ts';
import type { Sqlite } from './sqlite.ts';
import { DiskTrouble, troubleOf } from './trouble.ts';

/** What one transaction writes. */
export interface Batch {
  readonly outbox: Changes;
  readonly cycles: readonly CycleSummary[];
  readonly events: readonly FindingEvent[];
  /** As JSON, or null where it is not known. */
  readonly instance: string | null;
}

/** The outbox of an earlier run. */
export interface Left {
  /** The file it was read from. */
  readonly inode: number;
  readonly rows: readonly Row[];
  readonly dropped: number;
}

export interface Disk {
  readonly inode: number;
  /** From this file, or from the damaged one in whose place it is. */
  readonly left: Left;
  /** What had to be done to open it, for people; null when nothing was odd. */
  readonly remark: string | null;
  /** All of it or nothing; throws a DiskTrouble. */
  write(batch: Batch): void;
  close(): void;
}

export interface DiskOptions {
  readonly sqlite: Sqlite;
  readonly dir: string;
  readonly wallMs: () => number;
}

/** SQLite waits this long for another program that writes the file. It holds up everything, so it is short. */
const BUSY_MS = 100;
/** Transactions between two looks at what is too old. */
const PRUNE_EVERY = 60;
/**
 * Transactions with a cycle after which the file itself has all of it, for people who copy only that; SQLite by itself
 * waits for hours. Each time costs a flush to the disk, so it is every one only at first, when there is little to see.
 */
const CHECKPOINT_EVERY = 10;

/**
 * Opens the recorder's file in `dir`, for whoever holds the folder's lock.
 *
 * In WAL mode with `synchronous = NORMAL` a commit is written but not flushed: what was committed outlives the
 * process, however it is killed, because the kernel has it. A power cut or a crash of the kernel may take the latest
 * half minute, never the file's order. FULL would flush on every cycle, and a disk that stalls would stall the
 * cycles. (SQLite, "Write-Ahead Logging", and PRAGMA synchronous.)
 *
 * @param known what is already known to be wrong with the file
 * @throws DiskTrouble
 */
export function openDisk({ sqlite, dir, wallMs }: DiskOptions, known?: DiskTrouble): Disk {
  const file = path.join(dir, FILE_NAME);
  try {
    if (known !== undefined) throw known;
    return diskOf(openFile(sqlite, file), null);
  } catch (error) {
    const trouble = troubleOf(error);
    const { kind } = trouble;
    if (kind !== 'damaged' && kind !== 'foreign' && kind !== 'newer') throw error;
    const rescued = kind === 'damaged' ? rescue(sqlite, file) : NOTHING;
    const aside = setAside(file, kind, wallMs());
    const saved = rescued.rows.length === 0 ? '' : '; what waits for CloudWatch was read from it';
    const remark = `${file} ${WHY_ASIDE[kind]} (${trouble.message}): it is ${path.basename(aside)} now, and a new one was begun${saved}`;
    return diskOf(openFile(sqlite, file), { left: rescued, remark });
  }
}

const WHY_ASIDE = {
  damaged: 'is damaged',
  foreign: 'is not a recording of imds-probe',
  newer: 'was written by a newer imds-probe',
} as const;

const NOTHING: Left = { inode: 0, rows: [], dropped: 0 };

function diskOf(held: Held, instead: Pick<Disk, 'left' | 'remark'> | null): Disk {
  const { db, inode } = held;
  try {
    const { left, remark } = instead ?? { left: leftIn(db, inode), remark: null };
    const write = writer(db);
    const wal = walOf(held);
    return {
      inode,
      left,
      remark,
      write(batch) {
        stillThere(held);
        if (wal !== null) stillThere(wal);
        write(batch);
      },
      close: () => closeQuietly(db),
    };
  } catch (error) {
    closeQuietly(db);
    throw error;
  }
}

/** @throws DiskTrouble `foreign`, `newer` or `damaged`, where the file is to be set aside */
function openFile(sqlite: Sqlite, file: string): Held {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  // SQLite would wait for ever on a pipe.
  if (found !== undefined && !found.isFile()) throw new DiskTrouble('foreign', 'it is not a regular file');
  const inode = makeFile(file);
  const db = new sqlite.DatabaseSync(file, { timeout: BUSY_MS });
  try {
    judge(db);
    // Where the file system has no shared memory, SQLite keeps its older journal, and this goes on.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 1000000');
    return { file, inode, db };
  } catch (error) {
    closeQuietly(db);
    throw error;
  }
}

/** Whether it is a file to go on with; a file without anything in it is ours to fill, whoever made it. */
function judge(db: DatabaseSync): void {
  const id = numberOf(db, 'PRAGMA application_id');
  if (id === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0) db.exec(CREATE);
  else if (id !== APPLICATION_ID) throw new DiskTrouble('foreign', 'it is a database of another program');
  const version = numberOf(db, 'PRAGMA user_version');
  if (version > SCHEMA_VERSION) throw new DiskTrouble('newer', `version ${version} of its format`);
  const check = String(soleValue(db, 'PRAGMA quick_check(1)'));
  if (check !== 'ok') throw new DiskTrouble('damaged', check);
}

const soleValue = (db: DatabaseSync, sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0];
const numberOf = (db: DatabaseSync, sql: string): number => Number(soleValue(db, sql));

/** The log beside the file, where there is one: what is committed is in there until the next checkpoint. */
function walOf({ file }: Held): Place | null {
  const wal = `${file}-wal`;
  const inode = fs.statSync(wal, { throwIfNoEntry: false })?.ino;
  return inode === undefined ? null : { file: wal, inode };
}

/** As much of the outbox as a damaged file still gives. */
function rescue(sqlite: Sqlite, file: string): Left {
  const rows: Row[] = [];
  let dropped = 0;
  const inode = fs.statSync(file, { throwIfNoEntry: false })?.ino ?? 0;
  try {
    const db = new sqlite.DatabaseSync(file, { readOnly: true });
    try {
      for (const row of outboxRows(db)) rows.push(row);
      dropped = droppedIn(db);
    } finally {
      closeQuietly(db);
    }
  } catch {
    // That was all.
  }
  return { inode, rows, dropped };
}

const leftIn = (db: DatabaseSync, inode: number): Left => ({
  inode,
  rows: [...outboxRows(db)],
  dropped: droppedIn(db),
});

function* outboxRows(db: DatabaseSync): Generator<Row> {
  const select = db.prepare('SELECT number, timestamp, pending, metrics FROM outbox ORDER BY number');
  for (const { number, timestamp, pending, metrics } of select.iterate()) {
    if (typeof number !== 'number' || typeof timestamp !== 'number' || typeof pending !== 'number') continue;
    yield { number, timestamp, pending, text: String(metrics) };
  }
}

function droppedIn(db: DatabaseSync): number {
  const dropped = Number(soleValue(db, "SELECT value FROM state WHERE name = 'dropped'") ?? 0);
  return Number.isSafeInteger(dropped) ? Math.max(0, dropped) : 0;
}

function writer(db: DatabaseSync): (batch: Batch) => void {
  const cycle = db.prepare(INSERT_CYCLE);
  const event = db.prepare(INSERT_EVENT);
  const row = db.prepare(PUT_ROW);
  const state = db.prepare(PUT_STATE);
  const settle = db.prepare('DELETE FROM outbox WHERE number = ?');
  let written = 0;
  let recorded = 0;

  const put = ({ outbox, cycles, events, instance }: Batch): void => {
    if (outbox.rewrite) db.exec('DELETE FROM outbox');
    for (const number of outbox.removed) settle.run(number);
    for (const { number, timestamp, pending, text } of outbox.changed)
      row.run(number, timestamp, pending, text);
    state.run('dropped', String(outbox.dropped));
    if (instance !== null) state.run('instance', instance);
    for (const summary of cycles) cycle.run(...cycleValues(summary));
    for (const { at, what, id, severity, title, cause } of events)
      event.run(at, what, id, severity, title, cause);
  };

  return (batch) => {
    const tidy = written % PRUNE_EVERY === 0;
    // What the last tidying has freed goes back to the file system, some of it at a time.
    if (tidy) db.exec('PRAGMA incremental_vacuum(256)');
    db.exec('BEGIN IMMEDIATE');
    try {
      put(batch);
      if (tidy) db.exec(PRUNE);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
    written += 1;
    if (batch.cycles.length === 0) return;
    recorded += 1;
    if (recorded < CHECKPOINT_EVERY || recorded % CHECKPOINT_EVERY === 0) checkpoint(db);
  };
}

function checkpoint(db: DatabaseSync): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {
    // It is committed all the same; where the disk is at fault, the next transaction says so.
  }
}

function cycleValues(summary: CycleSummary): SQLInputValue[] {
  return [
    Math.trunc(summary.at),
    summary.status,
    Math.round(summary.tookMs),
    summary.marginSeconds,
    summary.ageSeconds,
    summary.offsetMs,
    summary.latencyMs,
    summary.slowestMs,
    summary.requests,
    summary.throttled,
    summary.errors,
    summary.roleName,
    summary.accessKeyId,
    summary.expiration,
  ];
}
