// Walks the way of one request to AWS, step by step with times: name, connection, proxy, TLS, first byte. It is a HEAD
// without credentials: any answer at all says that requests get there.
import type { Socket } from 'node:net';
import type { EndpointClock, ReachStep, ServerCertificate } from '../../../core/endpoint.ts';
import type { Failure } from '../../../core/outcome.ts';
import { shownText } from '../../../core/text.ts';
import { DateHeaders } from '../../imds/http-date.ts';
import { addressesOf, NameError } from '../../names.ts';
import { systemCode, TLS_CODE, WIRE_KINDS } from '../failure.ts';
import type { ProxyRoute } from '../proxy.ts';
import { certificateOf } from './certificate.ts';
import { exchangeHead, type Head, openConnection, openTls, StepError } from './wire.ts';

export interface WalkOptions {
  readonly url: URL;
  readonly route: Exclude<ProxyRoute, { readonly via: 'unusable' }>;
  /** All steps together. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly clock: { readonly wallMs: () => number; readonly monotonicMs: () => number };
  readonly userAgent: string;
}

export interface Walk {
  readonly address: string | null;
  readonly ms: Readonly<Partial<Record<ReachStep, number>>>;
  readonly totalMs: number;
  readonly status: number | null;
  readonly stopped: { readonly at: ReachStep; readonly failure: Failure } | null;
  readonly certificate: ServerCertificate | null;
  readonly clock: EndpointClock | null;
}

/** Never rejects. */
export async function walk(options: WalkOptions): Promise<Walk> {
  const walker = new Walker(options);
  return await walker.walk();
}

/** Hosts without brackets, as sockets take them. */
const bare = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

/** A gateway's own words for "could not get there" (RFC 9110, section 15.6), and a proxy's for "who are you?". */
const GATEWAY_STATUSES: readonly number[] = [407, 502, 503, 504];

class Walker {
  readonly #options: WalkOptions;
  readonly #limit: AbortSignal;
  readonly #ms: Partial<Record<ReachStep, number>> = {};
  #at: ReachStep = 'name';
  /** Who is being asked at this step, for the words of a failure. */
  #peer: string;
  #socket: Socket | null = null;
  #address: string | null = null;
  #certificate: ServerCertificate | null = null;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.limitMs)]);
    this.#peer = shownText(options.url.host);
  }

