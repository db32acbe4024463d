// The state of this instance as a small file for anybody to read: no secret, and how long it is to be believed. Pure.
import type { Report } from '../core/report.ts';
import { visibleJson } from './json.ts';
import { seenValue, summaryOf } from './summary.ts';

/** An agent that has not finished a cycle for this many intervals stands still: its status is not to be believed. */
export const STALE_INTERVALS = 3;

/** One JSON object, a line break at its end. */
export function renderStatus(report: Report, intervalSeconds: number): string {
  const { observations } = report;
  const role = seenValue(observations['instance-role']);
  const clock = seenValue(observations['clock-offset']);
  const delivery = seenValue(observations['cloudwatch-delivery']);
  const validUntilMs = Date.parse(report.startedAt) + STALE_INTERVALS * intervalSeconds * 1000;
  return `${visibleJson({
    schema: 'imds-probe/status/v1',
    version: report.version,
    status: report.status,
    summary: summaryOf(report),
    checkedAt: report.startedAt,
    validUntil: Number.isFinite(validUntilMs) ? new Date(validUntilMs).toISOString() : null,
    instance: report.instance,
    credentials:
      role === null
        ? null
        : {
            accessKeyId: role.accessKeyId,
            expiration: role.expiration,
            marginSeconds: role.marginSeconds,
            ageSeconds: role.ageSeconds,
          },
    clockOffsetMs: clock?.offsetMs ?? null,
    delivery:
      delivery === null
        ? null
        : {
            failures: delivery.failures,
            failure: delivery.failure?.code ?? null,
            pending: delivery.pending,
            oldestSeconds: delivery.oldestSeconds,
          },
    findings: report.findings.map(({ id, severity, title, cause, fix }) => ({
      id,
      severity,
      title,
      cause,
      command: fix.find(({ command }) => command !== undefined)?.command ?? null,
    })),
  })}\n`;
}
