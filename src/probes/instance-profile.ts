// Asks IMDS for the instance profile and whether its role can be assumed.
import type { Probe } from '../core/ports.ts';

export const instanceProfile: Probe<'instance-profile'> = {
  id: 'instance-profile',
  title: 'Reads the instance profile (iam/info)',
  asks: 'imds',
  observe: (ports, signal) => ports.imds.profile(signal),
};
