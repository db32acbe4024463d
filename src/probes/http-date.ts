// Tells how far the local clock is off by the Date headers of what IMDS has answered in this cycle.
import { failed, succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

export const httpDate: Probe<'http-date'> = {
  id: 'http-date',
  title: 'Compares the local clock with the Date headers of IMDS, to half a second',
  asks: 'cycle',
  standsInFor: 'clock-offset',
  observe: async ({ imds }, signal) => {
    // Where no other probe asked IMDS (`--only`), this gets a token, and with it a Date header.
    const token = await imds.token(signal);
    const offset = imds.httpDate();
    if (offset !== null) return succeeded(offset, 0);
    return token.ok ? failed('malformed', 'no answer in this cycle carried a usable Date header', 0) : token;
  },
};
