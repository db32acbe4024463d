// The key numbers of a report as rows of a table: what answered, whose credentials, until when, by which clock.
import { spokenMs, spokenSeconds } from '../core/duration.ts';
import type { EndpointReach } from '../core/endpoint.ts';
import type { ImdsPurpose, ImdsToken, ImdsTraffic, InstanceRole, TokenlessAnswer } from '../core/imds.ts';
import type { Failure, FailureKind, Outcome } from '../core/outcome.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { IMDS_IPV4_ENDPOINT, THROTTLED_STATUSES } from '../facts/imds.ts';
import type { Row } from './layout.ts';
import { ownRequests, seenValue, spokenOffset } from './summary.ts';

/** What a failure kind means, in a few plain words. */
const KIND_WORDS: Readonly<Record<FailureKind, string>> = {
  'connect-timeout': 'no connection in time',
  refused: 'connection refused',
  unroutable: 'no route there',
  'response-timeout': 'no answer in time',
  reset: 'connection cut',
  'http-status': 'answered with an error',
  malformed: 'answered nonsense',
  permission: 'not permitted to look',
  crashed: 'a defect in imds-probe',
};

/** Rows for the observations that were made, in the order in which people ask. */
export function seenRows(seen: Snapshot): Row[] {
  const rows: Row[] = [];
  const add = (label: string, value: string | null) => {
    if (value !== null) rows.push([label, value]);
  };
  const traffic = seenValue(seen['imds-traffic']);
  add('Metadata service', tokenRow(seen['imds-token'], traffic));
  if (seen['imds-token'] !== undefined) add('  endpoint', unusualEndpoint(traffic));
  add('  without token', tokenlessRow(seen['imds-tokenless'], traffic));
  add('Role', roleRow(seen['instance-role'], seen['imds-token']));
  const role = seenValue(seen['instance-role']);
  if (role !== null) {
    add('  expires', expiryRow(role));
    add('  issued', role.ageSeconds === null ? null : issuedRow(role.ageSeconds));
  }
  add('Clock', clockRow(seen));
  add('Requests', trafficRow(seen['imds-traffic']));
  for (const [label, value] of reachRows(seen)) add(label, value);
  return rows;
}

/** A failure's detail is a sentence already; only a defect of ours has to be named as such. */
function failureText({ failure }: { readonly failure: Failure }): string {
  return failure.kind === 'crashed' ? `${KIND_WORDS.crashed}: ${failure.detail}` : failure.detail;
}

function tokenRow(token: Outcome<ImdsToken> | undefined, traffic: ImdsTraffic | null): string | null {
  if (token === undefined) return null;
  if (!token.ok) return failureText(token);
  const good = `good for ${spokenSeconds(token.value.ttlSeconds)}`;
  if (token.value.reused) return `answers; session token kept from before, still ${good}`;
  return `answers; session token in ${spokenMs(answerMs('token', traffic) ?? token.tookMs)}, ${good}`;
}

function unusualEndpoint(traffic: ImdsTraffic | null): string | null {
  return traffic === null || traffic.endpoint === IMDS_IPV4_ENDPOINT ? null : traffic.endpoint;
}

/** How long the last answer to a request for this took: an outcome's own time holds what it waited for as well. */
function answerMs(purpose: ImdsPurpose, traffic: ImdsTraffic | null): number | null {
  const answered = traffic?.requests.filter(
    (request) => request.purpose === purpose && request.status !== null,
  );
  return answered?.at(-1)?.tookMs ?? null;
}

function tokenlessRow(
  tokenless: Outcome<TokenlessAnswer> | undefined,
  traffic: ImdsTraffic | null,
): string | null {
  if (tokenless === undefined) return null;
  if (!tokenless.ok) return failureText(tokenless);
  const { asked, status } = tokenless.value;
  if (!asked || status === null) return null;
  const means =
    status === 401 ? ' (tokens are required)' : status === 200 ? ' (IMDSv1 is still allowed)' : '';
  return `HTTP ${status} in ${spokenMs(answerMs('tokenless', traffic) ?? tokenless.tookMs)}${means}`;
}

