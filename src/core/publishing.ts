// Metrics on their way to CloudWatch.
import type { Metric } from './metric.ts';

/** A metric with its cycle's start, in whole seconds since the epoch. */
export interface Datum {
  /** Given by the outbox; unique within it, rising. */
  readonly id: number;
  readonly timestamp: number;
  readonly metric: Metric;
}

export interface OutboxDepth {
  readonly pending: number;
  /** Epoch seconds of the oldest datum not yet accepted, or null when there is none. */
  readonly oldestTimestamp: number | null;
  /** Data given up since the last time the loss was reported by `OutboxDropped`. */
  readonly dropped: number;
}

/** What CloudWatch has not accepted yet. All calls are synchronous: a kill between two loses nothing that was added. */
export interface Outbox {
  add(timestamp: number, metrics: readonly Metric[]): void;
  /** Up to `limit` data, newest first; they stay until settled. `before` (an id) pages towards older ones. */
  newest(limit: number, before?: number): readonly Datum[];
  /** CloudWatch has these. */
  accepted(ids: readonly number[]): void;
  /** CloudWatch will never take these; counted as dropped. */
  rejected(ids: readonly number[], why: string): void;
  depth(): OutboxDepth;
  close(): void;
}

/** Why CloudWatch did not take data. */
export type DeliveryFailureReason =
  /** These data will never be taken; for every other reason they are kept, and tried again. */
  | 'data'
  | 'throttled'
  /** CloudWatch itself is in trouble: 5xx. */
  | 'server'
  /** No complete answer came. */
  | 'network'
  /** The operator's proxy refused, or the variable that names it is of no use. */
  | 'proxy'
  /** Nothing to sign with, or AWS does not accept who signed. */
  | 'credentials'
  /** AWS does not accept when it was signed. */
  | 'clock'
  /** The role may not. */
  | 'denied'
  /** An answer that is not CloudWatch's, or nowhere to ask. */
  | 'answer';

export interface DeliveryFailure {
  readonly reason?: DeliveryFailureReason;
  /** The AWS error code, else the kind of failure, else the TLS library's code. */
  readonly code: string;
  /** One clean sentence without secrets. */
  readonly detail: string;
}

/** How the last delivery to CloudWatch went. */
export interface Delivery {
  /** Requests sent to CloudWatch. */
  readonly requests: number;
  /** Data accepted, refused for good, and still waiting. */
  readonly accepted: number;
  readonly rejected: number;
  readonly pending: number;
  /** Data that waited when it began. */
  readonly pendingBefore: number;
  /** Age in seconds of the oldest datum still waiting, or null. */
  readonly oldestSeconds: number | null;
  /** Whether what waits is sent again without anybody's doing: the agent does that, a single run does not. */
  readonly againLater: boolean;
  /** Consecutive deliveries that ended with a failure; data refused for good alone are none. */
  readonly failures: number;
  /** What went wrong last; null when all went well. */
  readonly failure: DeliveryFailure | null;
  readonly endpoint: string;
  /** The access key id that signed, by its first and last four characters; null or left out where nothing was sent. */
  readonly accessKeyId?: string | null;
}

/**
 * Findings about the delivery itself. A whole fleet has them at the same time, and what they would have sent goes to
 * where nothing arrives: so they hurry no delivery.
 */
export const DELIVERY_FINDINGS: readonly string[] = [
  'publish-failing',
  'outbox-growing',
  'cloudwatch-unreachable',
];

/** The metric by which a loss is reported. */
export const LOSS_METRIC = 'OutboxDropped';

/**
 * How much loss these metrics report. An outbox takes it off `dropped` when they are added, and puts it back when one
 * of them is itself given up: so no loss goes unreported, and none is reported twice.
 */
export function lossReported(metrics: readonly Metric[]): number {
  return metrics
    .filter((metric) => metric.name === LOSS_METRIC)
    .flatMap((metric) => metric.values.map((value, index) => value * (metric.counts[index] ?? 1)))
    .reduce((sum, value) => sum + value, 0);
}
