// Judges whether credentials in environment variables hide the instance role.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import {
  credentialVariables,
  environmentFixes,
  noRoleToHide,
  processFixes,
  WHERE_SET,
  whose,
} from './chain/readings.ts';
import { signerSentence } from './chain/signer.ts';
import { unknownBecause } from './context.ts';
import { expiredHow } from './env-credentials-expired.ts';

export const envCredentialsShadowRole = defineCheck({
  id: 'env-credentials-shadow-role',
  group: 'chain',
  title: 'Credentials in environment variables hide the instance role',
  severities: ['warning'],
  needs: ['credential-chain'],
  uses: ['caller-identity'],
  reference: CHAIN_PAGES.environment,
  runbook: {
    means:
      'Every SDK asks the environment before the instance role. While these variables are set, the role is not used at all, and when they run out nothing takes over.',
    causes: [
      'Somebody exported credentials to try something, and the shell is still open.',
      'A profile script, an EnvironmentFile or a container image sets them.',
    ],
    fixes: [
      {
        text: 'Remove them from the shell; the role then takes over.',
        command:
          'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION',
      },
      WHERE_SET,
      ...processFixes('<pid>'),
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the environment could not be read', outcome);
    const chain = outcome.value;
    const { environment, profile, role } = chain;
    if (environment.key === null) return { pass: 'no credentials are set in the environment' };
    if (profile.from === 'flag')
      return { pass: 'the environment is left out, because a profile was asked for' };
    if (expiredHow(chain, seen['caller-identity']) !== null) {
      return { unknown: 'they have expired: env-credentials-expired tells' };
    }
    const nothing = noRoleToHide(role);
    if (nothing !== null) return nothing;
    const half = environment.secretKey
      ? ''
      : ' AWS_SECRET_ACCESS_KEY is missing beside it, so the AWS CLI stops with an error instead of using the role.';
    const identity = seen['caller-identity'];
    const signer =
      identity?.ok === true && identity.value.source === 'environment' ? identity.value.winner : null;
    return {
      severity: 'warning',
      cause: `AWS_ACCESS_KEY_ID is set in the environment of ${whose(chain)}, so the SDKs sign with ${environment.key.accessKeyId} and never come to the instance role${role.roleName === null ? '' : ` ${role.roleName}`}.${half}${signerSentence(identity, 'environment')}`,
      evidence: {
        variables: credentialVariables(chain),
        accessKeyId: environment.key.accessKeyId,
        kind: environment.key.kind,
        expiration: environment.expiration,
        hiddenRole: role.roleName,
        signsAs: signer?.arn ?? null,
        refusedWith: signer?.code ?? null,
      },
      fix: environmentFixes(chain),
    };
  },
});
