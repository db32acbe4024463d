// Puts a cycle into its report: who, what stands, what was measured. Pure.

import type { Check } from '../core/check.ts';
import type { OutboxDepth } from '../core/publishing.ts';
import type { Finding, Instance, Report } from '../core/report.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { type InstanceMetrics, metricsOf, sendsInstanceSeries } from '../report/metrics.ts';
import { statusOf } from '../report/summary.ts';
import type { Cycle } from './cycle.ts';

export interface ProjectOptions {
  readonly version: string;
  readonly checks: readonly Check[];
  /** What stands: for a one-shot the cycle's own findings, for the agent those settled over cycles. */
  readonly findings: readonly Finding[];
  /** Whether the instance needs attention, so that the per-instance series are sent. */
  readonly attention: boolean;
  readonly fleet: string;
  readonly instanceMetrics: InstanceMetrics;
  readonly outbox: OutboxDepth;
}

export function reportOf(cycle: Cycle, options: ProjectOptions): Report {
  const instance = instanceOf(cycle.snapshot);
  return {
    schema: 'imds-probe/report/v1',
    version: options.version,
    startedAt: new Date(cycle.startedAtMs).toISOString(),
    durationMs: cycle.durationMs,
    instance,
    status: statusOf(cycle.verdicts, options.findings, options.checks),
    observations: cycle.snapshot,
    verdicts: cycle.verdicts,
    findings: options.findings,
    metrics: metricsOf({
      snapshot: cycle.snapshot,
      findings: options.findings,
      trueTime: cycle.trueTime,
      startedAtMs: cycle.startedAtMs,
      fleet: options.fleet,
      instanceId: instance.instanceId,
      instanceSeries: sendsInstanceSeries(options.instanceMetrics, options.attention),
      outbox: options.outbox,
    }),
  };
}

/** Who this instance is, as far as this cycle saw it. */
export function instanceOf(snapshot: Snapshot): Instance {
  const identity = snapshot['instance-identity'];
  const role = snapshot['instance-role'];
  const host = snapshot.host;
  const known = identity?.ok ? identity.value : null;
  return {
    instanceId: known?.instanceId ?? (host?.ok ? host.value.instanceId : null),
    region: known?.region ?? null,
    availabilityZone: known?.availabilityZone ?? null,
    roleName: role?.ok ? role.value.roleName : null,
    accountId: known?.accountId ?? null,
  };
}
