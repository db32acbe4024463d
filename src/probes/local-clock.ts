// Asks this machine what keeps its clock, and whether it believes itself synchronised.
import type { Probe } from '../core/ports.ts';

export const localClock: Probe<'local-clock'> = {
  id: 'local-clock',
  title: 'which time daemon runs here, and whether it says the clock is synchronised',
  asks: 'host',
  observe: (ports) => ports.host.clock(),
};
