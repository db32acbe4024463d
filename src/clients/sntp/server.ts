// One configured time server: its addresses, and how long it wants to be left alone.
import { isIP } from 'node:net';
import type { TimeServerAnswer } from '../../core/clock.ts';
import { shownText } from '../../core/text.ts';
import { NOT_ASKED } from '../names.ts';
import { type AskOptions, askServer, noTime } from './ask.ts';

/** Addresses of one name that are tried while the earlier ones refuse or have no route. */
const MAX_ADDRESSES = 4;

const MINUTE_MS = 60_000;
// How long a server is left alone after a kiss, doubled with each further one. RATE means "ask less"; DENY and RSTR
// mean "stop" (RFC 5905, section 7.4), but a server that has been mended is found again all the same.
const HOLD_AFTER_RATE = { firstMs: 2 * MINUTE_MS, longestMs: 60 * MINUTE_MS };
const HOLD_AFTER_DENY = { firstMs: 60 * MINUTE_MS, longestMs: 24 * 60 * MINUTE_MS };

export interface TimeServerAddress {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** IP addresses of a name; rejects with a `NameError` where there are none, and at once when the signal aborts. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A configured server with what it has asked of us. */
export class TimeServer {
  private readonly name: string;
  private readonly address: TimeServerAddress;
  private readonly options: AskOptions;
  private readonly resolve: Resolve;
  private hold: { readonly code: string; readonly untilMs: number; readonly forMs: number } | null = null;
  /** It once found four questions in a row too many; it never gets more than one a cycle again. */
  private gently = false;

  constructor(address: TimeServerAddress, options: AskOptions, resolve: Resolve) {
    this.address = address;
    this.options = options;
    this.resolve = resolve;
    const host = shownText(address.host);
    this.name = host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
  }

  async ask(signal: AbortSignal, onHeard: () => void): Promise<TimeServerAnswer> {
    const leftMs = (this.hold?.untilMs ?? 0) - this.options.clock.monotonicMs();
    if (this.hold !== null && leftMs > 0) {
      const { code } = this.hold;
      const detail = `asked to be left alone (kiss code ${code}); not asked for another ${Math.ceil(leftMs / 1000)} s`;
      return noTime(this.name, 'kiss', detail, { kissCode: code });
    }
    const answer = await this.askAddresses(signal, onHeard);
    this.remember(answer);
    return answer;
  }

  /** The first address that is not plainly the wrong one: `localhost` may be `::1` where only IPv4 is served. */
  private async askAddresses(signal: AbortSignal, onHeard: () => void): Promise<TimeServerAnswer> {
    const addresses = await this.addresses(signal);
    if (typeof addresses === 'string') {
      return noTime(this.name, 'unreachable', addresses, { failure: 'unroutable' });
    }
    const options = this.gently ? { ...this.options, exchanges: 1 } : this.options;
    let answer: TimeServerAnswer | undefined;
    let exchanges = 0;
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      const target = { server: this.name, address, port: this.address.port };
      answer = await askServer(target, options, signal, onHeard);
      exchanges += answer.exchanges;
      if (answer.failure !== 'refused' && answer.failure !== 'unroutable') break;
    }
    return answer === undefined
      ? noTime(this.name, 'unreachable', 'has a name without an address', { failure: 'unroutable' })
      : { ...answer, exchanges };
  }

  /** IP addresses, or why there are none. */
  private async addresses(signal: AbortSignal): Promise<readonly string[] | string> {
    const { host } = this.address;
    if (isIP(host) !== 0) return [host];
    const patience = AbortSignal.any([signal, AbortSignal.timeout(this.options.timeoutMs)]);
    const late = 'has a name that did not resolve in time';
    const over = new Promise<string>((resolve) => {
      if (patience.aborted) resolve(late);
      patience.addEventListener('abort', () => resolve(late), { once: true });
    });
    const found = this.resolve(host, patience).catch((error: NodeJS.ErrnoException) => {
      if (error.code === NOT_ASKED) return 'is given by name, and --offline asks no DNS';
      return patience.aborted ? late : `has a name that does not resolve (${error.code ?? error.name})`;
    });
    return Promise.race([found, over]);
  }

  private remember(answer: TimeServerAnswer): void {
    const { kissCode, state } = answer;
    if (kissCode === 'RATE') this.gently = true;
    if (state === 'valid' && kissCode === null) this.hold = null;
    // After good answers RATE means "not so many at once"; anything else, or RATE at once, means "not now".
    if (kissCode === null || state === 'unsynchronised' || (state === 'valid' && kissCode === 'RATE')) return;
    const { firstMs, longestMs } = kissCode === 'RATE' ? HOLD_AFTER_RATE : HOLD_AFTER_DENY;
    const forMs = this.hold === null ? firstMs : Math.min(this.hold.forMs * 2, longestMs);
    this.hold = { code: kissCode, forMs, untilMs: this.options.clock.monotonicMs() + forMs };
  }
}
