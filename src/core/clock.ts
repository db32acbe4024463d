// What the probes of the clock see. Offsets are "theirs minus ours": positive means the local clock is slow.
import type { FailureKind } from './outcome.ts';

/** How one time server answered (RFC 5905, section 7.3). */
export type TimeServerState =
  | 'valid'
  /** It says of itself that it has no time: LI=3, stratum 0 or 16, or a root distance of 16 s and more. */
  | 'unsynchronised'
  /** It asks us to go away: a kiss-o'-death packet (RFC 5905, section 7.4). */
  | 'kiss'
  /** Its answer breaks the protocol. */
  | 'malformed'
  /** No answer. */
  | 'unreachable';

export interface TimeServerAnswer {
  /** host:port as asked. */
  readonly server: string;
  readonly state: TimeServerState;
  /** One sentence: what was odd, or how good the answer is. */
  readonly detail: string;
  readonly offsetMs: number | null;
  /** Half the round trip plus the server's own root distance, in milliseconds. */
  readonly errorBoundMs: number | null;
  readonly delayMs: number | null;
  readonly stratum: number | null;
  /** Leap indicator: 0 none, 1 or 2 a leap second today, 3 not synchronised. */
  readonly leap: number | null;
  /** Kiss code, such as RATE or DENY. */
  readonly kissCode: string | null;
  /** Questions sent to it in this cycle; 0 where none was, for a name without an address or after a kiss. */
  readonly exchanges: number;
  /** With state `unreachable`: how. */
  readonly failure: FailureKind | null;
}

/** Every time server that was asked, in the order of the settings. */
export interface TimeServers {
  readonly servers: readonly TimeServerAnswer[];
}

/** The offset by the best valid time server. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly errorBoundMs: number;
  readonly server: string;
  readonly stratum: number;
  readonly leap: number;
}

/** The offset by the `Date` headers of answers we got anyway: one second of resolution (RFC 9110, section 5.6.7). */
export interface HttpDateOffset {
  /** Middle of the interval all headers agree on. */
  readonly offsetMs: number;
  /** Half the width of that interval. */
  readonly errorBoundMs: number;
  readonly source: string;
  readonly headers: number;
}

/** What this machine says about its own clock; evidence, never a verdict. */
export interface LocalClock {
  /** The time daemon seen, e.g. `chronyd`, `systemd-timesyncd`, or null. */
  readonly daemon: string | null;
  /** Whether systemd says the clock was synchronised, or null where it does not say. */
  readonly synchronised: boolean | null;
}

/** Which clock the report trusts, and by how much it corrects the local one. */
export interface TrueTime {
  readonly source: 'time-server' | 'http-date' | 'local';
  readonly correctionMs: number;
}
