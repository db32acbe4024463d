// What the probes of the instance metadata service see.
import type { FailureKind } from './outcome.ts';

/** What a metadata request was for. */
export type ImdsPurpose =
  | 'token'
  | 'tokenless'
  | 'role'
  | 'credentials'
  | 'instance-profile'
  | 'identity'
  | 'proxied';

/** One request as it went over the wire. */
export interface ImdsRequest {
  readonly purpose: ImdsPurpose;
  readonly method: 'PUT' | 'GET';
  /** Milliseconds since the cycle began. */
  readonly startedMs: number;
  readonly tookMs: number;
  /** HTTP status, or null when no complete answer came. */
  readonly status: number | null;
  /** Why there was no complete answer, or `malformed` where a complete one makes no sense; else null. */
  readonly failure: FailureKind | null;
}

/** Every request of this cycle: what it cost, and how the service behaved under it. */
export interface ImdsTraffic {
  /** The endpoint asked, as a URL without a path. */
  readonly endpoint: string;
  /** Connections opened in this cycle. */
  readonly connections: number;
  /** In the order they were sent; bounded, the oldest are kept. */
  readonly requests: readonly ImdsRequest[];
}

/** The session token, never its text. `PUT /latest/api/token` (EC2 User Guide, "Use IMDSv2"). */
export interface ImdsToken {
  /** Seconds the token is still good for. */
  readonly ttlSeconds: number;
  /** True when a token of an earlier cycle was still good and no PUT was sent. */
  readonly reused: boolean;
  /** True when IMDS refused the token with 401 in this cycle and a fresh one was fetched. */
  readonly renewedAfterRejection: boolean;
  /** True when a fresh token was refused with 401 as well. */
  readonly freshTokenRejected: boolean;
}

/** The answer to a GET without a token: sent only to tell causes apart, or when asked to (`--imdsv1`). */
export interface TokenlessAnswer {
  readonly asked: boolean;
  /** 200 means IMDSv1 is allowed, 401 that a token is required; null when not asked. */
  readonly status: number | null;
}

/** The role's credentials as IMDS serves them, without the secrets. All null where no role is attached. */
export interface InstanceRole {
  readonly roleName: string | null;
  /** `Success`, or why EC2 could not assume the role, e.g. `AssumeRoleUnauthorizedAccess`. */
  readonly code: string | null;
  /** ISO 8601, as IMDS gave it. */
  readonly lastUpdated: string | null;
  readonly expiration: string | null;
  /** Expiration minus true time, in seconds; negative once expired. */
  readonly marginSeconds: number | null;
  /** True time minus lastUpdated, in seconds. */
  readonly ageSeconds: number | null;
  /** First and last four characters. */
  readonly accessKeyId: string | null;
  /** What IMDS said beside a code other than Success. */
  readonly message?: string;
}

/** `iam/info`: the instance profile. All null where none is attached. */
export interface InstanceProfile {
  readonly code: string | null;
  readonly lastUpdated: string | null;
  readonly instanceProfileArn: string | null;
  readonly instanceProfileId: string | null;
  readonly message?: string;
}

/** `dynamic/instance-identity/document`. */
export interface InstanceIdentity {
  readonly instanceId: string | null;
  readonly region: string | null;
  readonly availabilityZone: string | null;
  readonly accountId: string | null;
  readonly instanceType: string | null;
  readonly imageId: string | null;
  readonly architecture: string | null;
}

/** Settings of this machine that change how SDKs here reach IMDS; each with where it came from. */
export interface ImdsSettings {
  /** The endpoint in force, as a URL without a path. */
  readonly endpoint: string;
  /** Where an AWS variable or config key moves it to, or null; a flag of ours moves only ourselves. */
  readonly overriddenBy: string | null;
  /** The text of AWS_EC2_METADATA_DISABLED, or null where it is not set. */
  readonly disabledVariable: string | null;
  /** Tries and seconds an attempt that SDKs here are told to use, with where from; null where left at the default of 1. */
  readonly sdkAttempts: { readonly value: number; readonly from: string } | null;
  readonly sdkTimeoutSeconds: { readonly value: number; readonly from: string } | null;
}
