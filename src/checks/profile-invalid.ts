// Judges whether the shared files and their profiles are such that the SDKs take them.
import type { CallerIdentities, ChainFile, ChainSourceName, CredentialChain } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Fix } from '../core/report.ts';
import { CHAIN_PAGES } from '../facts/credential-chain.ts';
import { andMore, quoted, rowInUse } from './chain/readings.ts';
import { besideTheRole, refusedAsExpired } from './chain/signer.ts';
import { unknownBecause } from './context.ts';

interface Fault {
  readonly text: string;
  readonly critical: boolean;
  /** What to open, where it is more than the config file. */
  readonly path?: string;
  readonly line?: number | null;
}

const STATES: Readonly<Record<Exclude<ChainFile['state'], 'read' | 'absent'>, string>> = {
  unreadable: 'cannot be read by this user, so the SDKs take it for empty or fail',
  'too-large': 'is larger than 1 MiB and was not read',
  'not-regular': 'is no regular file',
  binary: 'is no text in UTF-8, so the AWS CLI refuses it',
};
const FROM_PROFILES: readonly ChainSourceName[] = ['profile', 'process', 'assume-role-profile', 'sso'];
const MAX_NAMED = 8;

const LIST: Fix = {
  text: 'See which profiles there are.',
  command: "grep -ns '^ *\\[' ~/.aws/config ~/.aws/credentials",
};

export const profileInvalid = defineCheck({
  id: 'profile-invalid',
  group: 'chain',
  title: 'A profile or a shared file is broken',
  severities: ['critical', 'warning'],
  needs: ['credential-chain'],
  uses: ['caller-identity'],
  decisive: true,
  reference: CHAIN_PAGES.fileFormat,
  runbook: {
    means:
      'Something in ~/.aws/config or ~/.aws/credentials is not what the SDKs expect: a profile that points nowhere or in a circle, half a pair of keys, or a line that makes the AWS CLI refuse the whole file. Programs using it fail, or silently use something else.',
    causes: [
      'A source_profile, sso_session or AWS_PROFILE names something that is not there.',
      'The same section or key stands twice, or a line has no "=".',
      'In the config file the section is called [name] instead of [profile name].',
      'The files belong to another user or were copied from a machine with another encoding.',
    ],
    fixes: [LIST, { text: 'Correct the line or the profile named.', command: 'vi ~/.aws/config' }],
  },
  assess(seen) {
    const outcome = seen['credential-chain'];
    if (!outcome.ok) return unknownBecause('the profiles could not be read', outcome);
    const chain = outcome.value;
    const faults = [
      ...missingProfile(chain),
      ...expiredProfile(chain, seen['caller-identity']),
      ...chain.files.flatMap(fileFaults),
      ...profileFaults(chain),
    ];
    const [first] = [...faults].sort((a, b) => Number(b.critical) - Number(a.critical));
    if (first === undefined) return 'pass';
    return {
      severity: first.critical ? 'critical' : 'warning',
      cause: `${first.text}${faults.length > 1 ? ` (${faults.length} faults in all)` : ''}.`,
      evidence: {
        faults: [
          ...faults.slice(0, MAX_NAMED).map((fault) => fault.text),
          ...(faults.length > MAX_NAMED ? [andMore(faults.length, MAX_NAMED).trim()] : []),
        ],
        profileInUse: chain.profile.name,
        chosenBy: chain.profile.from,
      },
      fix: fixes(chain, first),
    };
  },
});

function fixes(chain: CredentialChain, { path, line }: Fault): readonly Fix[] {
  const there = chain.files.filter((file) => file.state !== 'absent').map((file) => file.path);
  const file = path ?? there[0];
  const at = line == null ? '' : `+${line} `;
  return [
    ...(file === undefined ? [] : [{ text: 'Correct it.', command: `vi ${at}${quoted(file)}` }]),
    there.length === 0
      ? { text: 'Neither file is there: see for whom the program runs, and whether HOME is right.' }
      : { ...LIST, command: `grep -ns '^ *\\[' ${there.map(quoted).join(' ')}` },
    {
      text: 'See what the AWS CLI makes of the profile.',
      command: `aws configure list --profile ${quoted(chain.profile.name)}`,
    },
  ];
}

function missingProfile(chain: CredentialChain): readonly Fault[] {
  const { found, from, name } = chain.profile;
  if (found || from === 'default') return [];
  const asked = from === 'flag' ? '--profile' : from;
  return [{ text: `${asked} names profile ${name}, which neither file has`, critical: true }];
}

/** Credentials of the profile in use that AWS calls expired. */
function expiredProfile(
  chain: CredentialChain,
  identity: Outcome<CallerIdentities> | undefined,
): readonly Fault[] {
  const { winner } = chain;
  const row = rowInUse(chain);
  if (winner === null || row === null || !FROM_PROFILES.includes(winner)) return [];
  if (!refusedAsExpired(identity, winner)) return [];
  const text = `profile ${row.name}: its credentials have expired; STS refuses them${besideTheRole(identity, winner)}`;
  return [{ text, critical: true }];
}

function fileFaults(file: ChainFile): readonly Fault[] {
  if (file.state === 'absent') return [];
  if (file.state !== 'read') {
    return [
      { text: `${file.path} ${STATES[file.state]}`, critical: file.state === 'binary', path: file.path },
    ];
  }
  return file.problems.map(({ line, text, fatal }) => ({
    text: `${file.path}${line === null ? '' : `, line ${line}`}: ${text}${fatal ? '; the AWS CLI refuses the whole file' : ''}`,
    critical: fatal,
    path: file.path,
    line,
  }));
}

function profileFaults(chain: CredentialChain): readonly Fault[] {
  return chain.profiles.flatMap((row) =>
    row.problems.map((problem) => ({ text: `profile ${row.name}: ${problem}`, critical: row.inUse })),
  );
}
