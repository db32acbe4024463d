// Asks IMDS for the role and the credentials it serves.
import type { Probe } from '../core/ports.ts';

export const instanceRole: Probe<'instance-role'> = {
  id: 'instance-role',
  title: 'Reads the instance role and how long its credentials last',
  asks: 'imds',
  observe: (ports, signal) => ports.imds.role(signal),
};
