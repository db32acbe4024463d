// Asks IMDS without a token, where a lost token request must be told from a dead service or the user wants to know.
import type { Probe } from '../core/ports.ts';

export const imdsTokenless: Probe<'imds-tokenless'> = {
  id: 'imds-tokenless',
  title: 'Compares with one request without a token when the token request fails or hangs, or with --imdsv1',
  asks: 'imds',
  observe: (ports, signal) => ports.imds.tokenless(signal),
};
