// Asks IMDS which instance this is.
import type { Probe } from '../core/ports.ts';

export const instanceIdentity: Probe<'instance-identity'> = {
  id: 'instance-identity',
  title: 'Reads the instance identity document',
  asks: 'imds',
  observe: (ports, signal) => ports.imds.identity(signal),
};
