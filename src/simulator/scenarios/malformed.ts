// The credentials end in the middle: complete as HTTP, broken as JSON.
import { HEALTHY } from '../behaviour.ts';
import type { Scenario } from './scenario.ts';

export const malformed: Scenario = {
  title: 'the credentials that IMDS serves are broken JSON',
  expects: ['imds-malformed'],
  change: {
    imds: {
      extraPaths: {
        [`/meta-data/iam/security-credentials/${HEALTHY.credentials.role}`]:
          '{\n  "Code" : "Success",\n  "LastUpdated" : "2026-0',
      },
    },
  },
};
