// Judges whether the profile in use brings credentials of its own and so hides the instance role.
import type { CredentialChain, ProfileRow } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Fix } from '../core/report.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { noRoleToHide, pathOf, quoted, rowInUse, whose } from './chain/readings.ts';
import { signerSentence } from './chain/signer.ts';
import { unknownBecause } from './context.ts';

const SEE: Fix = { text: 'See which credentials are used, and from where.', command: 'aws configure list' };

export const profileShadowsRole = defineCheck({
  id: 'profile-shadows-role',
  group: 'chain',
  title: 'A profile in ~/.aws hides the instance role',
  severities: ['warning'],
  needs: ['credential-chain'],
  uses: ['caller-identity'],
  reference: CHAIN_PAGES.files,
  runbook: {
    means:
      'The shared files come before the instance role in every SDK. Credentials in the profile in use are taken instead of the role, whether or not they still work.',
    causes: [
      'aws configure was run on the instance and wrote a [default] profile with keys.',
      'An image or a configuration tool brought ~/.aws along.',
      'AWS_PROFILE names a profile with credentials of its own.',
    ],
    fixes: [
      SEE,
      { text: 'Take the keys out of the profile, or move the file away; the role then takes over.' },
      {
        text: 'Where AWS_PROFILE names it, stop naming it.',
        command: 'unset AWS_PROFILE AWS_DEFAULT_PROFILE',
      },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const chain = outcome.value;
    const row = rowInUse(chain);
    if (row === null || row.provider === 'none') return { pass: 'the profile in use brings no credentials' };
    if (chain.profile.from === 'flag') return { pass: `profile ${row.name} was asked for` };
    if (row.usesInstanceRole) return { pass: `profile ${row.name} builds on the instance role` };
    if (!takesPart(chain, row))
      return { pass: `${chain.winner ?? 'nothing'} is used, not profile ${row.name}` };
    const nothing = noRoleToHide(chain.role);
    if (nothing !== null) return nothing;
    return {
      severity: 'warning',
      cause: `Profile ${row.name} has credentials of its own (${row.origin}), so the AWS CLI and the SDKs of ${whose(chain)} use those and never come to the instance role${chain.role.roleName === null ? '' : ` ${chain.role.roleName}`}.${signerSentence(seen['caller-identity'], chain.winner)}`,
      evidence: {
        profile: row.name,
        chosenBy: chain.profile.from,
        origin: row.origin,
        path: row.path,
        accessKeyId: row.accessKeyId,
        kind: row.kind,
        expiration: row.expiration,
        hiddenRole: chain.role.roleName,
      },
      fix: fixes(chain, row),
    };
  },
});

const FROM_PROFILES = ['profile', 'sso', 'process', 'assume-role-profile'];

/** The profile is what the CLI uses; or what others use, where the CLI gets no credentials at all. */
function takesPart(chain: CredentialChain, row: ProfileRow): boolean {
  if (chain.winner === null) {
    return (
      row.problems.length === 0 && chain.winners.some(({ source }) => FROM_PROFILES.includes(source ?? ''))
    );
  }
  const fromVariables = chain.winner === 'web-identity' && chain.environment.webIdentity !== null;
  return !fromVariables && !['environment', 'container', 'instance-role'].includes(chain.winner);
}

function fixes(chain: CredentialChain, row: ProfileRow): readonly Fix[] {
  const path = pathOf(chain, row.origin === 'shared-credentials-file' ? 'credentials' : 'config');
  const alone = chain.profiles.length === 1 && chain.moreProfiles === 0;
  const edit: Fix = alone
    ? {
        text: 'Move the file away; there is no other profile in it.',
        command: `mv -i ${quoted(path)} ${quoted(`${path}.off`)}`,
      }
    : { text: `Take the credentials of [${row.name}] out of this file.`, command: `vi ${quoted(path)}` };
  const { from } = chain.profile;
  return from === 'default' || from === 'flag'
    ? [edit, SEE]
    : [{ text: `Stop naming the profile with ${from}.`, command: `unset ${from}` }, edit, SEE];
}
