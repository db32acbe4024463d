// The credential chain for a person: every source that is there with the winner marked, who signs, who refreshes, profiles.
import type {
  CallerIdentities,
  ChainSource,
  CredentialChain,
  IdentityAnswer,
  ProfileRow,
  SdkWinner,
} from '../core/chain.ts';
import { spokenSeconds } from '../core/duration.ts';
import type { Report } from '../core/report.ts';
import { grid, hanging, type Row, table } from './layout.ts';
import type { Pen } from './pen.ts';
import { refreshDetails, refreshRow } from './refresh.ts';
import { spokenInstant } from './seen.ts';
import { seenValue } from './summary.ts';

/** Profiles listed without `--verbose`; the one in use and those with problems come first. */
const PROFILES_SHOWN = 8;
/** Columns of a profile's name: what it gives has to stay in sight. */
const NAME_SHOWN = 32;

/**
 * Lines for the chain, or none where there is nothing to tell: neither a role nor another source, no process asked
 * for, no profile with a problem.
 */
export function chainLines(
  report: Pick<Report, 'observations' | 'startedAt'>,
  pen: Pen,
  verbose: boolean,
): string[] {
  const chain = seenValue(report.observations['credential-chain']);
  if (chain === null) return [];
  const present = chain.sources.filter((source) => source.present);
  const telling = present.length > 0 || chain.subject.pid !== null || chain.profiles.some(isTroubled);
  if (!telling && !verbose) return [];
  const title = `Where ${subjectOf(chain)} gets its credentials (the first one wins)`;
  const lines = hanging('', pen.text(title), { indent: 0, column: 0, width: pen.width, text: pen.strong });
  const nowMs = Date.parse(report.startedAt);
  const rows: Row[] = present.map((source) => sourceRow(source, chain.winner));
  if (rows.length === 0)
    rows.push(['nowhere', `no source of the default chain holds credentials${unseen(chain)}`]);
  const network = NETWORKS[chain.subject.network];
  if (network !== null) rows.push(['network', network]);
  for (const winner of chain.winners) if (winner.differs !== null) rows.push(sdkRow(winner));
  rows.push(...signerRows(seenValue(report.observations['caller-identity'])), ...refreshRow(chain, nowMs));
  lines.push(
    ...table(
      rows.map(([label, value]) => [pen.text(label, 60), pen.text(value)]),
      { indent: 2, width: pen.width },
    ),
  );
  return [
    ...lines,
    ...(verbose ? refreshDetails(chain.refresh, pen) : []),
    ...profileLines(chain, nowMs, pen, verbose),
  ];
}

const NETWORKS: Readonly<Record<CredentialChain['subject']['network'], string | null>> = {
  same: null,
  entered: 'its own; the metadata service was asked from inside of it',
  'not-seen': 'its own, and not seen from here (root can look into it)',
};

function subjectOf({ subject, profile }: CredentialChain): string {
  const { pid, command } = subject;
  const who = pid === null ? 'this shell' : `process ${pid}${command === null ? '' : ` (${command})`}`;
  return profile.from === 'default' ? who : `${who} with profile ${JSON.stringify(profile.name)}`;
}

/** Why the role is missing from the list, where nobody knows whether it is there. */
const unseen = ({ role }: CredentialChain): string =>
  role.state === 'unknown' ? `; the instance role: ${role.detail}` : '';

const isTroubled = (profile: ProfileRow): boolean =>
  profile.problems.length > 0 || profile.conflicts.length > 0;

function sourceRow(source: ChainSource, winner: CredentialChain['winner']): Row {
  const parts = [
    source.source === winner ? 'used' : null,
    source.accessKeyId ?? null,
    source.expiration === undefined ? null : `until ${spokenInstant(source.expiration)}`,
    source.detail ?? null,
  ].filter((part) => part !== null);
  return [source.source, parts.length === 0 ? 'there, not used' : parts.join(', ')];
}

const sdkRow = (winner: SdkWinner): Row => [
  `in ${winner.sdk}`,
  `${winner.source ?? 'nothing'}: ${winner.differs ?? ''}`,
];

