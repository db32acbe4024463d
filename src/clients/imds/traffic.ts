// One cycle's tally: every request that went over the wire, the connections opened, the Date headers seen.
import type { ImdsPurpose, ImdsRequest, ImdsTraffic } from '../../core/imds.ts';
import type { ClockPort } from '../../core/ports.ts';
import type { WireRequest } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { DateHeaders } from './http-date.ts';

/** Far above what a cycle sends: some 20 with everything failing at 3 attempts. */
const MAX_REQUESTS = 64;

const hundredths = (ms: number): number => Math.round(ms * 100) / 100;

export class Traffic {
  readonly dates = new DateHeaders();
  readonly #clock: ClockPort;
  readonly #startedMs: number;
  readonly #requests: ImdsRequest[] = [];
  #connections = 0;

  constructor(clock: ClockPort) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  opened(): void {
    this.#connections += 1;
  }

  /** Counts one request at its end. `startedMs` is when it was sent, by the monotonic clock. */
  note(purpose: ImdsPurpose, method: WireRequest['method'], exchange: Exchange, startedMs: number): void {
    const tookMs = this.#clock.monotonicMs() - startedMs;
    if (exchange.ok) {
      const date = exchange.answer.headers['date'];
      const receivedWallMs = this.#clock.wallMs();
      if (typeof date === 'string') this.dates.add(date, receivedWallMs - tookMs, receivedWallMs);
    }
    if (this.#requests.length >= MAX_REQUESTS) return;
    this.#requests.push({
      purpose,
      method,
      startedMs: hundredths(startedMs - this.#startedMs),
      tookMs: hundredths(tookMs),
      status: exchange.ok ? exchange.answer.status : null,
      failure: exchange.ok ? null : exchange.failure.kind,
    });
  }

  /** The body of the last complete answer of this purpose makes no sense. */
  spoilt(purpose: ImdsPurpose): void {
    const index = this.#requests.findLastIndex((request) => request.purpose === purpose);
    const request = this.#requests[index];
    if (request?.failure === null) this.#requests[index] = { ...request, failure: 'malformed' };
  }

  /** In the order they were sent. */
  snapshot(endpoint: string): ImdsTraffic {
    const requests = this.#requests.toSorted((a, b) => a.startedMs - b.startedMs);
    return { endpoint, connections: this.#connections, requests };
  }
}
