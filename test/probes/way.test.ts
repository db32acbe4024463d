// The probes of endpoints, dropped packets, other clients and instance options: what each waits for, and makes of it.
import { describe, expect, it } from 'vitest';
import type { ImdsRequest } from '../../src/core/imds.ts';
import type { LinkLocalDrops, MetadataSocket } from '../../src/core/link-local.ts';
import { failed, type Result, succeeded } from '../../src/core/outcome.ts';
import type { Ports } from '../../src/core/ports.ts';
import { cloudwatchEndpoint, stsEndpoint } from '../../src/probes/endpoints.ts';
import { imdsClients } from '../../src/probes/imds-clients.ts';
import { instanceOptions } from '../../src/probes/instance-options.ts';
import { linkLocal } from '../../src/probes/link-local.ts';
import { aRequest } from '../support/snapshot.ts';

const { signal } = new AbortController();
const GOOD = succeeded({});
const BAD = failed('response-timeout', 'it hangs');

/** Only what the probe under test may touch. */
const ports = (parts: Record<string, unknown>): Ports => parts as unknown as Ports;

describe('link-local', () => {
  const drops = (total: number | null, growth: number | null): Result<LinkLocalDrops> =>
    succeeded({ total, growth, interfaces: [], detail: null });

  /** Answers the looks in their order, and notes whether each had to be done. */
  async function looking(looks: readonly Result<LinkLocalDrops>[], requests: readonly ImdsRequest[]) {
    const asked: boolean[] = [];
    const observed = await linkLocal.observe(
      ports({
        host: {
          linkLocal: async (_: AbortSignal, now: boolean) => {
            asked.push(now);
            return looks[asked.length - 1];
          },
        },
        imds: { token: async () => GOOD, traffic: () => ({ requests }) },
      }),
      signal,
    );
    return { asked, observed };
  }

  it('looks once where IMDS answers', async () => {
    const { asked, observed } = await looking([drops(5, 2)], [aRequest('token', 200), aRequest('role', 429)]);
    expect(asked).toEqual([false]);
    expect(observed).toMatchObject({ value: { total: 5, growth: 2 } });
  });

  it.each([
    [null, 7, 7],
    [2, 7, 9],
    [2, null, 2],
    [null, null, null],
  ])('looks again after a time-out: grown by %s, then %s', async (first, second, growth) => {
    const { asked, observed } = await looking(
      [drops(5, first), drops(12, second)],
      [aRequest('token', null, 1000, 'connect-timeout')],
    );
    expect(asked).toEqual([false, true]);
    expect(observed).toMatchObject({ value: { total: 12, growth } });
  });

  it.each([
    ['nothing counts', drops(null, null)],
    ['the look failed', BAD],
  ])('does not look again where %s', async (_, first) => {
    const lost = [aRequest('token', null, 1000, 'response-timeout')];
    expect((await looking([first], lost)).observed).toBe(first);
  });

  it('keeps the first look where the second fails', async () => {
    const lost = [aRequest('token', null, 1000, 'response-timeout')];
    expect((await looking([drops(5, 1), BAD], lost)).observed).toMatchObject({ value: { growth: 1 } });
  });
});