function roleRow(
  role: Outcome<InstanceRole> | undefined,
  token: Outcome<ImdsToken> | undefined,
): string | null {
  if (role === undefined) return null;
  if (!role.ok) {
    const told = token?.ok === false && role.failure.detail.includes(token.failure.detail);
    return told ? 'not known, for the same reason' : `not known: ${failureText(role)}`;
  }
  const { roleName, code, accessKeyId } = role.value;
  if (roleName === null) return 'none is attached to this instance';
  const key = accessKeyId === null ? '' : `, access key ${accessKeyId}`;
  return code === null || code === 'Success' ? `${roleName}${key}` : `${roleName}, but EC2 says ${code}`;
}

function expiryRow({ marginSeconds, expiration }: InstanceRole): string | null {
  if (marginSeconds === null) return null;
  const when = expiration === null ? '' : ` (${spokenInstant(expiration)})`;
  return marginSeconds > 0
    ? `in ${spokenSeconds(marginSeconds)}${when}`
    : `${spokenSeconds(marginSeconds)} ago${when}`;
}

function issuedRow(ageSeconds: number): string {
  return ageSeconds >= 0 ? `${spokenSeconds(ageSeconds)} ago` : `${spokenSeconds(ageSeconds)} from now`;
}

function clockRow(seen: Snapshot): string | null {
  const clock = seen['clock-offset'];
  const date = seenValue(seen['http-date']);
  if (clock?.ok === true) {
    const { offsetMs, errorBoundMs, server } = clock.value;
    return `${spokenOffset(offsetMs)} ± ${spokenMs(errorBoundMs)}, by ${server}`;
  }
  if (date === null) return clock === undefined ? null : `not known: ${clock.failure.detail}`;
  // Within its error bound such an offset says nothing but "not far off".
  const near = Math.abs(date.offsetMs) <= date.errorBoundMs;
  const offset = near ? 'right' : spokenOffset(date.offsetMs);
  const second = `${offset} ± ${spokenMs(date.errorBoundMs)}, by the Date header of ${date.source}`;
  return clock === undefined ? second : `${second}; ${clock.failure.detail}`;
}

function trafficRow(traffic: Outcome<ImdsTraffic> | undefined): string | null {
  if (traffic?.ok !== true) return null;
  const { connections } = traffic.value;
  const requests = ownRequests(traffic.value);
  if (requests.length === 0) return 'none sent';
  const throttled = requests.filter((request) => THROTTLED_STATUSES.includes(request.status ?? 0)).length;
  const lost = requests.filter((request) => request.status === null).length;
  const slowest = Math.max(...requests.map((request) => request.tookMs));
  const parts = [
    `${requests.length} sent on ${counted(connections, 'connection')}`,
    `slowest ${spokenMs(slowest)}`,
  ];
  if (throttled > 0) parts.push(`${throttled} throttled`);
  if (lost > 0) parts.push(`${lost} unanswered`);
  return parts.join(', ');
}

/** One row where both endpoints answered alike; what went wrong with one has its own. */
function reachRows(seen: Snapshot): readonly (readonly [label: string, value: string | null])[] {
  const [sts, cloudwatch] = [reachText(seen['sts-endpoint']), reachText(seen['cloudwatch-endpoint'])];
  if (sts?.good && cloudwatch?.good) return [['AWS', `STS ${sts.text}, CloudWatch ${cloudwatch.text}`]];
  return [
    ['STS', sts?.text ?? null],
    ['CloudWatch', cloudwatch?.text ?? null],
  ];
}

function reachText(reach: Outcome<EndpointReach> | undefined): { text: string; good: boolean } | null {
  if (reach === undefined) return null;
  if (!reach.ok) return { text: `not looked at: ${failureText(reach)}`, good: false };
  const { stopped, totalMs, proxy } = reach.value;
  if (stopped !== null) return { text: stopped.failure.detail, good: false };
  const through = proxy === null ? '' : ` through ${proxy.url}`;
  return { text: `answers within ${spokenMs(totalMs)}${through}`, good: true };
}

/** An ISO 8601 time in UTC as people write it, to the second; anything else stays as it is. */
export function spokenInstant(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso);
  return parts === null ? iso : `${parts[1]} ${parts[2]} UTC`;
}

/** `1 check`, `3 checks`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** One row a request, for `--verbose`. */
export function requestCells(traffic: ImdsTraffic): string[][] {
  return traffic.requests.map((request) => [
    spokenMs(request.startedMs),
    request.method,
    request.purpose,
    request.status === null ? KIND_WORDS[request.failure ?? 'crashed'] : String(request.status),
    spokenMs(request.tookMs),
  ]);
}
