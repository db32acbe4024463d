// Sends metrics to CloudWatch: signed with what the probe has read, by true time, tried again while that makes sense.
import { setTimeout } from 'node:timers/promises';
import type { Datum } from '../../core/publishing.ts';
import { shownAccessKeyId } from '../../core/text.ts';
import { metricData } from './batch.ts';
import type { CloudWatchSdk } from './cloudwatch-sdk.ts';
import type { SigningCredentials } from './credentials.ts';
import { createAwsDispatcher } from './dispatcher.ts';
import { type LaterReason, type Refusal, refusal } from './failure.ts';
import type { Environment } from './proxy.ts';

/** How the data of one call fared. `requests` counts what was sent, all tries included. */
export type PutOutcome =
  | { readonly kind: 'accepted'; readonly requests: number }
  /** CloudWatch will never take these data, or at least one of them. */
  | { readonly kind: 'refused'; readonly requests: number; readonly code: string; readonly detail: string }
  | {
      readonly kind: 'later';
      readonly requests: number;
      readonly reason: LaterReason;
      /** The AWS error code, else the kind of failure. */
      readonly code: string;
      /** One clean sentence without secrets. */
      readonly detail: string;
      /** No answer came, and the data may have arrived all the same. */
      readonly mayHaveArrived: boolean;
    };

export interface CloudWatch {
  /**
   * Sends data that fit one request (`batchesOf`). Never rejects. `tries` bounds how often it is tried where the failure
   * can pass by itself, the first time included; 3 unless told.
   */
  putMetricData(data: readonly Datum[], signal: AbortSignal, tries?: number): Promise<PutOutcome>;
  /** Where requests go, as a URL, or null before the Region is known. */
  endpoint(): string | null;
  /** The access key id that signed the last request, by its first and last four characters, or null before the first. */
  signer(): string | null;
  close(): void;
}

