// Asks this machine what it is: an EC2 instance, a container, and for how long it runs.
import type { Probe } from '../core/ports.ts';

export const host: Probe<'host'> = {
  id: 'host',
  title: 'how long this machine runs, whether it is an EC2 instance or a container',
  asks: 'host',
  observe: (ports) => ports.host.state(),
};
