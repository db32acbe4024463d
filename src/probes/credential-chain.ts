// Puts the credential chain together: what the machine holds, and the role that stands at its end.
import { assembleChain } from '../chain/assemble.ts';
import type { ChainRole, ChainWorld } from '../core/chain.ts';
import type { InstanceRole } from '../core/imds.ts';
import { type Result, succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

const NOTHING = { roleName: null, accessKeyId: null, expiration: null, lastUpdated: null };

/** The role as it stands at the end of the chain, from what IMDS answered. */
export function chainRole(world: ChainWorld, role: Result<InstanceRole>): ChainRole {
  if (world.enteredRole !== null) return world.enteredRole;
  if (world.subject.network !== 'same') {
    return { ...NOTHING, state: 'unknown', detail: 'not seen: the process has a network of its own' };
  }
  if (!role.ok) return { ...NOTHING, state: 'unknown', detail: role.failure.detail };
  const { roleName, accessKeyId, expiration, lastUpdated, code } = role.value;
  if (roleName === null) return { ...NOTHING, state: 'absent', detail: 'no role is attached' };
  if (accessKeyId === null) {
    return {
      ...NOTHING,
      state: 'unknown',
      roleName,
      detail: `role ${roleName} gives no credentials: ${code ?? 'no code'}`,
    };
  }
  return { state: 'present', roleName, accessKeyId, expiration, lastUpdated, detail: `role ${roleName}` };
}

export const credentialChain: Probe<'credential-chain'> = {
  id: 'credential-chain',
  title: 'Reads every source of credentials the SDKs would look at, and says which one wins',
  asks: 'host',
  async observe(ports, signal) {
    const [world, role] = await Promise.all([ports.chain.world(signal), ports.imds.role(signal)]);
    if (!world.ok) return world;
    return succeeded(assembleChain(world.value, chainRole(world.value, role), ports.clock.wallMs()));
  },
};
