// IMDS throttles every request, however long one waits.
import type { Scenario } from './scenario.ts';

export const throttledHard: Scenario = {
  title: 'IMDS throttles every request (429, then 503) and never recovers',
  expects: ['imds-throttled'],
  change: { imds: { faults: [{ times: 1, answer: { status: 429 } }, { answer: { status: 503 } }] } },
};
