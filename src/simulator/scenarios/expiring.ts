// EC2 has stopped rotating: the credentials end in four minutes, and new ones should be there since one.
import { HEALTHY } from '../behaviour.ts';
import type { Scenario } from './scenario.ts';

const MARGIN_SECONDS = 4 * 60;

export const expiring: Scenario = {
  title: 'the credentials end in four minutes and EC2 is late with new ones',
  expects: ['role-credentials-expiring', 'role-rotation-overdue'],
  change: {
    credentials: {
      updatedAgoSeconds: HEALTHY.credentials.validForSeconds - MARGIN_SECONDS,
      rotateEverySeconds: null,
    },
  },
};
