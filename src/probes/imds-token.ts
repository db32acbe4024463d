// Asks IMDS for a session token, and whether it was accepted.
import type { Probe } from '../core/ports.ts';

export const imdsToken: Probe<'imds-token'> = {
  id: 'imds-token',
  title: 'Gets an IMDSv2 session token and sees whether it is accepted',
  asks: 'imds',
  observe: (ports, signal) => ports.imds.token(signal),
};
