// What the flight recorder keeps of a report: its key numbers, and which findings came and went with it. Pure.
import type { CycleRecord, CycleSummary, FindingEvent } from '../core/history.ts';
import type { Finding, Report } from '../core/report.ts';
import { trueTime } from '../core/true-time.ts';
import { largest, median } from './gauges.ts';
import { seenValue } from './summary.ts';

/** Which findings began, changed their severity and ended with a cycle. */
export interface Changes {
  readonly raised: readonly Finding[];
  readonly changed: readonly Finding[];
  readonly cleared: readonly Finding[];
}

/** @param timestamp the cycle's start by true time, in whole epoch seconds */
export function recordOf(report: Report, changes: Changes, timestamp: number): CycleRecord {
  const event = (what: FindingEvent['what'], { id, severity, title, cause }: Finding): FindingEvent => ({
    at: timestamp,
    what,
    id,
    severity,
    title,
    cause,
  });
  return {
    timestamp,
    metrics: report.metrics,
    summary: summaryAt(report, timestamp),
    events: [
      ...changes.raised.map((finding) => event('raised', finding)),
      ...changes.changed.map((finding) => event('changed', finding)),
      ...changes.cleared.map((finding) => event('cleared', finding)),
    ],
    instance: report.instance,
  };
}

function summaryAt(report: Report, at: number): CycleSummary {
  const role = seenValue(report.observations['instance-role']);
  const truth = trueTime(report.observations);
  const expiration = Date.parse(role?.expiration ?? '') / 1000;
  const measured = new Map(report.metrics.map((metric) => [metric.name, metric]));
  const count = (name: string): number | null => measured.get(name)?.values[0] ?? null;
  const latency = measured.get('ImdsLatency');
  return {
    at,
    status: report.status,
    tookMs: report.durationMs,
    marginSeconds: role?.marginSeconds ?? null,
    ageSeconds: role?.ageSeconds ?? null,
    offsetMs: truth.source === 'local' ? null : Math.round(truth.correctionMs * 1000) / 1000,
    latencyMs: latency === undefined ? null : median(latency),
    slowestMs: latency === undefined ? null : largest(latency),
    requests: count('ImdsRequests'),
    throttled: count('ImdsThrottled'),
    errors: count('ImdsErrors'),
    roleName: role?.roleName ?? null,
    accessKeyId: role?.accessKeyId ?? null,
    expiration: Number.isFinite(expiration) ? expiration : null,
  };
}
