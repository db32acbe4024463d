// Holds the probes of the clock to what their ports answer.
import { describe, expect, it } from 'vitest';
import type { TimeServerAnswer } from '../../src/core/clock.ts';
import { failed, succeeded } from '../../src/core/outcome.ts';
import type { Ports } from '../../src/core/ports.ts';
import { clockOffset } from '../../src/probes/clock-offset.ts';
import { localClock } from '../../src/probes/local-clock.ts';
import { timeServers } from '../../src/probes/time-servers.ts';

const answer = (exchanges: number): TimeServerAnswer => ({
  server: 'time:123',
  state: 'unreachable',
  detail: 'did not answer',
  offsetMs: null,
  errorBoundMs: null,
  delayMs: null,
  stratum: null,
  leap: null,
  kissCode: null,
  exchanges,
  failure: 'response-timeout',
});
const offset = failed('response-timeout', 'did not answer', 2);
const clock = succeeded({ daemon: 'chronyd', synchronised: true });

/** Ports of which only what these probes ask is there. */
const ports = (servers: readonly TimeServerAnswer[]): Ports =>
  ({
    time: { servers: async () => servers, offset: async () => offset },
    host: { clock: async () => clock },
  }) as unknown as Ports;
const signal = new AbortController().signal;

describe('the probes of the clock', () => {
  it('time-servers holds every answer, and how many questions they took', async () => {
    const servers = [answer(2), answer(4)];
    expect(await timeServers.observe(ports(servers), signal)).toEqual(succeeded({ servers }, 6));
    expect(await timeServers.observe(ports([]), signal)).toEqual(succeeded({ servers: [] }, 1));
  });

  it('clock-offset and local-clock hand on what they were told', async () => {
    expect(await clockOffset.observe(ports([]), signal)).toBe(offset);
    expect(await localClock.observe(ports([]), signal)).toBe(clock);
  });

  it('say what they talk to', () => {
    expect([timeServers, clockOffset, localClock].map(({ id, asks }) => [id, asks])).toEqual([
      ['time-servers', 'time'],
      ['clock-offset', 'time'],
      ['local-clock', 'host'],
    ]);
  });
});
