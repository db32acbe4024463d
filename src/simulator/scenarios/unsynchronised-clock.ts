// The time server answers, and says of itself that it has no time (RFC 5905: leap indicator 3, stratum unspecified).
import type { Scenario } from './scenario.ts';

export const unsynchronisedClock: Scenario = {
  title: 'the time server is not synchronised (LI=3, stratum 0)',
  expects: ['clock-unsynchronised'],
  change: {
    time: { leap: 3, stratum: 0, referenceId: '0.0.0.0', rootDelayMs: 0, rootDispersionMs: 1000 },
  },
};
