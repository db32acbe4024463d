// Asks STS who really signs: the credentials that win the chain, and the instance role.
import { assembleChain } from '../chain/assemble.ts';
import type { Probe } from '../core/ports.ts';
import { chainRole } from './credential-chain.ts';

export const callerIdentity: Probe<'caller-identity'> = {
  id: 'caller-identity',
  title: 'Asks STS who signs with the winning credentials, and with the role',
  asks: 'aws',
  async observe(ports, signal) {
    const reading = ports.chain.world(signal);
    // The Region says where to ask, and the true time what to sign with: both have to be known before.
    const [role] = await Promise.all([
      ports.imds.role(signal),
      ports.imds.identity(signal),
      ports.time.offset(signal),
    ]);
    const winner = reading.then((world) =>
      world.ok ? assembleChain(world.value, chainRole(world.value, role), ports.clock.wallMs()).winner : null,
    );
    return ports.chain.identities(winner, signal);
  },
};
