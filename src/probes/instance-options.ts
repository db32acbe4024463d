// Asks EC2 which metadata options this instance has, where `--instance-options` wants it.
import { failed } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

/** Options change by hand and seldom; an agent asks once an hour, and sooner where IMDS has just failed. */
const KEPT_MS = 3_600_000;
const KEPT_IN_TROUBLE_MS = 300_000;

export const instanceOptions: Probe<'instance-options'> = {
  id: 'instance-options',
  title: 'The metadata options of this instance by EC2 itself (--instance-options)',
  asks: 'aws',
  async observe({ imds, aws, host, time }, signal) {
    // The request is signed by the role and by true time.
    const [identity, role, state] = await Promise.all([
      imds.identity(signal),
      imds.role(signal),
      host.state(),
      time.offset(signal),
    ]);
    const known = identity.ok ? identity.value.instanceId : null;
    const instanceId = known ?? (state.ok ? state.value.instanceId : null);
    if (instanceId === null) {
      return identity.ok ? failed('malformed', 'the identity document names no instance') : identity;
    }
    return await aws.instanceOptions(instanceId, role.ok ? KEPT_MS : KEPT_IN_TROUBLE_MS, signal);
  },
};
