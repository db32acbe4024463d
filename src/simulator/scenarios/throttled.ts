// IMDS says 429, then 503, to the first two requests and is well again: three attempts are enough, one is not.
import type { Scenario } from './scenario.ts';

export const throttled: Scenario = {
  title: 'IMDS throttles the first two requests (429, 503), then recovers',
  expects: ['imds-throttled'],
  change: {
    imds: {
      faults: [
        { times: 1, answer: { status: 429 } },
        { times: 1, answer: { status: 503 } },
      ],
    },
  },
};