/** Who STS takes the winner for; and the role, where that is somebody else. */
function signerRows(identities: CallerIdentities | null): Row[] {
  if (identities === null) return [];
  const { winner, role } = identities;
  const rows: Row[] = [];
  if (winner.state === 'accepted') rows.push(['signs as', shortArn(winner)]);
  if (winner.state === 'refused')
    rows.push(['signs as', `nobody: STS answers ${winner.code ?? winner.detail}`]);
  // Where neither was asked about, one reason serves both, and another part of the report gives it.
  const neither = role.state === 'not-asked' && role.detail === winner.detail;
  if (winner.state === 'not-asked' && identities.source !== null && !neither)
    rows.push(['signs as', `not known: ${winner.detail}`]);
  if (rows.length > 0 && identities.source !== 'instance-role') {
    if (role.state === 'accepted') rows.push(['the role is', shortArn(role)]);
    if (role.state === 'refused') rows.push(['the role is', `refused by STS: ${role.code ?? role.detail}`]);
  }
  return rows;
}

/** An ARN in pieces that fit a line: `assumed-role/app/i-0123, account 123456789012`. */
function shortArn({ arn, accountId, detail }: IdentityAnswer): string {
  const resource = /^arn:[\w-]+:\w+::\d*:(.+)$/.exec(arn ?? '')?.[1];
  return resource === undefined || accountId === null ? (arn ?? detail) : `${resource}, account ${accountId}`;
}

function profileLines(
  { profiles, moreProfiles }: CredentialChain,
  nowMs: number,
  pen: Pen,
  verbose: boolean,
): string[] {
  if (profiles.length === 0) return [];
  const weight = (profile: ProfileRow) => (profile.inUse ? 0 : isTroubled(profile) ? 1 : 2);
  const ordered = [...profiles].sort((a, b) => weight(a) - weight(b));
  const shown = verbose ? ordered : ordered.slice(0, PROFILES_SHOWN);
  const rows = shown.map((profile) => profileCells(profile, nowMs).map((cell) => pen.text(cell, 120)));
  const left = profiles.length - shown.length + moreProfiles;
  return [
    '',
    ...grid(['profile', 'gives', 'access key', 'expires', 'from'], rows, {
      indent: 2,
      width: pen.width,
      heading: pen.faint,
      ellipsis: pen.text('…'),
    }),
    ...(left > 0 ? [`  and ${left} more${verbose ? '' : ' (--verbose shows them)'}`] : []),
    ...(verbose ? shown.filter(isTroubled).flatMap((profile) => troubleLines(profile, pen)) : []),
  ];
}

/** A profile with problems is marked; what they are is told by its finding, and by `--verbose`. */
function profileCells(profile: ProfileRow, nowMs: number): string[] {
  const marks = [profile.inUse ? 'in use' : null, isTroubled(profile) ? '!' : null].filter(
    (mark) => mark !== null,
  );
  const { name } = profile;
  const short = name.length > NAME_SHOWN ? `${name.slice(0, NAME_SHOWN - 1)}…` : name;
  return [
    marks.length === 0 ? short : `${short} (${marks.join(', ')})`,
    profile.provider,
    profile.accessKeyId ?? '-',
    expiryOf(profile, nowMs),
    profile.path.length > 1 ? profile.path.slice(1).join(' → ') : profile.origin,
  ];
}

function expiryOf({ expiration, kind, provider }: ProfileRow, nowMs: number): string {
  if (expiration === null) return kind === 'long-lived' && provider === 'static' ? 'never' : '-';
  const seconds = Math.floor((Date.parse(expiration) - nowMs) / 1000);
  return seconds > 0 ? `in ${spokenSeconds(seconds)}` : `${spokenSeconds(seconds)} ago`;
}

function troubleLines(profile: ProfileRow, pen: Pen): string[] {
  const trouble = [
    ...profile.problems,
    ...profile.conflicts.map((key) => `both files set ${key}, differently`),
  ];
  return hanging('!', pen.text(`${profile.name}: ${trouble.join('; ')}`), {
    indent: 2,
    column: 2,
    width: pen.width,
  });
}
