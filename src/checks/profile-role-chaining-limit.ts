// Judges whether a profile asks for a longer session than AWS gives a role that is assumed by a role.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES, ROLE_CHAINING_LIMIT_SECONDS } from '../facts/credential-chain.ts';
import { quoted } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

export const profileRoleChainingLimit = defineCheck({
  id: 'profile-role-chaining-limit',
  group: 'chain',
  title: 'A profile asks for more than the hour that role chaining allows',
  severities: ['warning'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.roleChaining,
  runbook: {
    means:
      'When a role is assumed with the credentials of another role, the session lasts one hour at most. AssumeRole refuses a larger duration_seconds with a ValidationError, whatever the role’s own maximum is.',
    causes: [
      'duration_seconds was copied from a profile whose source was a user.',
      'The source became the instance role (credential_source = Ec2InstanceMetadata), SSO or another role.',
    ],
    fixes: [
      {
        text: 'Ask for an hour; the SDKs refresh by themselves.',
        command: `aws configure set duration_seconds ${ROLE_CHAINING_LIMIT_SECONDS} --profile <profile>`,
      },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const rows = outcome.value.profiles.filter(
      (row) => row.chained && (row.durationSeconds ?? 0) > ROLE_CHAINING_LIMIT_SECONDS,
    );
    const [first] = rows;
    if (first === undefined) return 'pass';
    return {
      severity: 'warning',
      cause: `Profile ${first.name} asks for ${first.durationSeconds} s (duration_seconds), but its role is assumed with credentials of a role (${first.path.join(' → ')}), and AWS caps that at ${ROLE_CHAINING_LIMIT_SECONDS} s.`,
      evidence: {
        profiles: rows.slice(0, 10).map((row) => row.name),
        durationSeconds: first.durationSeconds,
        limitSeconds: ROLE_CHAINING_LIMIT_SECONDS,
        path: first.path,
      },
      fix: [
        {
          text: 'Ask for an hour; the SDKs refresh by themselves.',
          command: `aws configure set duration_seconds ${ROLE_CHAINING_LIMIT_SECONDS} --profile ${quoted(first.name)}`,
        },
      ],
    };
  },
});
