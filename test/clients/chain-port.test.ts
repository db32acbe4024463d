// Holds how often STS is asked about the same credentials.
import { describe, expect, it } from 'vitest';
import type { Sts } from '../../src/clients/aws/sts.ts';
import { createChainPort } from '../../src/clients/chain-port.ts';
import type { ChainReader } from '../../src/clients/host/chain/reader.ts';
import type { IdentityAnswer } from '../../src/core/chain.ts';

const never = new AbortController().signal;

function port(state: IdentityAnswer['state']) {
  const asked: string[] = [];
  const key = { id: 'ASIAONE' };
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
    roleCredentials: () => ({ accessKeyId: key.id, secretAccessKey: 'x', sessionToken: 'y' }),
    path: '',
  });
  const cycles = async (count: number): Promise<number> => {
    for (let cycle = 0; cycle < count; cycle += 1) {
      chain.beginCycle();
      await chain.identities('instance-role', never);
    }
    return asked.length;
  };
  return { cycles, key };
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

  it('at once when they are others', async () => {
    const { cycles, key } = port('accepted');
    await cycles(3);
    key.id = 'ASIATWO';
    expect(await cycles(3)).toBe(2);
  });
});
