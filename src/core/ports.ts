// What the rim of the program offers to probes and sinks; `main` fills each with a client.
import type { AwsCli, CallerIdentities, ChainSourceName, ChainWorld, ProcessCredentials } from './chain.ts';
import type { ClockOffset, HttpDateOffset, LocalClock, TimeServerAnswer } from './clock.ts';
import type { EndpointReach, InstanceOptions, ReachedService } from './endpoint.ts';
import type { HostState } from './host.ts';
import type {
  ImdsPurpose,
  ImdsSettings,
  ImdsToken,
  ImdsTraffic,
  InstanceIdentity,
  InstanceProfile,
  InstanceRole,
  TokenlessAnswer,
} from './imds.ts';
import type { LinkLocalDrops, MetadataSocket } from './link-local.ts';
import type { Result } from './outcome.ts';
import type { ProxiedMetadata, ProxySettings } from './proxy.ts';
import type { Report } from './report.ts';
import type { Observations, ProbeId } from './snapshot.ts';

/**
 * The instance metadata service. One token acquisition a cycle serves every call, and so does its failure.
 * Credentials stay behind this wall; what comes out is redacted.
 */
export interface ImdsPort {
  /** Forgets what belongs to the last cycle (tallies, shared failures), never a token that is still good. */
  beginCycle(): void;
  token(signal: AbortSignal): Promise<Result<ImdsToken>>;
  /** The tokenless GET: answers `asked: false` unless a PUT failed or stayed unanswered, or `--imdsv1` was given. */
  tokenless(signal: AbortSignal): Promise<Result<TokenlessAnswer>>;
  /** Margin and age are by the local clock here; the cycle corrects them to true time. */
  role(signal: AbortSignal): Promise<Result<InstanceRole>>;
  profile(signal: AbortSignal): Promise<Result<InstanceProfile>>;
  identity(signal: AbortSignal): Promise<Result<InstanceIdentity>>;
  /** What this cycle has sent so far. */
  traffic(): ImdsTraffic;
  /** The offset by the Date headers of this cycle's answers, or null when none carried one. */
  httpDate(): HttpDateOffset | null;
}

/** Time servers. Asked once a cycle, however many probes want to know. */
export interface TimePort {
  beginCycle(): void;
  /** Every configured server; asked in order, the next one only when the one before gave no valid time. */
  servers(signal: AbortSignal): Promise<readonly TimeServerAnswer[]>;
  /** The best valid answer, or why there is none. */
  offset(signal: AbortSignal): Promise<Result<ClockOffset>>;
}

/** This machine: environment, files, /proc. What comes out is parsed and redacted. */
export interface HostPort {
  imdsSettings(): Result<ImdsSettings>;
  /** What the proxy variables of this shell do to metadata requests. */
  proxySettings(): Promise<Result<ProxySettings>>;
  state(): Promise<Result<HostState>>;
  clock(): Promise<Result<LocalClock>>;
  /**
   * What the network driver has dropped of packets to link-local services, and how much that grew since the last call
   * that looked. A call soon after another does so only where `now` is true.
   */
  linkLocal(signal: AbortSignal, now: boolean): Promise<Result<LinkLocalDrops>>;
  /** Connections to the metadata service that are not our own, as they stand. */
  metadataSockets(signal: AbortSignal, now: boolean): Promise<Result<readonly MetadataSocket[]>>;
}

/** What the credential chain of this shell, or of the process asked for, is made of. Secrets stay behind this wall. */
export interface ChainPort {
  /** Forgets the last cycle's reading. */
  beginCycle(): void;
  /** Read once a cycle, however many probes want to know. */
  world(signal: AbortSignal): Promise<Result<ChainWorld>>;
  /**
   * What other processes carry. Where only STS can tell whether that has expired, it is asked; `ready` is awaited
   * first, and only then.
   */
  processes(ready: () => Promise<unknown>, signal: AbortSignal): Promise<Result<ProcessCredentials>>;
  awsCli(signal: AbortSignal): Promise<Result<AwsCli>>;
  /** GetCallerIdentity for the credentials of `winner`, and for the instance role; that one does not wait for it. */
  identities(
    winner: ChainSourceName | null | Promise<ChainSourceName | null>,
    signal: AbortSignal,
  ): Promise<Result<CallerIdentities>>;
}

/** The proxy that clients here would send metadata requests to. Never sent anything secret of ours. */
export interface ProxiedPort {
  /**
   * One token request through it, and where a metadata service answers, a second one for whose it is. `asked: false`
   * where no client goes that way, or it may not be asked; a failure where nothing came back.
   */
  ask(signal: AbortSignal): Promise<Result<ProxiedMetadata>>;
}

/** AWS itself. Secrets stay behind this wall. */
export interface AwsPort {
  /**
   * How far one request without credentials comes: at most 2 s. `region` is waited for only where no setting names
   * the endpoint. What went well is told from memory for a few minutes. A failure where there was nothing to ask, or
   * the signal cut it short.
   */
  reach(
    service: ReachedService,
    region: Promise<string | null>,
    signal: AbortSignal,
  ): Promise<Result<EndpointReach>>;
  /**
   * EC2's own word on this instance's metadata options, with the role's credentials, where asked for
   * (`--instance-options`). `maxAgeMs`: how old an answer may be that is told from memory.
   */
  instanceOptions(
    instanceId: string,
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<Result<InstanceOptions>>;
}

/** Wall clock in epoch milliseconds, and a clock that never jumps. */
export interface ClockPort {
  wallMs(): number;
  monotonicMs(): number;
}

export interface Ports {
  readonly imds: ImdsPort;
  readonly time: TimePort;
  readonly host: HostPort;
  readonly chain: ChainPort;
  readonly proxied: ProxiedPort;
  readonly aws: AwsPort;
  readonly clock: ClockPort;
}

/** Asks the world one question. The runner adds time and attempts, and turns a throw into `crashed`. */
export interface Probe<K extends ProbeId = ProbeId> {
  readonly id: K;
  /** One line for `--help` and the documentation: what it asks. */
  readonly title: string;
  /** What it talks to; `--offline` leaves out `aws`. `cycle` probes read what the others left behind, so they run last. */
  readonly asks: 'imds' | 'time' | 'host' | 'aws' | 'cycle';
  /** Under `--only`, it runs for checks that would use it, and only where this other probe failed. */
  readonly standsInFor?: ProbeId;
  observe(ports: Ports, signal: AbortSignal): Promise<Result<Observations[K]>>;
}

/** Something worth saying while a client waits; shown on standard error. */
export type ClientEvent =
  | {
      readonly type: 'retry';
      readonly purpose: ImdsPurpose;
      /** What came back: a status or a failure kind. */
      readonly got: number | string;
      readonly attempt: number;
      readonly attempts: number;
      readonly waitMs: number;
    }
  | {
      readonly type: 'gave-up';
      readonly purpose: ImdsPurpose;
      readonly got: number | string;
      readonly attempts: number;
    }
  | { readonly type: 'unanswered'; readonly purpose: ImdsPurpose; readonly afterMs: number };

export type OnClientEvent = (event: ClientEvent) => void;

/** Delivers a report somewhere. A sink that fails says so by rejecting; the agent goes on. */
export interface Sink {
  readonly name: string;
  deliver(report: Report, signal: AbortSignal): Promise<void>;
}
