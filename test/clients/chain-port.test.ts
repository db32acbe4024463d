// Holds how often STS is asked about the same credentials.
import { describe, expect, it } from 'vitest';
import type { Sts } from '../../src/clients/aws/sts.ts';
import { createChainPort } from '../../src/clients/chain-port.ts';
import type { ChainReader } from '../../src/clients/host/chain/reader.ts';
import type { IdentityAnswer, ProcessRow } from '../../src/core/chain.ts';
import { succeeded } from '../../src/core/outcome.ts';

const never = new AbortController().signal;

function port(state: IdentityAnswer['state']) {
  const asked: string[] = [];
  const key = { id: 'ASIAONE', token: 'y' };
  const sts: Sts = {
    endpoint: () => 'http://127.0.0.1:1',
    close: () => undefined,
    callerIdentity: async ({ accessKeyId }) => {
      asked.push(accessKeyId);
      return { state, arn: null, accountId: null, code: null, detail: '', accessKeyId };
    },
  };
  const reader = { beginCycle: () => undefined, signing: () => null } as unknown as ChainReader;
  const chain = createChainPort({
    reader,
    sts,
    roleCredentials: () => ({ accessKeyId: key.id, secretAccessKey: 'x', sessionToken: key.token }),
    path: '',
  });
  const cycles = async (count: number): Promise<number> => {
    for (let cycle = 0; cycle < count; cycle += 1) {
      chain.beginCycle();
      await chain.identities('instance-role', never);
    }
    return asked.length;
  };
  return { cycles, key, chain, asked };
}

describe('STS is asked about the same credentials', () => {
  it.each<[IdentityAnswer['state'], number, number]>([
    ['accepted', 60, 1],
    ['accepted', 61, 2],
    ['failed', 5, 1],
    ['failed', 6, 2],
    ['refused', 3, 3],
  ])('%s: in %i cycles %i times', async (state, cycles, times) => {
    expect(await port(state).cycles(cycles)).toBe(times);
  });

  it('at once when only the token is another one', async () => {
    const { cycles, key } = port('accepted');
    await cycles(3);
    key.token = 'z';
    expect(await cycles(3)).toBe(2);
  });

  it('at once when they are others', async () => {
    const { cycles, key } = port('accepted');
    await cycles(3);
    key.id = 'ASIATWO';
    expect(await cycles(3)).toBe(2);
  });
});

it('asks STS about the role while the chain is still being read', async () => {
  const { chain, asked } = port('accepted');
  const { promise, resolve } = Promise.withResolvers<'container'>();
  const identities = chain.identities(promise, never);
  expect(asked).toEqual(['ASIAONE']);
  resolve('container');
  expect(await identities).toMatchObject({
    value: { role: { state: 'accepted' }, winner: { state: 'not-asked' } },
  });
});

describe('processes with temporary credentials that do not say until when they are good', () => {
  const row = (pid: number, changes: Partial<ProcessRow> = {}): ProcessRow => ({
    pid,
    command: 'worker',
    uid: 0,
    from: 'environment',
    key: { accessKeyId: 'ASIA…MPLE', kind: 'temporary' },
    sessionToken: true,
    expiration: null,
    expired: null,
    ...changes,
  });

  async function told(rows: readonly ProcessRow[], signs: (pid: number) => string | null, withSts = true) {
    const asked: string[] = [];
    let readied = 0;
    const reader = {
      beginCycle: () => undefined,
      processes: async () =>
        succeeded({ asked: true, looked: rows.length, hidden: 0, processes: rows, more: 0 }),
      processSigning: (pid: number) => {
        const sessionToken = signs(pid);
        return sessionToken === null ? null : { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken };
      },
    } as unknown as ChainReader;
    const sts: Sts = {
      endpoint: () => '',
      close: () => undefined,
      callerIdentity: async ({ sessionToken }) => {
        asked.push(sessionToken ?? '');
        const codes: Readonly<Record<string, string>> = { old: 'ExpiredToken', bad: 'InvalidClientTokenId' };
        const code = codes[sessionToken ?? ''] ?? null;
        const state = sessionToken === 'lost' ? 'failed' : code === null ? 'accepted' : 'refused';
        return { state, arn: null, accountId: null, code, detail: '', accessKeyId: null };
      },
    };
    const port = createChainPort({
      reader,
      sts: withSts ? sts : null,
      roleCredentials: () => null,
      path: '',
    });
    const seen = await port.processes(async () => {
      readied += 1;
    }, never);
    if (!seen.ok) throw new Error(seen.failure.detail);
    return { expired: seen.value.processes.map(({ expired }) => expired), asked, readied };
  }

  it('are asked about, the same ones once', async () => {
    const tokens = ['old', 'old', 'good', 'bad', 'lost'];
    const seen = await told(
      [1, 2, 3, 4, 5].map((pid) => row(pid)),
      (pid) => tokens[pid - 1] ?? null,
    );
    expect(seen.expired).toEqual([true, true, false, null, null]);
    expect(seen.asked.sort()).toEqual(['bad', 'good', 'lost', 'old']);
    expect(seen.readied).toBe(1);
  });

  it('are asked about ten at a time', async () => {
    const rows = Array.from({ length: 30 }, (_, pid) => row(pid));
    const seen = await told(rows, (pid) => `token ${pid}`);
    expect(seen.asked).toHaveLength(10);
    expect(seen.expired.filter((expired) => expired === false)).toHaveLength(10);
  });

  it.each<[string, ProcessRow, string | null, boolean]>([
    ['they say it themselves', row(1, { expired: true, expiration: '2020-01-01T00:00:00Z' }), 'old', true],
    ['they are long-lived', row(1, { sessionToken: false }), 'old', true],
    ['they are not whole', row(1), null, true],
    ['AWS is not to be asked', row(1), 'old', false],
  ])('are not asked about where %s, and nothing is waited for', async (_why, one, token, withSts) => {
    const seen = await told([one], () => token, withSts);
    expect([seen.asked, seen.readied, seen.expired]).toEqual([[], 0, [one.expired]]);
  });
});
