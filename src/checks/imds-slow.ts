// Judges whether the metadata service takes so long that SDKs with their one-second time-out are at risk.
import { defineCheck } from '../core/check.ts';
import type { ImdsPurpose } from '../core/imds.ts';
import type { Fix } from '../core/report.ts';
import { AWS_PAGES, SDK_TIMEOUT_SECONDS } from '../facts/imds.ts';

const FIXES: readonly Fix[] = [
  {
    text: 'Give SDKs on this machine more time and tries than their default of one second and one (Python and the CLI read these).',
    command: 'export AWS_METADATA_SERVICE_TIMEOUT=10 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5',
  },
  {
    text: 'See whether the machine itself is starved: CPU credits used up, or steal time (column st).',
    command: 'vmstat 1 5',
  },
];

/** Half of the SDKs' time-out: one answer as late as this is worth a word even when the others were quick. */
const SINGLE_FACTOR = 2;

/** What is asked for besides the credentials. */
const BESIDES: readonly ImdsPurpose[] = ['identity', 'instance-profile'];

export const imdsSlow = defineCheck({
  id: 'imds-slow',
  group: 'imds',
  title: 'The instance metadata service answers slowly',
  severities: ['warning'],
  needs: ['imds-traffic'],
  uses: ['instance-role'],
  reference: AWS_PAGES.retrieveMetadata,
  runbook: {
    means: `Answers take longer than usual (a few milliseconds): the typical one longer than --slow-warning, or any one more than twice as long. Most SDKs give up after ${SDK_TIMEOUT_SECONDS} second and do not retry, so they will report missing credentials now and then.`,
    causes: [
      'The instance is short of CPU (burst credits used up, many processes starting at once).',
      'Many requests compete for the metadata service.',
      'A proxy, a service mesh or a security agent stands between.',
    ],
    fixes: FIXES,
  },
  assess(seen, policy) {
    const traffic = seen['imds-traffic'];
    if (!traffic.ok) return { unknown: traffic.failure.detail };
    // Refusals are judged elsewhere; what counts here is how long the wanted answers took. One that never came is as
    // slow as can be, unless it is the credentials: then that is told, and not how slow the rest was.
    const gotCredentials = seen['instance-role']?.ok === true;
    const times = traffic.value.requests
      .filter(
        ({ status, failure, purpose }) =>
          (status !== null && status < 400) ||
          (gotCredentials && failure === 'response-timeout' && BESIDES.includes(purpose)),
      )
      .map((request) => request.tookMs)
      .sort((a, b) => a - b);
    const slowest = times.at(-1);
    const median = times[Math.floor((times.length - 1) / 2)];
    if (slowest === undefined || median === undefined)
      return { unknown: 'no answer came whose time could be taken' };
    const threshold = policy.slowWarningMs;
    if (median <= threshold && slowest <= threshold * SINGLE_FACTOR) return 'pass';
    return {
      severity: 'warning',
      cause: `The metadata service took ${Math.round(median)} ms for a typical answer and ${Math.round(slowest)} ms for the slowest; SDKs give up after ${SDK_TIMEOUT_SECONDS * 1000} ms by default.`,
      evidence: {
        medianMs: Math.round(median),
        slowestMs: Math.round(slowest),
        thresholdMs: threshold,
        answers: times.length,
      },
      fix: FIXES,
    };
  },
});
