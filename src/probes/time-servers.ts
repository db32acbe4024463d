// Asks the time servers how they are, one by one.
import { succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

export const timeServers: Probe<'time-servers'> = {
  id: 'time-servers',
  title: 'what each time server answers, and what it says of itself',
  asks: 'time',
  async observe(ports, signal) {
    const servers = await ports.time.servers(signal);
    const attempts = servers.reduce((sum, { exchanges }) => sum + exchanges, 0);
    return succeeded({ servers }, Math.max(1, attempts));
  },
};
