// Tells what this cycle has sent to IMDS, and how each request ended.
import { succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

export const imdsTraffic: Probe<'imds-traffic'> = {
  id: 'imds-traffic',
  title: 'Counts and times every request sent to IMDS in this cycle',
  asks: 'cycle',
  observe: async ({ imds }, signal) => {
    // Where no other probe asked IMDS (`--only`), this gets a token, so that there is something to tell; and
    // whatever is still under way belongs to the tally.
    await Promise.all([imds.token(signal), imds.tokenless(signal)]);
    return succeeded(imds.traffic(), 0);
  },
};
