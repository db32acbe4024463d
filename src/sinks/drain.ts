// Empties an outbox into CloudWatch, newest first: settles what is decided, and leaves the rest for another time.
import { batchesOf } from '../clients/aws/batch.ts';
import type { CloudWatch } from '../clients/aws/cloudwatch.ts';
import type { Datum, DeliveryFailure, Outbox } from '../core/publishing.ts';

/** What a drain did: a Delivery without what outlives it. */
export interface Drained {
  readonly requests: number;
  readonly accepted: number;
  readonly rejected: number;
  /** What stopped it, else why data were rejected by CloudWatch, else null. */
  readonly failure: DeliveryFailure | null;
  /** Whether something stopped it that has to be tried again. */
  readonly failed: boolean;
}

export interface DrainOptions {
  readonly outbox: Outbox;
  readonly put: CloudWatch['putMetricData'];
  /** True time in epoch milliseconds, or null where nobody knows it. */
  readonly nowMs: () => number | null;
  /** Cuts even a request that is under way. */
  readonly signal: AbortSignal;
  /** True ends it before the next request. */
  readonly enough: () => boolean;
  /** Requests that it begins with; cutting a refused one in halves may take more. No bound unless told. */
  readonly maxBatches?: number;
}

/** Data looked at in one go. */
const PAGE = 1_000;
/** A backlog of 16 MB is some 60 requests; isolating one bad datum among 1000 is 20. More than this wait their turn. */
const MAX_REQUESTS = 200;

/** Parts of requests that are refused one after the other before it is plain that the fault is not in a datum. */
const MAX_REFUSED = 31;

/**
 * The rules of delivery:
 *
 * - newest first, in requests as large as CloudWatch takes;
 * - what breaks a documented limit is rejected unsent;
 * - at the first "later" (throttled, 5xx, no answer, refused credentials …) it stops: all that is left stays;
 * - a request without an answer may have arrived. Its data stay and are sent again: late and perhaps twice is better
 *   than lost, and it is the only way a datum is counted twice;
 * - a refused request is cut in halves until the bad datum is alone. It is rejected, the others go through. Where
 *   nothing at all is accepted, the fault is not in a datum: it stops after 31 parts, and nothing is rejected.
 */
export async function drain(options: DrainOptions): Promise<Drained> {
  const { outbox } = options;
  const tally: Tally = { requests: 0, asked: 0, accepted: 0, refused: 0, rejected: 0, suspects: [] };
  const stopped = await sendAll(options, tally);
  const { requests, accepted, suspects } = tally;
  const failure = stopped ?? suspects[0]?.refusal ?? null;
  const blameless = accepted === 0 && tally.asked > 1;
  if (!blameless) {
    for (const { datum, refusal } of suspects)
      outbox.rejected([datum.id], `${refusal.code}: ${refusal.detail}`);
    tally.rejected += suspects.length;
  }
  const failed = stopped !== null || (blameless && suspects.length > 0);
  return { requests, accepted, rejected: tally.rejected, failure, failed };
}

interface Tally {
  requests: number;
  /** Data that were put into requests. */
  asked: number;
  accepted: number;
  /** Parts of requests. */
  refused: number;
  rejected: number;
  /** Data that were refused when they were sent alone. */
  readonly suspects: { readonly datum: Datum; readonly refusal: DeliveryFailure }[];
}

/** Sends until nothing is left, or it is enough; what stopped it before that, else null. */
async function sendAll(options: DrainOptions, tally: Tally): Promise<DeliveryFailure | null> {
  const { outbox, nowMs, maxBatches = Number.POSITIVE_INFINITY } = options;
  let begun = 0;
  let page = outbox.newest(PAGE);
  while (page.length > 0) {
    const { batches, unsendable } = batchesOf(page, secondsOf(nowMs()));
    for (const { datum, why } of unsendable) outbox.rejected([datum.id], why);
    tally.rejected += unsendable.length;
    for (const batch of batches) {
      if (begun >= maxBatches || isEnough(options, tally)) return null;
      begun += 1;
      tally.asked += batch.length;
      const stopped = await sendBatch(batch, options, tally);
      if (stopped !== null) return stopped;
    }
    // By id, and not by what is left: an outbox that can't settle just now must not hold us here for ever.
    page = outbox.newest(PAGE, page.at(-1)?.id);
  }
  return null;
}

const secondsOf = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** Out of time with nothing accepted is not enough: then the request itself has to say so. */
const isEnough = ({ enough, signal }: DrainOptions, { requests, accepted }: Tally): boolean =>
  enough() || requests >= MAX_REQUESTS || (signal.aborted && accepted > 0);

async function sendBatch(
  batch: readonly Datum[],
  options: DrainOptions,
  tally: Tally,
): Promise<DeliveryFailure | null> {
  const queue = [batch];
  for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
    if (isEnough(options, tally)) return null;
    const outcome = await options.put(part, options.signal);
    tally.requests += outcome.requests;
    if (outcome.kind === 'accepted') {
      options.outbox.accepted(part.map(({ id }) => id));
      tally.accepted += part.length;
      continue;
    }
    const { code, detail } = outcome;
    const refusal: DeliveryFailure = {
      reason: outcome.kind === 'later' ? outcome.reason : 'data',
      code,
      detail,
    };
    if (outcome.kind === 'later') return refusal;
    tally.refused += 1;
    if (tally.accepted === 0 && tally.refused >= MAX_REFUSED) return refusal;
    const [datum] = part;
    const half = Math.ceil(part.length / 2);
    if (part.length === 1 && datum !== undefined) tally.suspects.push({ datum, refusal });
    // Halves wait behind parts of the same size, so that what is good is found first.
    else queue.push(part.slice(0, half), part.slice(half));
  }
  return null;
}
