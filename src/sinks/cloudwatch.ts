// Publishes to CloudWatch: flushes the outbox when it is due, and remembers how that went.
import type { CloudWatch } from '../clients/aws/cloudwatch.ts';
import type { ClockPort, Sink } from '../core/ports.ts';
import type { Delivery, Outbox } from '../core/publishing.ts';
import type { Report } from '../core/report.ts';
import { drain } from './drain.ts';
import { alarmingState, flushDue } from './flush-schedule.ts';

export interface PublisherOptions {
  /** The cycle's metrics are put into it before its report comes to the sink. */
  readonly outbox: Outbox;
  readonly cloudWatch: Pick<CloudWatch, 'putMetricData' | 'endpoint' | 'signer'>;
  readonly clock: ClockPort;
  /** Milliseconds the true time is ahead of the local clock, or null where it is unknown. */
  readonly clockCorrectionMs: () => number | null;
  /** `--flush`, in milliseconds. */
  readonly intervalMs: number;
  /** This instance's place in the interval, from 0 to 1: chance does. */
  readonly phase: number;
  /** Told of every delivery that the sink made. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

export interface Publisher {
  readonly outbox: Outbox;
  /**
   * Sends what waits, newest first, until done, put off, or stopped by the signal. Waits for a delivery that is under
   * way, which the signal cuts as well. Never rejects.
   */
  flush(signal: AbortSignal): Promise<Delivery>;
  /** Flushes when that is due. Its signal ends it after the request under way, so that none is sent twice. */
  readonly sink: Sink;
  /** The last delivery, or null before the first. */
  last(): Delivery | null;
}

/** The longest that one delivery of the sink takes: what is left has to wait for the next one. */
const DELIVERY_MS = 60_000;

/**
 * Requests of one delivery of the sink. A backlog of 13 days is some 260 of them; ten at a time, a fleet of 10,000 that
 * comes back from an outage stays below the 500 a second of an account (CloudWatch User Guide, service quotas).
 */
const BATCHES_AT_ONCE = 10;

/** How a delivery goes about it. */
interface Way {
  /** True ends it before the next request. */
  readonly enough: () => boolean;
  readonly maxBatches: number;
  /** Of one request, where that can pass by itself; undefined is what the client thinks good. */
  readonly tries: number | undefined;
  readonly againLater: boolean;
}

const ALL_OF_IT: Way = {
  enough: () => false,
  maxBatches: Number.POSITIVE_INFINITY,
  tries: undefined,
  againLater: false,
};

export function createPublisher(options: PublisherOptions): Publisher {
  const { outbox, cloudWatch, clock } = options;
  let running: { readonly done: Promise<Delivery>; readonly cut: AbortController } | null = null;
  let last: Delivery | null = null;
  let lastMs = clock.monotonicMs();
  /** What alarms: as CloudWatch knows it, as it is, and how often that has failed to get there. */
  const alarm = { told: '', now: '', tries: 0 };
  let signer: string | null = null;

  const trueMs = (): number => clock.wallMs() + (options.clockCorrectionMs() ?? 0);

  const deliver = async (signal: AbortSignal, way: Way): Promise<Delivery> => {
    lastMs = clock.monotonicMs();
    const telling = alarm.now;
    const put: CloudWatch['putMetricData'] = (data, cut) => cloudWatch.putMetricData(data, cut, way.tries);
    const pendingBefore = outbox.depth().pending;
    const { requests, accepted, rejected, failure, failed } = await drain({
      outbox,
      put,
      // What is too old for CloudWatch is not for a clock to say that nobody has checked: it may have jumped.
      nowMs: () => (options.clockCorrectionMs() === null ? null : trueMs()),
      signal,
      enough: way.enough,
      maxBatches: way.maxBatches,
    });
    if (!failed) alarm.told = telling;
    alarm.tries = failed ? alarm.tries + 1 : 0;
    const { pending, oldestTimestamp } = outbox.depth();
    last = {
      requests,
      accepted,
      rejected,
      pending,
      pendingBefore,
      againLater: way.againLater,
      oldestSeconds:
        oldestTimestamp === null ? null : Math.max(0, Math.floor(trueMs() / 1000) - oldestTimestamp),
      failures: failed ? (last?.failures ?? 0) + 1 : 0,
      failure,
      accessKeyId: cloudWatch.signer(),
      endpoint: cloudWatch.endpoint() ?? 'CloudWatch, in a Region not yet known',
    };
    return last;
  };

  /** One delivery at a time; `signal` cuts the ones before it, too. */
  const inTurn = async (signal: AbortSignal, way: Way): Promise<Delivery> => {
    while (running !== null) {
      const { done, cut } = running;
      const onAbort = (): void => cut.abort();
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      await done.catch(() => undefined);
      signal.removeEventListener('abort', onAbort);
    }
    const cut = new AbortController();
    const done = deliver(AbortSignal.any([signal, cut.signal]), way);
    running = { done, cut };
    try {
      return await done;
    } finally {
      running = null;
    }
  };

  const isDue = (report: Report): boolean => {
    const state = alarmingState(report.findings);
    if (state !== alarm.now) alarm.tries = 0;
    alarm.now = state;
    const alarmTries = alarm.now === alarm.told ? null : alarm.tries;
    const role = report.observations['instance-role'];
    const key = role?.ok ? role.value.accessKeyId : null;
    const freshCredentials = key !== null && key !== signer;
    const { intervalMs, phase } = options;
    const nowMs = clock.monotonicMs();
    const failures = last?.failures ?? 0;
    const due = flushDue({ nowMs, lastMs, intervalMs, phase, failures, alarmTries, freshCredentials });
    if (due) signer = key;
    return due;
  };

  const sink: Sink = {
    name: 'cloudwatch',
    deliver: async (report, signal) => {
      if (!isDue(report)) return;
      // Not AbortSignal.timeout, which would hold on to all of it for the whole time, however soon it is done.
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), DELIVERY_MS);
      try {
        const delivery = await inTurn(patience.signal, {
          enough: () => signal.aborted,
          maxBatches: BATCHES_AT_ONCE,
          tries: alarm.now === alarm.told ? 1 : undefined,
          againLater: true,
        });
        options.onDelivery?.(delivery);
      } finally {
        clearTimeout(timer);
      }
    },
  };
  const flush = (signal: AbortSignal): Promise<Delivery> => inTurn(signal, ALL_OF_IT);
  return { outbox, sink, flush, last: () => last };
}
