// The catalogue: every check, in the order from cause to effect. Its order is the order of findings.
import type { Check } from '../core/check.ts';
import { awsCliOutdated } from './aws-cli-outdated.ts';
import { cliCacheExpired } from './cli-cache-expired.ts';
import { clockSkewed } from './clock-skewed.ts';
import { clockUnsynchronised } from './clock-unsynchronised.ts';
import { cloudwatchUnreachable } from './cloudwatch-unreachable.ts';
import { containerCredentialsUnreachable } from './container-credentials-unreachable.ts';
import { envCredentialsExpired } from './env-credentials-expired.ts';
import { envCredentialsShadowRole } from './env-credentials-shadow-role.ts';
import { imdsDisabled } from './imds-disabled.ts';
import { imdsDisabledByEnv } from './imds-disabled-by-env.ts';
import { imdsEndpointOverridden } from './imds-endpoint-overridden.ts';
import { imdsHopLimit } from './imds-hop-limit.ts';
import { imdsMalformed } from './imds-malformed.ts';
import { imdsProxied } from './imds-proxied.ts';
import { imdsRetriesTooLow } from './imds-retries-too-low.ts';
import { imdsSlow } from './imds-slow.ts';
import { imdsThrottled } from './imds-throttled.ts';
import { imdsTokenRejected } from './imds-token-rejected.ts';
import { imdsUnreachable } from './imds-unreachable.ts';
import { imdsV1Enabled } from './imds-v1-enabled.ts';
import { javaPropertiesShadowRole } from './java-properties-shadow-role.ts';
import { longLivedKey } from './long-lived-key.ts';
import { outboxGrowing } from './outbox-growing.ts';
import { processCredentialsShadowRole } from './process-credentials-shadow-role.ts';
import { profileInvalid } from './profile-invalid.ts';
import { profileKeyConflict } from './profile-key-conflict.ts';
import { profileRoleChainingLimit } from './profile-role-chaining-limit.ts';
import { profileShadowsRole } from './profile-shadows-role.ts';
import { profileStaticSessionToken } from './profile-static-session-token.ts';
import { publishFailing } from './publish-failing.ts';
import { requestWindowAtRisk } from './request-window-at-risk.ts';
import { roleChanged } from './role-changed.ts';
import { roleCredentialsExpired } from './role-credentials-expired.ts';
import { roleCredentialsExpiring } from './role-credentials-expiring.ts';
import { roleCredentialsRejected } from './role-credentials-rejected.ts';
import { roleMissing } from './role-missing.ts';
import { roleNotAssumable } from './role-not-assumable.ts';
import { roleRotationOverdue } from './role-rotation-overdue.ts';
import { ssoTokenExpired } from './sso-token-expired.ts';
import { stsUnreachable } from './sts-unreachable.ts';
import { timeSourceUnreachable } from './time-source-unreachable.ts';
import { tlsIntercepted } from './tls-intercepted.ts';
import { webIdentityTokenUnusable } from './web-identity-token-unusable.ts';

export const CHECKS: readonly Check[] = [
  imdsUnreachable,
  imdsDisabled,
  imdsDisabledByEnv,
  imdsHopLimit,
  imdsProxied,
  imdsTokenRejected,
  imdsMalformed,
  imdsThrottled,
  imdsSlow,
  imdsRetriesTooLow,
  imdsEndpointOverridden,
  imdsV1Enabled,
  clockSkewed,
  clockUnsynchronised,
  timeSourceUnreachable,
  roleMissing,
  roleNotAssumable,
  roleCredentialsExpired,
  roleCredentialsRejected,
  roleCredentialsExpiring,
  roleRotationOverdue,
  roleChanged,
  envCredentialsExpired,
  envCredentialsShadowRole,
  profileInvalid,
  webIdentityTokenUnusable,
  containerCredentialsUnreachable,
  ssoTokenExpired,
  profileShadowsRole,
  javaPropertiesShadowRole,
  processCredentialsShadowRole,
  profileStaticSessionToken,
  profileRoleChainingLimit,
  profileKeyConflict,
  longLivedKey,
  cliCacheExpired,
  tlsIntercepted,
  stsUnreachable,
  cloudwatchUnreachable,
  requestWindowAtRisk,
  awsCliOutdated,
  publishFailing,
  outboxGrowing,
];
