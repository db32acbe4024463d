// Who will refresh the credentials that win, and when: in a line, and for the role by SDK.
import type { ChainSourceName, CredentialChain, SdkNextRefresh } from '../core/chain.ts';
import { spokenSeconds } from '../core/duration.ts';
import { grid, type Row } from './layout.ts';
import type { Pen } from './pen.ts';

/** Who comes with new ones; for the role it is each SDK at its own time. */
const REFRESHED_BY: Readonly<Record<Exclude<ChainSourceName, 'instance-role'>, string>> = {
  environment: 'nobody: they stay as they are until the program is started anew with others',
  profile: 'nobody: they stay as they are until somebody edits the file',
  'assume-role-profile': 'the SDK, which assumes the role again before they end',
  'web-identity': 'the SDK, which exchanges the token file again; whoever mounted the file renews it',
  sso: 'the SDK, for as long as the SSO sign-in lasts',
  process: 'the SDK, which runs credential_process again before they end',
  container: 'the SDK, which asks the endpoint again before they end',
};

/** `AWS CLI, boto3 (botocore)` → `AWS CLI/boto3`, `SDK for Go 2` → `Go 2`: names that fit into a list. */
const shortName = (name: string): string =>
  name.replace(/^SDK for /, '').replace(', boto3 (botocore)', '/boto3');

/** `22:10 UTC`, with its date where that is not today. */
function clockTime(iso: string, nowMs: number): string {
  const [day, time] = [iso.slice(0, 10), iso.slice(11, 16)];
  return day === new Date(nowMs).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

/** At most one row, none where nothing wins. */
export function refreshRow({ winner, refresh }: CredentialChain, nowMs: number): Row[] {
  if (winner === null) return [];
  if (winner !== 'instance-role') return [['refreshed by', REFRESHED_BY[winner]]];
  const stale = refresh.filter(({ signsExpired }) => signsExpired);
  if (stale.length > 0) {
    const names = stale.map(({ sdk }) => shortName(sdk)).join(', ');
    return [['signed with', `expired credentials by ${names}, which keep them while IMDS has no others`]];
  }
  const times = [...refresh]
    .sort((a, b) => Date.parse(a.nextRefresh) - Date.parse(b.nextRefresh))
    .map(({ sdk, nextRefresh }) =>
      Date.parse(nextRefresh) <= nowMs
        ? `${shortName(sdk)} with its next request`
        : `${shortName(sdk)} at ${clockTime(nextRefresh, nowMs)}`,
    );
  return times.length === 0 ? [] : [['refreshed by', `${times.join(', ')} (UTC; if fetched when new)`]];
}

/** One line an SDK, for `--verbose`. */
export function refreshDetails(refresh: readonly SdkNextRefresh[], pen: Pen): string[] {
  if (refresh.length === 0) return [];
  const cells = refresh.map(({ sdk, nextRefresh, slackSeconds }) => [
    sdk,
    nextRefresh.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC'),
    slackSeconds > 0 ? spokenSeconds(slackSeconds) : 'none: may sign expired',
  ]);
  return [
    '',
    ...grid(
      ['SDK', 'asks IMDS again', 'slack in a rotation'],
      cells.map((row) => row.map((cell) => pen.text(cell, 60))),
      { indent: 2, width: pen.width, heading: pen.faint, ellipsis: pen.text('…') },
    ),
  ];
}
