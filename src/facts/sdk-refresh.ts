// When each SDK refreshes the role's credentials, whether it goes on with expired ones, and what slack that leaves.
import { ROTATION_LEAD_SECONDS } from './imds.ts';

export type RefreshingSdk = 'botocore' | 'js-v3' | 'java-v2' | 'go-v2' | 'rust';

export interface SdkRefresh {
  readonly sdk: RefreshingSdk;
  /** The name people know it by. */
  readonly name: string;
  /** It starts asking IMDS again this long before the expiry it believes in. */
  readonly advisorySeconds: number;
  /** From this long before that expiry, a failed refresh fails the caller's request as well; 0 where it never does. */
  readonly mandatorySeconds: number;
  /** It never trusts an answer longer than this, however late it expires; null where it does. */
  readonly capSeconds: number | null;
  /** After an answer that still holds the old credentials, it may not ask again for this long. */
  readonly retrySeconds: number;
  /** Goes on signing with expired credentials for this long between two tries; null where it does not. */
  readonly extendsSeconds: readonly [least: number, most: number] | null;
  /** What is peculiar, in one sentence. */
  readonly note: string;
  readonly source: string;
}

export const SDK_REFRESH: readonly SdkRefresh[] = [
  {
    sdk: 'botocore',
    name: 'AWS CLI, boto3 (botocore)',
    advisorySeconds: 900,
    mandatorySeconds: 600,
    capSeconds: null,
    // Extended to now + 17–25 min and refreshed 15 min before that: 2–10 min later.
    retrySeconds: 600,
    extendsSeconds: [1020, 1500],
    note: 'An answer with less than 17 to 25 minutes left is given a made-up expiry that far ahead, even if it has not expired.',
    source: 'botocore 1.43.11: credentials.py RefreshableCredentials, utils.py _evaluate_expiration',
  },
  {
    sdk: 'js-v3',
    name: 'SDK for JavaScript 3',
    advisorySeconds: 300,
    mandatorySeconds: 300,
    capSeconds: null,
    retrySeconds: 0,
    extendsSeconds: [300, 600],
    note: 'Refreshes five minutes before the expiry, just when IMDS has promised new credentials; until they are there every request asks IMDS.',
    source:
      '@aws-sdk/credential-provider-node credentialsTreatedAsExpired; @smithy/credential-provider-imds 4.5.2 getExtendedInstanceMetadataCredentials',
  },
  {
    sdk: 'java-v2',
    name: 'SDK for Java 2',
    // Half of the remaining time, at least five minutes; at the latest one second before the expiry.
    advisorySeconds: 1,
    mandatorySeconds: 0,
    capSeconds: null,
    retrySeconds: 300,
    extendsSeconds: [60, 600],
    note: 'Prefetches at half of the remaining time but no sooner than after five minutes, and treats credentials as stale one second before their expiry.',
    source: 'software.amazon.awssdk:auth 2.57.8 InstanceProfileCredentialsProvider; utils CachedSupplier',
  },
  {
    sdk: 'go-v2',
    name: 'SDK for Go 2',
    advisorySeconds: 0,
    mandatorySeconds: 0,
    capSeconds: 3600,
    retrySeconds: 0,
    extendsSeconds: [300, 900],
    note: 'Asks IMDS again at least once an hour, but has no window before the expiry: with a slow clock the last requests go out expired.',
    source: 'aws-sdk-go-v2 credentials v1.20.16 ec2rolecreds; aws.CredentialsCacheOptions',
  },
  {
    sdk: 'rust',
    name: 'SDK for Rust',
    advisorySeconds: 10,
    mandatorySeconds: 10,
    capSeconds: null,
    retrySeconds: 0,
    extendsSeconds: [600, 900],
    note: 'Refreshes at most ten seconds before the expiry and goes on with what it has when IMDS fails.',
    source: 'aws-smithy-runtime identity cache (buffer 10 s); aws-config imds/credentials.rs',
  },
];

export interface RefreshPlan {
  readonly sdk: RefreshingSdk;
  readonly name: string;
  /** Epoch milliseconds of the next time it asks IMDS, if it fetched these credentials when they were new or now. */
  readonly nextRefreshMs: number;
  /** True where the credentials are expired now and the SDK signs with them all the same. */
  readonly signsExpired: boolean;
  /**
   * Seconds between the last moment IMDS promises new credentials by and the moment old ones stop working, left
   * after this SDK's slowest way of noticing. Zero or less: it can sign with expired credentials even when IMDS
   * and the network are well.
   */
  readonly slackSeconds: number;
  readonly says: string;
}

/** When it asks again. `fetchedMs`: when it is taken to have fetched what it holds. */
function nextRefresh(sdk: SdkRefresh, expirationMs: number, fetchedMs: number, nowMs: number): number {
  const latest = expirationMs - sdk.advisorySeconds * 1000;
  if (nowMs >= latest) return nowMs;
  if (sdk.sdk === 'java-v2') {
    const half = Math.max((expirationMs - fetchedMs) / 2, 300_000);
    return Math.max(nowMs, Math.min(fetchedMs + half, latest));
  }
  const capped = sdk.capSeconds === null ? latest : Math.min(latest, fetchedMs + sdk.capSeconds * 1000);
  return Math.max(nowMs, capped);
}

/**
 * The slack: rotation is promised `ROTATION_LEAD_SECONDS` before the expiry; an SDK that asked just before that
 * asks again `retrySeconds` later, or when its own window opens, whichever is later.
 */
function slack(sdk: SdkRefresh): number {
  return Math.min(ROTATION_LEAD_SECONDS - sdk.retrySeconds, Math.max(sdk.advisorySeconds, 0));
}

/**
 * What each SDK will do next with credentials that expire at `expirationMs`. `lastUpdatedMs` is when IMDS made
 * them (`LastUpdated`); where it is known, an SDK is taken to have fetched them then. All in epoch milliseconds.
 */
export function refreshPlan(
  expirationMs: number,
  lastUpdatedMs: number | null,
  nowMs: number,
): readonly RefreshPlan[] {
  const fetchedMs = lastUpdatedMs === null ? nowMs : Math.min(lastUpdatedMs, nowMs);
  return SDK_REFRESH.map((sdk) => {
    const expired = nowMs >= expirationMs;
    const nextRefreshMs = nextRefresh(sdk, expirationMs, fetchedMs, nowMs);
    return {
      sdk: sdk.sdk,
      name: sdk.name,
      nextRefreshMs,
      signsExpired: expired && sdk.extendsSeconds !== null,
      slackSeconds: slack(sdk),
      says: said(sdk, expired, nextRefreshMs <= nowMs),
    };
  });
}

function said(sdk: SdkRefresh, expired: boolean, due: boolean): string {
  if (expired && sdk.extendsSeconds !== null) {
    const [least, most] = sdk.extendsSeconds.map((seconds) => Math.round(seconds / 60));
    return `${sdk.name} goes on signing with the expired credentials and asks IMDS again within ${least}–${most} minutes.`;
  }
  if (expired) return `${sdk.name} refuses the expired credentials.`;
  return due
    ? `${sdk.name} asks IMDS for new credentials with its next request.`
    : `${sdk.name} keeps what it has until its refresh is due.`;
}
