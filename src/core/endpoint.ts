// What is seen of the way to AWS: name, connection, TLS and first byte of an endpoint, and the clock behind it.
import type { Failure } from './outcome.ts';

/** The services whose endpoints are looked at. */
export type ReachedService = 'sts' | 'cloudwatch';

/** The steps of a request, in their order. `proxy` is CONNECT, where a proxy stands between. */
export type ReachStep = 'name' | 'connect' | 'proxy' | 'tls' | 'answer';

/** What vouches for a certificate. */
export interface ServerCertificate {
  /** Common name and organisation of the issuer, such as `Amazon RSA 2048 M02 (Amazon)`. */
  readonly issuer: string;
  readonly subject: string;
  /** True where the issuer calls itself Amazon: said by the certificate, worth something only with `trust: public`. */
  readonly amazon: boolean;
  /**
   * - `public`: a certificate authority that comes with Node and browsers
   * - `private`: accepted here only because somebody added its certificate authority to this machine
   * - `none`: not accepted
   */
  readonly trust: 'public' | 'private' | 'none';
  /** With trust `none`, why: a code of the TLS library, such as SELF_SIGNED_CERT_IN_CHAIN. */
  readonly problem: string | null;
  /** ISO 8601, or null where it cannot be read. */
  readonly validTo: string | null;
}

/** Offset by the `Date` header of one answer, theirs minus ours. */
export interface EndpointClock {
  readonly offsetMs: number;
  readonly errorBoundMs: number;
}

/** How far one request without credentials came. Times are those of each step alone, null where it was not made. */
export interface EndpointReach {
  readonly service: ReachedService;
  /** Scheme, host and port. */
  readonly endpoint: string;
  /** True where a setting names the endpoint, false for the Region's own. */
  readonly configured: boolean;
  /** Scheme, host and port of the proxy that the request goes through, with the variable that names it. */
  readonly proxy: { readonly url: string; readonly variable: string } | null;
  /** The IP address that the connection was made to. */
  readonly address: string | null;
  readonly nameMs: number | null;
  readonly connectMs: number | null;
  readonly proxyMs: number | null;
  readonly tlsMs: number | null;
  /** From the request to the first byte of its answer. */
  readonly firstByteMs: number | null;
  /** All steps together: what a first request needs from its signature to its answer. */
  readonly totalMs: number;
  /** HTTP status of the answer; any will do. */
  readonly status: number | null;
  /** The step at which it ended, with why; null where an answer came. */
  readonly stopped: { readonly at: ReachStep; readonly failure: Failure } | null;
  /** Null over plain http, and where TLS was not reached. */
  readonly certificate: ServerCertificate | null;
  readonly clock: EndpointClock | null;
  /** Names of the variables set here that point programs at further certificate authorities. */
  readonly caVariables: readonly string[];
  /** Seconds since it was looked at: the agent does not do so in every cycle while all is well. */
  readonly agoSeconds: number;
}

/** The instance metadata options by EC2 itself (API reference, InstanceMetadataOptionsResponse). All null where not asked. */
export interface InstanceOptions {
  readonly asked: boolean;
  /** `applied` or `pending`. */
  readonly state: string | null;
  readonly httpEndpoint: 'enabled' | 'disabled' | null;
  readonly httpTokens: 'optional' | 'required' | null;
  readonly httpPutResponseHopLimit: number | null;
  readonly httpProtocolIpv6: 'enabled' | 'disabled' | null;
}
