// Reads what the flight recorder kept, while an agent writes it, after it stopped, or from a copy.
import fs from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type {
  CycleSummary,
  FindingEvent,
  History,
  HistoryRead,
  HistoryTrouble,
  Period,
} from '../core/history.ts';
import type { Instance, Severity, Status } from '../core/report.ts';
import { shownText } from '../core/text.ts';
import { closeQuietly } from './lock.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';
import { loadSqlite, type Sqlite } from './sqlite.ts';
import { DiskTrouble, troubleOf } from './trouble.ts';

/** Longest wait for an agent that is just rewriting the file. */
const BUSY_MS = 2_000;

/**
 * What was recorded in a period. Never writes, never throws. Whatever the file says is bounded and
 * clean: it may have been copied from a machine that is not to be trusted.
 */
export async function readHistory(file: string, period: Period): Promise<HistoryRead> {
  const sqlite = await loadSqlite();
  if (sqlite === null) return refused('unsupported', 'this Node.js was built without SQLite');
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found === undefined) return refused('absent', 'no such file');
    if (!found.isFile()) return refused('foreign', 'it is not a regular file');
    // SQLite says "can't open" to whatever is wrong with it; Node says what.
    fs.closeSync(fs.openSync(file, 'r'));
    return { ok: true, history: readAll(sqlite, file, period) };
  } catch (error) {
    const { kind, message } = troubleOf(error);
    const told = TOLD[kind] ?? 'failing';
    return refused(told, message);
  }
}

const TOLD: Readonly<Partial<Record<DiskTrouble['kind'], HistoryTrouble>>> = {
  permission: 'permission',
  foreign: 'foreign',
  newer: 'newer',
  damaged: 'damaged',
};

const refused = (trouble: HistoryTrouble, detail: string): HistoryRead => ({ ok: false, trouble, detail });

function readAll(sqlite: Sqlite, file: string, period: Period): History {
  const db = openToRead(sqlite, file);
  try {
    // One transaction: what an agent writes meanwhile is not half of what is read.
    db.exec('BEGIN');
    if (numberIn(db, 'PRAGMA application_id') !== APPLICATION_ID)
      throw new DiskTrouble('foreign', 'it is a database of another program');
    const version = numberIn(db, 'PRAGMA user_version');
    if (version > SCHEMA_VERSION) throw new DiskTrouble('newer', `version ${version} of its format`);
    // A copy may come from anywhere: a view of that name could compute for ever.
    const tables = numberIn(
      db,
      `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ${TABLES}`,
    );
    if (tables !== 4) throw new DiskTrouble('damaged', 'tables are missing in it');
    const outbox = db.prepare('SELECT sum(pending) AS pending, min(number) AS first FROM outbox').get();
    const oldest = db.prepare('SELECT timestamp FROM outbox ORDER BY number LIMIT 1').get();
    const latest = db.prepare('SELECT at FROM cycle ORDER BY id DESC LIMIT 1').get();
    const to = period.end ?? number(latest?.['at']) ?? 0;
    const from = to - period.seconds;
    return {
      from,
      to,
      instance: instanceIn(db),
      cycles: db.prepare(CYCLES).all(from).map(cycleOf),
      events: db.prepare(EVENTS).all(from).map(eventOf),
      pending: number(outbox?.['pending']) ?? 0,
      oldestPending: number(oldest?.['timestamp']),
    };
  } finally {
    closeQuietly(db);
  }
}

/**
 * A reader of a file in WAL mode needs the two files beside it, which are there while an agent runs and after it was
 * killed. Without them nobody writes, and a group that may only read could not make them: then the file is read as it
 * is. (SQLite, "Write-Ahead Logging", read-only databases.)
 */
function openToRead(sqlite: Sqlite, file: string): DatabaseSync {
  const url = pathToFileURL(file);
  if (!fs.existsSync(`${file}-wal`)) url.searchParams.set('immutable', '1');
  return new sqlite.DatabaseSync(url, { readOnly: true, timeout: BUSY_MS });
}

const TABLES = "('cycle', 'event', 'outbox', 'state')";
const CYCLES = 'SELECT * FROM cycle WHERE at >= ? ORDER BY id LIMIT 200000';
const EVENTS = 'SELECT * FROM event WHERE at >= ? ORDER BY id LIMIT 200000';

type Columns = Readonly<Record<string, unknown>>;

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const text = (value: unknown, limit?: number): string | null =>
  typeof value === 'string' ? shownText(value, limit) : null;
const oneOf = <T extends string>(value: unknown, known: readonly T[], otherwise: T): T =>
  known.find((word) => word === value) ?? otherwise;

const STATUSES: readonly Status[] = ['ok', 'warning', 'critical', 'unknown'];
const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

const cycleOf = (row: Columns): CycleSummary => ({
  at: number(row['at']) ?? 0,
  status: oneOf(row['status'], STATUSES, 'unknown'),
  tookMs: number(row['took_ms']) ?? 0,
  marginSeconds: number(row['margin_seconds']),
  ageSeconds: number(row['age_seconds']),
  offsetMs: number(row['offset_ms']),
  latencyMs: number(row['latency_ms']),
  slowestMs: number(row['slowest_ms']),
  requests: number(row['requests']),
  throttled: number(row['throttled']),
  errors: number(row['errors']),
  roleName: text(row['role']),
  accessKeyId: text(row['access_key'], 20),
  expiration: number(row['expiration']),
});

const eventOf = (row: Columns): FindingEvent => ({
  at: number(row['at']) ?? 0,
  what: oneOf(row['what'], ['raised', 'changed', 'cleared'], 'changed'),
  id: text(row['finding'], 64) ?? '',
  severity: oneOf(row['severity'], SEVERITIES, 'info'),
  title: text(row['title']) ?? '',
  cause: text(row['cause'], 1200) ?? '',
});

function instanceIn(db: DatabaseSync): Instance | null {
  const stored = db.prepare("SELECT value FROM state WHERE name = 'instance'").get()?.['value'];
  try {
    const parsed = JSON.parse(String(stored)) as Columns | null;
    if (typeof parsed !== 'object' || parsed === null) return null;
    return {
      instanceId: text(parsed['instanceId']),
      region: text(parsed['region']),
      availabilityZone: text(parsed['availabilityZone']),
      roleName: text(parsed['roleName']),
      accountId: text(parsed['accountId']),
    };
  } catch {
    return null;
  }
}

const numberIn = (db: DatabaseSync, sql: string): number =>
  Number(Object.values(db.prepare(sql).get() ?? {})[0]);
