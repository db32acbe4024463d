// Judges whether SDKs as they are set up here would have failed where this cycle's requests got through in the end.
import { defineCheck } from '../core/check.ts';
import type { ImdsPurpose, ImdsRequest } from '../core/imds.ts';
import type { Fix } from '../core/report.ts';
import { SDK_ATTEMPTS, SDK_TIMEOUT_SECONDS } from '../facts/imds.ts';
import { ignoring } from '../facts/sdk-settings.ts';

/** What AWS's own troubleshooting guides give as an example. */
const ADVISED = { attempts: 5, timeoutSeconds: 10 };

const FIXES: readonly Fix[] = [
  {
    text: `Give them more time and tries. These ignore the number of tries: ${ignoring('attempts').join(', ')}; set it in their code.`,
    command: `export AWS_METADATA_SERVICE_TIMEOUT=${ADVISED.timeoutSeconds} AWS_METADATA_SERVICE_NUM_ATTEMPTS=${ADVISED.attempts}`,
  },
  {
    text: 'Or for one profile, whatever the environment.',
    command: `aws configure set metadata_service_timeout ${ADVISED.timeoutSeconds} && aws configure set metadata_service_num_attempts ${ADVISED.attempts}`,
  },
];

/** Requests that SDKs send as well. */
const SDK_PURPOSES: readonly ImdsPurpose[] = ['token', 'role', 'credentials', 'instance-profile', 'identity'];

const failedPassingly = ({ status }: ImdsRequest): boolean =>
  status === null || status === 429 || status >= 500;

const succeeded = ({ status }: ImdsRequest): boolean => status !== null && status < 400;

interface Needed {
  /** Tries until a request got through, in the worst case of those that did. */
  readonly attempts: number;
  /** The slowest good answer. */
  readonly slowestMs: number;
  /** A purpose whose tries all failed: more of them would not have helped. */
  readonly lost: ImdsPurpose | null;
}

function neededBy(requests: readonly ImdsRequest[]): Needed {
  let [attempts, slowestMs] = [1, 0];
  let lost: ImdsPurpose | null = null;
  for (const purpose of SDK_PURPOSES) {
    let inARow = 0;
    for (const request of requests.filter((candidate) => candidate.purpose === purpose)) {
      if (failedPassingly(request)) inARow += 1;
      else {
        if (succeeded(request)) {
          attempts = Math.max(attempts, inARow + 1);
          slowestMs = Math.max(slowestMs, request.tookMs);
        }
        inARow = 0;
      }
    }
    if (inARow > 0) lost ??= purpose;
  }
  return { attempts, slowestMs, lost };
}

export const imdsRetriesTooLow = defineCheck({
  id: 'imds-retries-too-low',
  group: 'imds',
  title: 'SDKs here give up on the metadata service too early',
  severities: ['info'],
  needs: ['imds-settings', 'imds-traffic'],
  reference: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-ec2-instance-metadata.html',
  runbook: {
    means: `The metadata service needed more tries, or more time, than SDKs on this machine give it (by default ${SDK_ATTEMPTS} try of ${SDK_TIMEOUT_SECONDS} second). imds-probe got its answer; a program that fetched credentials at that moment reported that there are none.`,
    causes: [
      'The defaults were never changed, and the service is throttled or slow now and then.',
      'AWS_METADATA_SERVICE_NUM_ATTEMPTS or _TIMEOUT is set too low for what happens here.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const [settings, traffic] = [seen['imds-settings'], seen['imds-traffic']];
    if (!settings.ok) return { unknown: settings.failure.detail };
    if (!traffic.ok) return { unknown: traffic.failure.detail };
    const { requests } = traffic.value;
    if (!requests.some(({ purpose }) => SDK_PURPOSES.includes(purpose))) {
      return { unknown: 'no request was sent to judge by' };
    }
    const needed = neededBy(requests);
    const attempts = settings.value.sdkAttempts ?? { value: SDK_ATTEMPTS, from: 'default' };
    const timeout = settings.value.sdkTimeoutSeconds ?? { value: SDK_TIMEOUT_SECONDS, from: 'default' };
    const tooFew = needed.attempts > attempts.value;
    const tooShort = needed.slowestMs > timeout.value * 1000;
    if (!tooFew && !tooShort) {
      return needed.lost === null
        ? 'pass'
        : { unknown: `no request for the ${needed.lost} got through, so more tries might not help` };
    }
    const what = [
      ...(tooFew ? [`${needed.attempts} tries until an answer came`] : []),
      ...(tooShort ? [`an answer that took ${Math.round(needed.slowestMs)} ms`] : []),
    ];
    return {
      severity: 'info',
      cause: `This cycle saw ${what.join(' and ')}; SDKs here make ${attempts.value === 1 ? '1 try' : `${attempts.value} tries`} (${attempts.from}) of ${timeout.value} s (${timeout.from}) and would have reported missing credentials.`,
      evidence: {
        triesNeeded: needed.attempts,
        slowestMs: Math.round(needed.slowestMs),
        sdkAttempts: attempts.value,
        sdkAttemptsFrom: attempts.from,
        sdkTimeoutSeconds: timeout.value,
        sdkTimeoutFrom: timeout.from,
      },
      fix: FIXES,
    };
  },
});
