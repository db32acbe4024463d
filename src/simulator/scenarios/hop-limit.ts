// As behind a container bridge with hop limit 1: the PUT's answer dies on its way, everything else comes through.
import type { Scenario } from './scenario.ts';

export const hopLimit: Scenario = {
  title: 'the answer to the token request is lost to the hop limit; other answers arrive',
  expects: ['imds-hop-limit'],
  change: { imds: { faults: [{ method: 'PUT', wire: 'hang' }] } },
};
