// Judges whether temporary credentials were pasted into a profile, where nothing refreshes them.
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { andMore, pathOf, quoted } from './chain/readings.ts';
import { refusedAsExpired } from './chain/signer.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 10;

/** What to write instead: it refreshes itself, from the instance role. */
function selfRefreshing(name: string): Fix {
  const profile = `--profile ${quoted(name)}`;
  return {
    text: 'Or let the profile assume its role from the instance role, which refreshes itself.',
    command: `aws configure set role_arn arn:aws:iam::<account-id>:role/<role> ${profile} && aws configure set credential_source Ec2InstanceMetadata ${profile}`,
  };
}

export const profileStaticSessionToken = defineCheck({
  id: 'profile-static-session-token',
  group: 'chain',
  title: 'Temporary credentials are pasted into a profile',
  severities: ['warning'],
  needs: ['credential-chain'],
  uses: ['caller-identity'],
  reference: CHAIN_PAGES.cliRoles,
  runbook: {
    means:
      'A profile with an aws_session_token works until that token expires, and somebody has to paste a new one by hand every time. A profile with role_arn and a source refreshes itself.',
    causes: [
      'Credentials from the access portal or from aws sts assume-role were copied into the file.',
      'A login tool writes them there and is no longer run.',
    ],
    fixes: [
      { text: 'Delete aws_access_key_id, aws_secret_access_key and aws_session_token from the profile.' },
      selfRefreshing('<profile>'),
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const chain = outcome.value;
    const rows = chain.profiles.filter((row) => row.sessionToken);
    // The one in use is what the person at the keyboard asks about.
    const first = rows.find((row) => row.inUse) ?? rows[0];
    if (first === undefined) return 'pass';
    const expired =
      first.inUse && first.provider === 'static' && refusedAsExpired(seen['caller-identity'], 'profile')
        ? ` That of ${first.name} has expired: STS says so.`
        : '';
    const names = rows.slice(0, MAX_NAMED).map((row) => row.name);
    const path = pathOf(chain, first.origin === 'config-file' ? 'config' : 'credentials');
    return {
      severity: 'warning',
      cause: `${rows.length === 1 ? 'Profile' : 'Profiles'} ${names.join(', ')}${andMore(rows.length, MAX_NAMED)} ${rows.length === 1 ? 'holds' : 'hold'} a session token that somebody pasted in; when it expires, requests fail with ExpiredToken until somebody pastes a new one.${expired}`,
      evidence: {
        profiles: names,
        inUse: rows.some((row) => row.inUse),
        accessKeyId: first.accessKeyId,
        file: path,
      },
      fix: [
        {
          text: `Delete aws_access_key_id, aws_secret_access_key and aws_session_token of [${first.name}]; without them the instance role is used.`,
          command: `vi ${quoted(path)}`,
        },
        selfRefreshing(first.name),
      ],
    };
  },
});
