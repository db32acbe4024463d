// Nothing listens where IMDS should be, as off EC2 or behind a firewall that rejects.
import type { Scenario } from './scenario.ts';

export const unreachable: Scenario = {
  title: 'connections to IMDS are refused',
  expects: ['imds-unreachable'],
  change: { imds: { refused: true } },
};
