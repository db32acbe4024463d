// The catalogue: every check, in the order from cause to effect. Its order is the order of findings.
import type { Check } from '../core/check.ts';
import { imdsDisabled } from './imds-disabled.ts';
import { imdsHopLimit } from './imds-hop-limit.ts';
import { imdsMalformed } from './imds-malformed.ts';
import { imdsSlow } from './imds-slow.ts';
import { imdsThrottled } from './imds-throttled.ts';
import { imdsTokenRejected } from './imds-token-rejected.ts';
import { imdsUnreachable } from './imds-unreachable.ts';
import { imdsV1Enabled } from './imds-v1-enabled.ts';
import { roleChanged } from './role-changed.ts';
import { roleCredentialsExpired } from './role-credentials-expired.ts';
import { roleCredentialsExpiring } from './role-credentials-expiring.ts';
import { roleMissing } from './role-missing.ts';
import { roleNotAssumable } from './role-not-assumable.ts';
import { roleRotationOverdue } from './role-rotation-overdue.ts';

export const CHECKS: readonly Check[] = [
  imdsUnreachable,
  imdsDisabled,
  imdsHopLimit,
  imdsTokenRejected,
  imdsMalformed,
  imdsThrottled,
  imdsSlow,
  imdsV1Enabled,
  roleMissing,
  roleNotAssumable,
  roleCredentialsExpired,
  roleCredentialsExpiring,
  roleRotationOverdue,
  roleChanged,
];
