// Judges whether metrics pile up although CloudWatch takes what it is given; where it does not, publish-failing tells.
import { defineCheck } from '../core/check.ts';
import { spokenSeconds } from '../core/duration.ts';
import { CLOUDWATCH_PAGES } from '../facts/cloudwatch.ts';

/** What is younger than two deliveries at the default --flush has not had its turn yet. */
const OLD_SECONDS = 600;

const FIXES = [
  {
    text: 'See how long one delivery takes from here; a slow proxy or a long way to the Region holds it up.',
    command: 'time imds-probe check --publish',
  },
  {
    text: 'Measure less often: a longer --interval makes fewer metrics.',
    command: 'imds-probe check --show-config',
  },
];

export const outboxGrowing = defineCheck({
  id: 'outbox-growing',
  group: 'agent',
  title: 'Metrics pile up faster than CloudWatch gets them',
  severities: ['warning'],
  needs: ['cloudwatch-delivery'],
  reference: CLOUDWATCH_PAGES.putMetricData,
  runbook: {
    means:
      'Every delivery succeeds, and more waits after it than before: what is shown in CloudWatch falls further and further behind. Beyond 13 days or 16 MB the oldest metrics are given up and counted in OutboxDropped.',
    causes: [
      'Requests take so long (a proxy, a Region far away, a saturated network) that a delivery is over before all is sent.',
      'Cycles are very short, so that more is measured than one instance can send.',
    ],
    fixes: FIXES,
  },
  assess(seen) {
    const outcome = seen['cloudwatch-delivery'];
    if (!outcome.ok) return { unknown: outcome.failure.detail };
    const { failures, pending, pendingBefore, oldestSeconds, accepted } = outcome.value;
    if (failures > 0) return { unknown: 'deliveries fail: see publish-failing' };
    if (pending === 0) return { pass: 'nothing waits' };
    if (pending < pendingBefore || (oldestSeconds ?? 0) < OLD_SECONDS)
      return { pass: `${pending} metrics wait; ${pendingBefore} did before the last delivery` };
    return {
      severity: 'warning',
      cause: `The last delivery brought ${accepted} metrics to CloudWatch, and ${pending} wait now, ${pendingBefore} did before it; the oldest has waited for ${spokenSeconds(oldestSeconds ?? 0)}.`,
      evidence: { accepted, pending, pendingBefore, oldestSeconds },
      fix: FIXES,
    };
  },
});