describe('imds-clients', () => {
  const socket = (local: string, changes: Partial<MetadataSocket> = {}): MetadataSocket => ({
    local,
    state: 'open',
    pid: 812,
    command: 'python3',
    uid: 1000,
    ...changes,
  });

  async function seenBy(
    before: readonly MetadataSocket[],
    after: readonly MetadataSocket[] | null,
    requests = [aRequest('token', 429)],
  ) {
    let looks = 0;
    const metadataSockets = async (_: AbortSignal, now: boolean) => {
      looks += 1;
      expect(now).toBe(looks > 1);
      if (looks === 1) return succeeded(before);
      return after === null ? BAD : succeeded(after);
    };
    const result = await imdsClients.observe(
      ports({
        host: { metadataSockets },
        imds: { token: async () => GOOD, traffic: () => ({ endpoint: '', connections: 1, requests }) },
      }),
      signal,
    );
    if (!result.ok) throw new Error('it did look');
    expect(looks).toBe(requests.some(({ status }) => status === 429) ? 2 : 1);
    return result.value;
  }

  it('counts each connection once, over start and end of the cycle', async () => {
    const clients = await seenBy(
      [
        socket('a'),
        socket('b'),
        socket('c', { pid: 7, command: 'java' }),
        socket('d', { state: 'closed', pid: null }),
      ],
      [socket('a'), socket('b', { state: 'closed', pid: null }), socket('e', { state: 'opening' })],
    );
    expect(clients).toEqual({
      open: 4,
      closed: 1,
      clients: [
        { pid: 812, command: 'python3', uid: 1000, connections: 3 },
        { pid: 7, command: 'java', uid: 1000, connections: 1 },
      ],
      more: 0,
      detail: null,
    });
  });

  it('looks once where IMDS answers', async () => {
    const clients = await seenBy(
      [socket('a')],
      [socket('b')],
      [aRequest('token', 200), aRequest('role', 404)],
    );
    expect(clients).toMatchObject({ open: 1 });
  });

  it('says what it could not see, by user', async () => {
    const hidden = { pid: null, command: null, uid: 33 };
    const clients = await seenBy([socket('a', hidden), socket('b', hidden)], null);
    expect(clients.clients).toEqual([{ ...hidden, connections: 2 }]);
    expect(clients.detail).toContain('root');
  });

  it('is bounded', async () => {
    const many = Array.from({ length: 30 }, (_, index) => socket(`s${index}`, { pid: index + 1 }));
    expect(await seenBy(many, [])).toMatchObject({ open: 30, more: 10, clients: { length: 20 } });
  });

  it('fails as the look did', async () => {
    const host = { metadataSockets: async () => BAD };
    expect(await imdsClients.observe(ports({ host }), signal)).toBe(BAD);
  });
});

describe('endpoints', () => {
  it.each([
    [stsEndpoint, 'sts'],
    [cloudwatchEndpoint, 'cloudwatch'],
  ])('%o asks for its service in the Region of the instance', async (probe, service) => {
    const asked: unknown[] = [];
    const answer = failed('unroutable', 'no');
    const observed = await probe.observe(
      ports({
        imds: { identity: async () => succeeded({ region: 'eu-west-1' }), token: async () => GOOD },
        aws: {
          reach: async (name: string, region: Promise<string | null>) => {
            asked.push(name, await region);
            return answer;
          },
        },
      }),
      signal,
    );
    expect(observed).toBe(answer);
    expect(asked).toEqual([service, 'eu-west-1']);
  });

  it('knows no Region where the identity is not known', async () => {
    let region: unknown;
    await stsEndpoint.observe(
      ports({
        imds: { identity: async () => BAD, token: async () => GOOD },
        aws: { reach: async (_: string, known: Promise<string | null>) => (region = await known) },
      }),
      signal,
    );
    expect(region).toBeNull();
  });

  it('is cut short a second after its begin where IMDS has failed, so that this is told at once', async () => {
    const began = performance.now();
    await stsEndpoint.observe(
      ports({
        imds: { identity: async () => BAD, token: async () => BAD },
        aws: {
          reach: (_: string, __: unknown, given: AbortSignal) =>
            new Promise((resolve) => given.addEventListener('abort', () => resolve(BAD))),
        },
      }),
      signal,
    );
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(performance.now() - began).toBeLessThan(1_900);
  });
});

describe('instance-options', () => {
  async function asked(identity: Result<unknown>, role: Result<unknown>, instanceId: string | null = null) {
    const calls: unknown[][] = [];
    const result = await instanceOptions.observe(
      ports({
        imds: { identity: async () => identity, role: async () => role },
        time: { offset: async () => BAD },
        host: { state: async () => succeeded({ instanceId }) },
        aws: {
          instanceOptions: async (...args: unknown[]) => {
            calls.push(args);
            return GOOD;
          },
        },
      }),
      signal,
    );
    return { calls: calls.map(([id, age]) => [id, age]), result };
  }
  const KNOWN = succeeded({ instanceId: 'i-1' });

  it('asks for this instance, once an hour, and sooner in trouble', async () => {
    expect((await asked(KNOWN, GOOD)).calls).toEqual([['i-1', 3_600_000]]);
    expect((await asked(KNOWN, BAD)).calls).toEqual([['i-1', 300_000]]);
  });

  it('takes the id from the firmware where IMDS does not tell it', async () => {
    expect((await asked(BAD, BAD, 'i-2')).calls).toEqual([['i-2', 300_000]]);
  });

  it('fails where nobody tells it', async () => {
    expect(await asked(BAD, BAD)).toEqual({ calls: [], result: BAD });
    const { calls, result } = await asked(succeeded({ instanceId: null }), GOOD);
    expect(calls).toEqual([]);
    expect(result).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
  });
});
