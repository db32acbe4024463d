// Judges whether credentials in environment variables have expired: nothing refreshes those.
import type { CallerIdentities, CredentialChain, ProcessCredentials, ProcessRow } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Outcome } from '../core/outcome.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { andMore, environmentFixes, processFixes, whose } from './chain/readings.ts';
import { besideTheRole, refusedAsExpired } from './chain/signer.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 10;

/** Where the environment's credentials are expired, how that is known; else null. */
export function expiredHow(
  chain: CredentialChain,
  identity: Outcome<CallerIdentities> | undefined,
): string | null {
  const { environment, profile } = chain;
  if (environment.key === null || profile.from === 'flag') return null;
  if (environment.expired === true) return `AWS_CREDENTIAL_EXPIRATION says ${environment.expiration}`;
  return refusedAsExpired(identity, 'environment')
    ? `STS refuses them as expired${besideTheRole(identity, 'environment')}`
    : null;
}

const expiredProcesses = (processes: Outcome<ProcessCredentials> | undefined): readonly ProcessRow[] =>
  processes?.ok === true ? processes.value.processes.filter((row) => row.expired === true) : [];

export const envCredentialsExpired = defineCheck({
  id: 'env-credentials-expired',
  group: 'chain',
  title: 'Expired credentials are set in environment variables',
  severities: ['critical'],
  needs: ['credential-chain'],
  uses: ['caller-identity', 'processes'],
  immediate: true,
  reference: CHAIN_PAGES.environment,
  runbook: {
    means:
      'Variables come before every other source and are never refreshed: whatever reads them signs with credentials that AWS refuses (ExpiredToken), although the instance role may be well.',
    causes: [
      'Temporary credentials were exported by hand, or by a tool such as aws sts assume-role or aws configure export-credentials, and their time is over.',
      'A long-running process was started with them; it keeps its environment until it is restarted.',
      'A profile script or an EnvironmentFile holds them.',
    ],
    fixes: [
      {
        text: 'Remove them from the shell; the role then takes over.',
        command:
          'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION',
      },
      ...processFixes('<pid>'),
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the environment could not be read', outcome);
    const chain = outcome.value;
    const how = expiredHow(chain, seen['caller-identity']);
    const processes = expiredProcesses(seen.processes);
    const { environment } = chain;
    if (how === null && processes.length === 0) return judgeUnexpired(chain, seen['caller-identity']);
    const shown = ({ pid, command }: ProcessRow): string => `${pid} ${command}`;
    // The process asked for is named once.
    const others = processes.filter(({ pid }) => how === null || pid !== chain.subject.pid);
    const named = others.slice(0, MAX_NAMED).map(shown);
    const where = [
      how === null ? null : whose(chain),
      named.length === 0 ? null : `process ${named.join(', process ')}`,
    ];
    return {
      severity: 'critical',
      cause: `The credentials in the environment of ${where.filter((part) => part !== null).join(' and of ')}${andMore(others.length, MAX_NAMED)} have expired${how === null ? '' : ` (${how})`}; they come before the instance role and nothing refreshes them.`,
      evidence: {
        variables: how === null ? [] : environment.variables.filter((name) => /CRED|KEY|TOKEN/.test(name)),
        accessKeyId: how === null ? null : (environment.key?.accessKeyId ?? null),
        expiration: environment.expiration,
        processes: processes.slice(0, MAX_NAMED).map(shown),
      },
      fix: how === null ? processFixes(processes[0]?.pid ?? '<pid>') : environmentFixes(chain),
    };
  },
});

function judgeUnexpired(chain: CredentialChain, identity: Outcome<CallerIdentities> | undefined) {
  const { environment, profile } = chain;
  if (environment.key === null) return { pass: 'no credentials are set in the environment' };
  if (profile.from === 'flag')
    return { pass: 'the environment is left out, because a profile was asked for' };
  if (environment.key.kind === 'long-lived') return { pass: 'the key in the environment does not expire' };
  if (environment.expiration !== null) return { pass: `they are good until ${environment.expiration}` };
  // Under --offline only the clock of STS could tell, and it is left out.
  if (identity === undefined) return { skipped: 'only STS could tell, and it is not asked here' };
  const answer = identity.ok && identity.value.source === 'environment' ? identity.value.winner : null;
  if (answer?.state === 'accepted') return { pass: 'STS accepts them' };
  if (answer?.state === 'refused')
    return { pass: `STS refuses them, but as ${answer.code ?? 'something else'}` };
  return { unknown: 'AWS_CREDENTIAL_EXPIRATION is not set, and STS was not asked or did not say' };
}
