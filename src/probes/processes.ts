// Looks for credentials in the environment and the Java properties of running processes, where asked to.
import type { Probe } from '../core/ports.ts';

export const processes: Probe<'processes'> = {
  id: 'processes',
  title: 'Looks for credentials that running processes carry (with --all-processes)',
  asks: 'host',
  observe: (ports, signal) =>
    // The Region says where STS is, and the true time what to sign with.
    ports.chain.processes(
      () => Promise.all([ports.imds.identity(signal), ports.time.offset(signal)]),
      signal,
    ),
};