  async walk(): Promise<Walk> {
    const startMs = this.#options.clock.monotonicMs();
    const reached = await this.#reached().catch((error: unknown) => ({
      status: null,
      clock: null,
      stopped: { at: this.#at, failure: this.#failure(error) },
    }));
    this.#socket?.destroy();
    return {
      ...reached,
      address: this.#address,
      ms: this.#ms,
      totalMs: rounded(this.#options.clock.monotonicMs() - startMs),
      certificate: this.#certificate,
    };
  }

  async #reached(): Promise<Pick<Walk, 'status' | 'clock' | 'stopped'>> {
    const { url, route } = this.#options;
    const first = route.via === 'proxy' ? new URL(route.url) : url;
    if (route.via === 'proxy') this.#peer = `the proxy ${shownText(first.host)}`;
    await this.#connect(first);
    if (route.via === 'proxy') await this.#throughProxy(first, route.authorization);
    this.#peer = shownText(url.host);
    if (url.protocol === 'https:') await this.#secure();
    return await this.#ask();
  }

  /** Runs a step and keeps its time, or lets `#failure` know at which step it ended. */
  async #step<T>(step: ReachStep, work: () => Promise<T>): Promise<T> {
    this.#at = step;
    const startMs = this.#options.clock.monotonicMs();
    const done = await work();
    this.#ms[step] = rounded(this.#options.clock.monotonicMs() - startMs);
    return done;
  }

  async #connect(to: URL): Promise<void> {
    const host = bare(to);
    const startMs = this.#options.clock.monotonicMs();
    const addresses = await addressesOf(host, this.#limit);
    // An address needs no name server, and a time of 0 would say that one answered.
    if (addresses[0] !== host) this.#ms.name = rounded(this.#options.clock.monotonicMs() - startMs);
    this.#socket = await this.#step('connect', () =>
      openConnection(host, portOf(to), addresses, this.#limit),
    );
    this.#address = this.#socket.remoteAddress ?? null;
  }

  async #throughProxy(proxy: URL, authorization: string | null): Promise<void> {
    const { url, userAgent } = this.#options;
    if (url.protocol !== 'https:' && proxy.protocol !== 'https:') return;
    await this.#step('proxy', async () => {
      if (proxy.protocol === 'https:') await this.#secureProxy(proxy);
      if (url.protocol !== 'https:') return;
      const target = `${url.hostname}:${portOf(url)}`;
      const { status } = await this.#exchange([
        `CONNECT ${target} HTTP/1.1`,
        `Host: ${target}`,
        `User-Agent: ${userAgent}`,
        ...(authorization === null ? [] : [`Proxy-Authorization: ${authorization}`]),
      ]);
      if (status < 200 || status > 299) throw new StepError(refusedBy(this.#peer, status));
    });
  }

  /** The password for a proxy goes to nobody whose certificate is not good. */
  async #secureProxy(proxy: URL): Promise<void> {
    const secure = await openTls(this.#open(), bare(proxy), this.#limit);
    this.#socket = secure;
    if (secure.authorized) return;
    const { issuer, problem } = certificateOf(secure);
    throw new StepError(untrusted(this.#peer, issuer, problem));
  }

  async #secure(): Promise<void> {
    const secure = await this.#step('tls', () => openTls(this.#open(), bare(this.#options.url), this.#limit));
    this.#socket = secure;
    this.#certificate = certificateOf(secure);
    const { trust, issuer, problem } = this.#certificate;
    if (trust === 'none') throw new StepError(untrusted(this.#peer, issuer, problem));
  }

  async #ask(): Promise<Pick<Walk, 'status' | 'clock' | 'stopped'>> {
    const { url, route, userAgent, clock } = this.#options;
    const absolute = route.via === 'proxy' && url.protocol === 'http:';
    const authorization = absolute ? route.authorization : null;
    const sentWallMs = clock.wallMs();
    const { status, headers } = await this.#step('answer', () =>
      this.#exchange([
        `HEAD ${absolute ? `${url.origin}/` : '/'} HTTP/1.1`,
        `Host: ${url.host}`,
        `User-Agent: ${userAgent}`,
        ...(authorization === null ? [] : [`Proxy-Authorization: ${authorization}`]),
        'Accept: */*',
        'Connection: close',
      ]),
    );
    if (absolute && GATEWAY_STATUSES.includes(status)) {
      this.#at = 'proxy';
      throw new StepError(refusedBy(`the proxy on the way to ${this.#peer}`, status));
    }
    const dates = new DateHeaders();
    dates.add(headers.get('date') ?? '', sentWallMs, clock.wallMs());
    const offset = dates.offset();
    return {
      status,
      stopped: null,
      clock: offset && { offsetMs: offset.offsetMs, errorBoundMs: offset.errorBoundMs },
    };
  }

  #exchange(request: readonly string[]): Promise<Head> {
    return exchangeHead(this.#open(), request, this.#limit);
  }

  #open(): Socket {
    if (this.#socket === null) throw new Error('a step before the connection');
    return this.#socket;
  }

  #failure(error: unknown): Failure {
    if (error instanceof StepError) return error.failure;
    if (this.#limit.aborted) return this.#late();
    if (error instanceof NameError) return noAddress(this.#peer, error.code);
    const code = systemCode(error);
    if (code === null) return { kind: 'crashed', detail: `${this.#peer} could not be asked` };
    if (TLS_CODE.test(code)) {
      return { kind: 'malformed', detail: `the TLS handshake with ${this.#peer} failed (${code})` };
    }
    const [kind, text] = WIRE_KINDS[code] ?? ['reset', 'could not be asked'];
    return { kind, detail: `${this.#peer} ${text} (${code})` };
  }

  #late(): Failure {
    const within = `within ${this.#options.limitMs / 1000} s`;
    switch (this.#at) {
      case 'name':
        return {
          kind: 'unroutable',
          detail: `the name server did not tell the address of ${this.#peer} ${within}`,
        };
      case 'connect':
        return { kind: 'connect-timeout', detail: `${this.#peer} could not be connected to ${within}` };
      default:
        return { kind: 'response-timeout', detail: `${this.#peer} did not answer ${within}` };
    }
  }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

function refusedBy(peer: string, status: number): Failure {
  const wants = status === 407 ? ': it wants a user and a password' : '';
  return { kind: 'http-status', status, detail: `${peer} answered with ${status}${wants}` };
}

function untrusted(peer: string, issuer: string, problem: string | null): Failure {
  return {
    kind: 'malformed',
    detail: `the certificate of ${peer}, issued by ${issuer}, is not accepted (${problem ?? 'no reason given'})`,
  };
}

const NAME_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name does not resolve',
  ENODATA: 'its name does not resolve',
  ETIMEOUT: 'the name server does not answer',
  ECONNREFUSED: 'no name server answers where one should',
  ESERVFAIL: 'the name server could not find out',
  EREFUSED: 'the name server refuses to tell',
};

function noAddress(peer: string, code: string): Failure {
  return {
    kind: 'unroutable',
    detail: `${peer} has no address: ${NAME_WORDS[code] ?? 'the name server failed'} (${code})`,
  };
}
