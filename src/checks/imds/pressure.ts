// Readings that checks of IMDS share: packets dropped on the way to it, and who else talks to it.
import type { ImdsTraffic } from '../../core/imds.ts';
import type { ImdsClient, ImdsClients, LinkLocalDrops } from '../../core/link-local.ts';
import type { FailureKind, Outcome } from '../../core/outcome.ts';
import type { Evidence } from '../../core/report.ts';
import { LINK_LOCAL_PACKETS_PER_SECOND, MANY_CONNECTIONS } from '../../facts/link-local.ts';

interface Seen {
  readonly 'link-local'?: Outcome<LinkLocalDrops>;
  readonly 'imds-clients'?: Outcome<ImdsClients>;
}

/** Clients that are named. */
const NAMED = 8;

/** Packets that were dropped while this cycle ran, or since the one before; 0 where none were, or nobody counts. */
export function droppedPackets(seen: Seen): number {
  const drops = seen['link-local'];
  return drops?.ok ? (drops.value.growth ?? 0) : 0;
}

/** Connections of others that are open, or were a moment ago. */
export function connectionsOfOthers(seen: Seen): number {
  const clients = seen['imds-clients'];
  return clients?.ok ? clients.value.open + clients.value.closed : 0;
}

/** Requests that ended in one of these ways. */
export function requestsLost(
  traffic: Outcome<ImdsTraffic> | undefined,
  ...kinds: readonly FailureKind[]
): number {
  return traffic?.ok
    ? traffic.value.requests.filter(({ failure }) => failure !== null && kinds.includes(failure)).length
    : 0;
}

/** What is known of the pressure on IMDS; nothing where all is quiet. */
export function pressureEvidence(seen: Seen): Evidence {
  const drops = seen['link-local']?.ok ? seen['link-local'].value : null;
  const clients = seen['imds-clients']?.ok ? seen['imds-clients'].value : null;
  return {
    ...(drops?.total == null
      ? {}
      : { packetsDroppedMeanwhile: drops.growth, packetsDroppedSinceDriverLoaded: drops.total }),
    ...(clients === null || clients.open + clients.closed === 0
      ? {}
      : {
          connectionsOfOthers: clients.open,
          connectionsJustClosed: clients.closed,
          talkingToImds: clients.clients.slice(0, NAMED).map(named),
        }),
  };
}

/** `python3 (pid 812): 3 connections`. */
function named({ pid, command, uid, connections }: ImdsClient): string {
  const who = pid === null ? `a process of user ${uid}` : `${command ?? 'a process'} (pid ${pid})`;
  return `${who}: ${connections} connection${connections === 1 ? '' : 's'}`;
}

/** The third shape of throttling, in a sentence; null where it does not show. */
export function silentDrops(seen: Seen): string | null {
  const dropped = droppedPackets(seen);
  if (dropped === 0) return null;
  return `Meanwhile ${dropped} packet${dropped === 1 ? ' was' : 's were'} dropped in silence because a network interface of this instance sends more than ${LINK_LOCAL_PACKETS_PER_SECOND} a second to link-local services (metadata, name resolution, time).`;
}

/** The second shape: so many connections at once that the service turns some away. */
export function connectionLimit(seen: Seen): string | null {
  const connections = connectionsOfOthers(seen);
  if (connections < MANY_CONNECTIONS) return null;
  return `Programs on this machine have ${connections} connections to it open or just closed, so this may be its limit on connections.`;
}
