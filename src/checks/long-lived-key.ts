// Judges whether access keys that never expire lie on this instance.
import type { CredentialChain, ProcessCredentials } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Fix } from '../core/report.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { pathOf, whose } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

const MAX_NAMED = 20;

const RETIRE: readonly Fix[] = [
  { text: 'Give the instance role what the key is used for, and remove the key from here.' },
  {
    text: 'Then switch the key off (from an identity with iam:UpdateAccessKey), and delete it when nothing breaks.',
    command: 'aws iam update-access-key --user-name <user> --access-key-id <access-key-id> --status Inactive',
  },
];

export const longLivedKey = defineCheck({
  id: 'long-lived-key',
  group: 'chain',
  title: 'A long-lived access key lies on this instance',
  severities: ['warning'],
  needs: ['credential-chain'],
  uses: ['processes'],
  reference: CHAIN_PAGES.accessKeys,
  runbook: {
    means:
      'A key id that begins with AKIA belongs to a user and works until somebody deletes it. Whoever reads it from this instance, its images or its backups can use it from anywhere. An instance role needs no stored key.',
    causes: [
      'aws configure was run on the instance.',
      'An application’s environment or configuration carries the key of a user.',
    ],
    fixes: RETIRE,
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the chain could not be read', outcome);
    const places = placesOf(outcome.value, seen.processes);
    const [first] = places;
    if (first === undefined) return 'pass';
    return {
      severity: 'warning',
      cause: `The long-lived key ${first.accessKeyId} is in ${first.place}${places.length > 1 ? `, and ${places.length - 1} more ${places.length === 2 ? 'lies' : 'lie'} here` : ''}.`,
      evidence: {
        keys: places.slice(0, MAX_NAMED).map(({ accessKeyId, place }) => `${accessKeyId} in ${place}`),
        found: places.length,
      },
      fix: RETIRE,
    };
  },
});

interface Place {
  readonly accessKeyId: string;
  readonly place: string;
}

function placesOf(
  chain: CredentialChain,
  processes: Outcome<ProcessCredentials> | undefined,
): readonly Place[] {
  const environment = chain.environment.key?.kind === 'long-lived' ? chain.environment.key : null;
  const java = chain.java?.key?.kind === 'long-lived' ? chain.java : null;
  const rows = processes?.ok === true ? processes.value.processes : [];
  return [
    ...(environment === null
      ? []
      : [{ accessKeyId: environment.accessKeyId, place: `the environment of ${whose(chain)}` }]),
    ...(java?.key
      ? [{ accessKeyId: java.key.accessKeyId, place: `Java properties of ${whose(chain)}` }]
      : []),
    ...chain.profiles.flatMap(({ name, keys }) =>
      keys
        .filter(({ kind }) => kind === 'long-lived')
        .map(({ accessKeyId, file }) => ({
          accessKeyId,
          place: `profile ${name} in ${pathOf(chain, file)}`,
        })),
    ),
    ...rows.flatMap((row) =>
      row.key?.kind === 'long-lived'
        ? [{ accessKeyId: row.key.accessKeyId, place: `process ${row.pid} (${row.command})` }]
        : [],
    ),
  ];
}
