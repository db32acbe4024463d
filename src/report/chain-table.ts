// The credential chain for a person: every source that is there with the winner marked, and the table of profiles.
import type { ChainSource, CredentialChain, ProfileRow, SdkWinner } from '../core/chain.ts';
import type { Outcome } from '../core/outcome.ts';
import { grid, hanging, type Row, table } from './layout.ts';
import type { Pen } from './pen.ts';

/** Profiles listed without `--verbose`; the one in use and those with problems come first. */
const PROFILES_SHOWN = 8;

/**
 * Lines for the chain, or none where there is nothing to tell beyond the role itself: no other source, no other
 * winner, no profile with a problem.
 */
export function chainLines(
  outcome: Outcome<CredentialChain> | undefined,
  pen: Pen,
  verbose: boolean,
): string[] {
  if (outcome?.ok !== true) return [];
  const chain = outcome.value;
  const present = chain.sources.filter((source) => source.present);
  const telling =
    chain.profiles.some(isTroubled) || present.some((source) => source.source !== 'instance-role');
  if (!telling && !verbose) return [];
  const title = `Where ${subjectOf(chain)} gets its credentials (the first one wins)`;
  const lines = hanging('', pen.text(title), { indent: 0, column: 0, width: pen.width, text: pen.strong });
  const rows: Row[] = present.map((source) => sourceRow(source, chain.winner));
  for (const winner of chain.winners) if (winner.differs !== null) rows.push(sdkRow(winner));
  if (rows.length === 0) rows.push(['nowhere', 'no source of the default chain holds credentials']);
  lines.push(
    ...table(
      rows.map(([label, value]) => [pen.text(label, 60), pen.text(value)]),
      { indent: 2, width: pen.width },
    ),
  );
  return [...lines, ...profileLines(chain.profiles, pen, verbose)];
}

function subjectOf({ subject, profile }: CredentialChain): string {
  const who = subject.pid === null ? 'this shell' : `process ${subject.pid}`;
  return profile.from === 'default' ? who : `${who} with profile ${JSON.stringify(profile.name)}`;
}

const isTroubled = (profile: ProfileRow): boolean =>
  profile.problems.length > 0 || profile.conflicts.length > 0;

function sourceRow(source: ChainSource, winner: CredentialChain['winner']): Row {
  const parts = [
    source.source === winner ? 'used' : null,
    source.accessKeyId ?? null,
    source.expiration === undefined ? null : `until ${source.expiration}`,
    source.detail ?? null,
  ].filter((part) => part !== null);
  return [source.source, parts.length === 0 ? 'there, not used' : parts.join(', ')];
}

const sdkRow = (winner: SdkWinner): Row => [
  `in ${winner.sdk}`,
  `${winner.source ?? 'nothing'}: ${winner.differs ?? ''}`,
];

function profileLines(profiles: readonly ProfileRow[], pen: Pen, verbose: boolean): string[] {
  if (profiles.length === 0) return [];
  const weight = (profile: ProfileRow) => (profile.inUse ? 0 : isTroubled(profile) ? 1 : 2);
  const ordered = [...profiles].sort((a, b) => weight(a) - weight(b));
  const shown = verbose ? ordered : ordered.slice(0, PROFILES_SHOWN);
  const rows = shown.map((profile) => profileCells(profile).map((cell) => pen.text(cell, 120)));
  const left = profiles.length - shown.length;
  return [
    '',
    ...grid(['profile', 'gives', 'access key', 'until', 'origin'], rows, {
      indent: 2,
      width: pen.width,
      heading: pen.faint,
      ellipsis: pen.text('…'),
    }),
    ...(left > 0 ? [`  and ${left} more (--verbose shows all)`] : []),
    ...(verbose ? shown.filter(isTroubled).flatMap((profile) => troubleLines(profile, pen)) : []),
  ];
}

/** A profile with problems is marked; what they are is told by its finding, and by `--verbose`. */
function profileCells(profile: ProfileRow): string[] {
  const marks = [profile.inUse ? 'in use' : null, isTroubled(profile) ? '!' : null].filter(
    (mark) => mark !== null,
  );
  return [
    marks.length === 0 ? profile.name : `${profile.name} (${marks.join(', ')})`,
    profile.provider,
    profile.accessKeyId ?? '-',
    profile.expiration ?? '-',
    profile.origin,
  ];
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
