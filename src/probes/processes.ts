// Looks for credentials in the environment and the Java properties of running processes, where asked to.
import type { Probe } from '../core/ports.ts';

export const processes: Probe<'processes'> = {
  id: 'processes',
  title: 'Looks for credentials that running processes carry (with --all-processes)',
  asks: 'host',
  observe: (ports, signal) => ports.chain.processes(signal),
};
