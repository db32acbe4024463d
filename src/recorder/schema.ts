// The recorder's file: its tables, how it is told from others, and how long it keeps what.

export const FILE_NAME = 'recorder.db';
/** Held by the agent that writes; the kernel lets go of it with the process, however that ends. */
export const LOCK_NAME = 'recorder.lock';

/** "imps" in ASCII. SQLite, PRAGMA application_id: 32 bits in the file's header that tell file formats apart. */
export const APPLICATION_ID = 0x696d7073;
export const SCHEMA_VERSION = 1;

/** Past cycles and events that are kept; at the default interval the days are reached first. */
export const HISTORY = { days: 13, cycles: 100_000, events: 20_000 } as const;

// Vacuum has to be settled before the first table is there. `at` and `timestamp` are epoch seconds by true time.
export const CREATE = `
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE cycle (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, status TEXT NOT NULL, took_ms INTEGER NOT NULL,
  margin_seconds REAL, age_seconds REAL, offset_ms REAL, latency_ms REAL, slowest_ms REAL,
  requests INTEGER, throttled INTEGER, errors INTEGER,
  role TEXT, access_key TEXT, expiration INTEGER
) STRICT;
CREATE TABLE event (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, finding TEXT NOT NULL, severity TEXT NOT NULL,
  title TEXT NOT NULL, cause TEXT NOT NULL
) STRICT;
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, pending INTEGER NOT NULL, metrics TEXT NOT NULL
) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
COMMIT;
`;

export const INSERT_CYCLE = `INSERT INTO cycle (at, status, took_ms, margin_seconds, age_seconds, offset_ms,
  latency_ms, slowest_ms, requests, throttled, errors, role, access_key, expiration)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
export const INSERT_EVENT =
  'INSERT INTO event (at, what, finding, severity, title, cause) VALUES (?, ?, ?, ?, ?, ?)';
export const PUT_ROW =
  'INSERT OR REPLACE INTO outbox (number, timestamp, pending, metrics) VALUES (?, ?, ?, ?)';
export const PUT_STATE = 'INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)';

/** What time it is by the lowest of the latest cycles: a clock that jumps ahead must not cost 13 days of history. */
const NOW = '(SELECT min(at) FROM (SELECT at FROM cycle ORDER BY id DESC LIMIT 30))';

export const PRUNE = `
DELETE FROM cycle WHERE id <= (SELECT max(id) FROM cycle) - ${HISTORY.cycles} OR at < ${NOW} - ${HISTORY.days * 86_400};
DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ${HISTORY.events} OR at < ${NOW} - ${HISTORY.days * 86_400};
`;
