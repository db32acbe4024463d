// Builds recorders in their own folders for tests, and cycles to record.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import type { CycleRecord, CycleSummary, FindingEvent, FlightRecorder } from '../../src/core/history.ts';
import type { BacklogLimits } from '../../src/recorder/backlog.ts';
import { createRecorder } from '../../src/recorder/recorder.ts';
import { loadSqlite } from '../../src/recorder/sqlite.ts';
import { aMetric } from './datum.ts';
import { AN_INSTANCE } from './report-builder.ts';

export const NOW = Date.parse('2026-11-23T12:00:00Z');

/** Folders made by `aFolder`, to be removed by `removeFolders`. */
const folders: string[] = [];

export function aFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-recorder-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
}

export interface Opened {
  readonly recorder: FlightRecorder;
  /** Troubles and recoveries, as told. */
  readonly told: AgentEvent[];
}

const sqlite = await loadSqlite();

export function opened(dir: string, limits?: BacklogLimits): Opened {
  const told: AgentEvent[] = [];
  const recorder = createRecorder(
    {
      dir,
      clock: { wallMs: () => NOW },
      tell: (event) => told.push(event),
      ...(limits === undefined ? {} : { limits }),
    },
    sqlite,
  );
  return { recorder, told };
}

export const aSummary = (at: number, changes: Partial<CycleSummary> = {}): CycleSummary => ({
  at,
  status: 'ok',
  tookMs: 41,
  marginSeconds: 20_000,
  ageSeconds: 600,
  offsetMs: 0.4,
  latencyMs: 2,
  slowestMs: 3.5,
  requests: 2,
  throttled: 0,
  errors: 0,
  roleName: 'web',
  accessKeyId: 'ASIA…WXYZ',
  expiration: at + 20_000,
  ...changes,
});

export const anEvent = (at: number, changes: Partial<FindingEvent> = {}): FindingEvent => ({
  at,
  what: 'raised',
  id: 'imds-slow',
  severity: 'warning',
  title: 'The metadata service is slow',
  cause: 'It took 812 ms.',
  ...changes,
});

export const aCycle = (timestamp: number, changes: Partial<CycleRecord> = {}): CycleRecord => ({
  timestamp,
  metrics: [aMetric(), aMetric({ name: 'ImdsRequests', values: [2] })],
  summary: aSummary(timestamp),
  events: [],
  instance: AN_INSTANCE,
  ...changes,
});
