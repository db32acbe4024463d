// IMDS goes on serving credentials that have expired (aws/aws-sdk-js#2440).
import { HEALTHY } from '../behaviour.ts';
import type { Scenario } from './scenario.ts';

const OVER_SECONDS = 20 * 60;

export const expired: Scenario = {
  title: 'the credentials that IMDS serves expired twenty minutes ago',
  expects: ['role-credentials-expired'],
  change: {
    credentials: {
      updatedAgoSeconds: HEALTHY.credentials.validForSeconds + OVER_SECONDS,
      rotateEverySeconds: null,
    },
  },
};
