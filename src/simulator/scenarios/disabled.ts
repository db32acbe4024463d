// The metadata endpoint is switched off (`HttpEndpoint=disabled`): 403 to everything.
import type { Scenario } from './scenario.ts';

export const disabled: Scenario = {
  title: 'the metadata endpoint is disabled for this instance (403)',
  expects: ['imds-disabled'],
  change: { imds: { faults: [{ answer: { status: 403 } }] } },
};