export interface CloudWatchOptions {
  /** The Region to sign for, or null while it is unknown. */
  readonly region: () => string | null;
  /** `--cloudwatch-endpoint`; undefined: the Region's. */
  readonly endpoint?: string | undefined;
  readonly namespace: string;
  /** The role's credentials as last read, or null where there are none. */
  readonly credentials: () => SigningCredentials | null;
  /** Milliseconds the true time is ahead of the local clock, or null where it is unknown. */
  readonly clockCorrectionMs: () => number | null;
  /** Where the proxy variables are read. */
  readonly environment: Environment;
  /** Name and version, for the User-Agent header. */
  readonly userAgent: readonly [string, string];
  /** Tries of one request, the first included. */
  readonly attempts?: number;
  /** Milliseconds for one try, connecting included. */
  readonly timeoutMs?: number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 5_000;
/** Bound of the wait before the second try, and how it grows; a longer pause is the business of the next flush. */
const BACKOFF_BASE_MS = 250;
const BACKOFF_FACTOR = 4;
/** Used where an endpoint is given and the Region is not known: something has to stand in the signature. */
const FALLBACK_REGION = 'us-east-1';
/** What fits into a host name: the Region comes from the instance, and goes into one. */
const REGION = /^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/;

/**
 * CloudWatch as a port. The SDK is loaded by the first request, so that what publishes nothing doesn't pay for it.
 *
 * A try is repeated, after a full-jitter wait, when CloudWatch throttled, was in trouble (5xx) or could not be
 * reached, and when the clock was refused while nobody knows the true time, since the SDK learns it from that very
 * answer. A request that may have arrived is not repeated at once: its data stay for a later flush, which is the one
 * way a datum can be counted twice.
 *
 * Throws where `endpoint` is not a URL.
 */
export function createCloudWatch(options: CloudWatchOptions): CloudWatch {
  const random = options.random ?? Math.random;
  const attempts = options.attempts ?? ATTEMPTS;
  const line = createLine(options);
  const worthRepeating = ({ reason, mayHaveArrived }: Refusal): boolean => {
    if (mayHaveArrived) return false;
    if (reason === 'clock') return options.clockCorrectionMs() === null;
    return reason === 'throttled' || reason === 'server' || reason === 'network';
  };
  return {
    putMetricData: async (data, signal, tries = attempts) => {
      for (let attempt = 1; ; attempt++) {
        const refused = await line.send(data, signal);
        if (refused === null) return { kind: 'accepted', requests: attempt };
        const requests = UNSENT.has(refused) ? attempt - 1 : attempt;
        const most = refused.reason === 'clock' ? attempts : tries;
        if (attempt >= most || !worthRepeating(refused)) return outcome(refused, requests);
        const waitMs = random() * BACKOFF_BASE_MS * BACKOFF_FACTOR ** (attempt - 1);
        await setTimeout(waitMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return outcome(refused, requests);
      }
    },
    endpoint: line.endpoint,
    signer: line.signer,
    close: line.close,
  };
}

interface Line {
  /** One request; null when its data were accepted. */
  send(data: readonly Datum[], signal: AbortSignal): Promise<Refusal | null>;
  endpoint(): string | null;
  signer(): string | null;
  close(): void;
}

/** The SDK's client for the Region in force: built when it is first needed, and anew after its connection failed. */
function createLine(options: CloudWatchOptions): Line {
  const given = options.endpoint === undefined ? undefined : withoutUser(new URL(options.endpoint));
  let open: { readonly region: string; readonly sdk: CloudWatchSdk } | null = null;
  let endpoint = given ?? null;
  let signer: string | null = null;

  const close = (): void => {
    open?.sdk.destroy();
    open = null;
  };

  const connect = async (region: string): Promise<CloudWatchSdk> => {
    const { createCloudWatchSdk } = await import('./cloudwatch-sdk.ts');
    if (open?.region === region) return open.sdk;
    close();
    const { namespace, userAgent, environment } = options;
    const dispatcher = createAwsDispatcher(environment);
    const sdk = createCloudWatchSdk({ region, endpoint: given, namespace, dispatcher, userAgent });
    open = { region, sdk };
    endpoint = sdk.endpoint;
    return sdk;
  };

  const send = async (data: readonly Datum[], deadline: AbortSignal): Promise<Refusal | null> => {
    if (deadline.aborted) return OUT_OF_TIME;
    const credentials = options.credentials();
    if (credentials === null) return NO_CREDENTIALS;
    const region = options.region() ?? (given === undefined ? null : FALLBACK_REGION);
    if (region === null || !REGION.test(region)) return NO_REGION;
    const sdk = await connect(region);
    signer = shownAccessKeyId(credentials.accessKeyId);
    const signal = AbortSignal.any([deadline, AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)]);
    try {
      await sdk.put({
        data: metricData(data),
        credentials,
        correctionMs: options.clockCorrectionMs(),
        signal,
      });
      return null;
    } catch (error) {
      const refused = refusal(error, { endpoint: sdk.endpoint, credentials, cutOff: signal.aborted });
      // A connection that failed, or a proxy that hangs on CONNECT, must not stand in the way of the next try.
      if (refused.reason === 'network' || refused.reason === 'proxy') close();
      return refused;
    }
  };

  return { send, close, endpoint: () => endpoint, signer: () => signer };
}

function withoutUser(url: URL): string {
  url.username = '';
  url.password = '';
  return url.href;
}

function outcome(refused: Refusal, requests: number): PutOutcome {
  const { reason, code, detail, mayHaveArrived } = refused;
  return reason === 'data'
    ? { kind: 'refused', requests, code, detail }
    : { kind: 'later', requests, reason, code, detail, mayHaveArrived };
}

const unsent = (reason: LaterReason, code: string, detail: string): Refusal => ({
  reason,
  code,
  detail,
  mayHaveArrived: false,
});

const NO_CREDENTIALS = unsent('credentials', 'no-credentials', 'there are no role credentials to sign with');
const NO_REGION = unsent('answer', 'no-region', 'the Region is not known, so there is nowhere to send to');
const OUT_OF_TIME = unsent('network', 'response-timeout', 'there was no time left to ask CloudWatch');
const UNSENT: ReadonlySet<Refusal> = new Set([NO_CREDENTIALS, NO_REGION, OUT_OF_TIME]);
