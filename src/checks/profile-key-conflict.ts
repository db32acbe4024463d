// Judges whether both shared files set the same key of a profile to different values.
import { defineCheck } from '../core/check.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { pathOf, quoted } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 10;

export const profileKeyConflict = defineCheck({
  id: 'profile-key-conflict',
  group: 'chain',
  title: 'The config and the credentials file contradict each other',
  severities: ['warning'],
  needs: ['credential-chain'],
  reference: CHAIN_PAGES.files,
  runbook: {
    means:
      'One profile has the same key in ~/.aws/config and in ~/.aws/credentials, with different values. The credentials file wins, so whoever edits the config file sees no effect; and keys are taken from one file while the rest comes from the other.',
    causes: [
      'aws configure wrote the credentials file, and somebody edited the config file by hand.',
      'Two tools manage one file each.',
    ],
    fixes: [
      {
        text: 'See which file each value comes from (Type).',
        command: 'aws configure list --profile <profile>',
      },
      { text: 'Delete the key from the file that is not meant.' },
    ],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const chain = outcome.value;
    const rows = chain.profiles.filter((row) => row.conflicts.length > 0);
    const [first] = rows;
    if (first === undefined) return 'pass';
    return {
      severity: 'warning',
      cause: `Profile ${first.name} has different values for ${first.conflicts.join(', ')} in both files; the one in ${pathOf(chain, 'credentials')} is used.`,
      evidence: {
        conflicts: rows.slice(0, MAX_NAMED).map((row) => `${row.name}: ${row.conflicts.join(', ')}`),
        profiles: rows.length,
        winner: pathOf(chain, 'credentials'),
        loser: pathOf(chain, 'config'),
      },
      fix: [
        {
          text: 'See which file each value comes from (Type).',
          command: `aws configure list --profile ${quoted(first.name)}`,
        },
        {
          text: 'Delete the key from the file that is not meant.',
          command: `vi ${quoted(pathOf(chain, 'config'))}`,
        },
      ],
    };
  },
});
