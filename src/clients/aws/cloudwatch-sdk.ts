// CloudWatch through the AWS SDK, told everything: it reads no file, no AWS variable and no metadata service by itself.
import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { UndiciHttpHandler } from '@smithy/undici-http-handler';
import type { Dispatcher } from 'undici';
import type { MetricDatum } from './batch.ts';
import type { SigningCredentials } from './credentials.ts';

export interface CloudWatchSdkOptions {
  readonly region: string;
  /** A URL, or undefined for the Region's endpoint by the SDK's own partition rules. */
  readonly endpoint: string | undefined;
  readonly namespace: string;
  readonly dispatcher: Dispatcher;
  /** Name and version, for the User-Agent header. */
  readonly userAgent: readonly [string, string];
}

export interface CloudWatchRequest {
  readonly data: readonly MetricDatum[];
  readonly credentials: SigningCredentials;
  /**
   * True time minus local time, or null where it is unknown: then the SDK signs by what it has learned from the
   * `Date` headers of earlier answers.
   */
  readonly correctionMs: number | null;
  readonly signal: AbortSignal;
}

export interface CloudWatchSdk {
  /** Where requests go, as a URL. */
  readonly endpoint: string;
  /** Sends one request, once, one call after the other. Rejects with the SDK's, undici's or the system's error. */
  put(request: CloudWatchRequest): Promise<void>;
  destroy(): void;
}

/** The SDK compresses from here on; its own default (`requestMinCompressionSizeBytes`). */
const COMPRESS_FROM_BYTES = 10_240;

/** Throws where the SDK knows no endpoint for such a Region. */
export function createCloudWatchSdk(options: CloudWatchSdkOptions): CloudWatchSdk {
  let signer: SigningCredentials | null = null;
  const client = new CloudWatchClient({
    ...SETTLED,
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    credentials: async () => {
      if (signer === null) throw new Error('the SDK asked for credentials before there was a request');
      // The SDK keeps credentials until they expire. These always have, so it asks again for every request.
      return { ...plain(signer), expiration: new Date(0) };
    },
    requestHandler: new UndiciHttpHandler({ dispatcher: options.dispatcher }),
    defaultUserAgentProvider: async () => [[options.userAgent[0], options.userAgent[1]]],
  });
  // Reads variables of Lambda into a header.
  client.middlewareStack.remove('recursionDetectionMiddleware');
  return {
    endpoint: options.endpoint ?? regionEndpoint(client, options.region),
    put: async ({ data, credentials, correctionMs, signal }) => {
      signer = credentials;
      if (correctionMs !== null) client.config.systemClockOffset = correctionMs;
      const command = new PutMetricDataCommand({ Namespace: options.namespace, MetricData: [...data] });
      await orAborted(client.send(command, { abortSignal: signal }), signal);
    },
    destroy: () => client.destroy(),
  };
}

/** Every setting for which the SDK would otherwise look into variables, shared files or instance metadata. */
const SETTLED = {
  defaultsMode: 'standard',
  // One request for one call: the policy of retries is ours.
  maxAttempts: 1,
  retryMode: 'standard',
  ignoreConfiguredEndpointUrls: true,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  authSchemePreference: [],
  disableClockSkewCorrection: false,
  disableRequestCompression: false,
  requestMinCompressionSizeBytes: COMPRESS_FROM_BYTES,
  userAgentAppId: async () => undefined,
} satisfies CloudWatchClientConfig & { readonly disableClockSkewCorrection: boolean };

/** undici heeds a signal only once it has a connection; a proxy that hangs on CONNECT must not hold us. */
async function orAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function plain(credentials: SigningCredentials) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function regionEndpoint(client: CloudWatchClient, region: string): string {
  const { url } = client.config.endpointProvider({ Region: region, UseDualStack: false, UseFIPS: false });
  return url.href;
}
