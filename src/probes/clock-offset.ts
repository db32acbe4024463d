// Asks how far the local clock is off, by the best valid time server.
import type { Probe } from '../core/ports.ts';

export const clockOffset: Probe<'clock-offset'> = {
  id: 'clock-offset',
  title: 'how far the local clock is off, by the best time server',
  asks: 'time',
  observe: (ports, signal) => ports.time.offset(signal),
};
