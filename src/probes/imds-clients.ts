// Looks who else on this machine is connected to IMDS, and again where IMDS stumbled meanwhile.
import type { ImdsClient, ImdsClients, MetadataSocket } from '../core/link-local.ts';
import { succeeded } from '../core/outcome.ts';
import type { Probe } from '../core/ports.ts';

/** Clients that are listed. */
const MAX_CLIENTS = 20;

export const imdsClients: Probe<'imds-clients'> = {
  id: 'imds-clients',
  title: 'Who else on this machine is connected to the metadata service',
  asks: 'host',
  async observe({ host, imds }, signal) {
    const before = await host.metadataSockets(signal, false);
    if (!before.ok) return before;
    await imds.token(signal);
    const stumbled = imds
      .traffic()
      .requests.some(({ status }) => status === null || status === 429 || status >= 500);
    const after = stumbled ? await host.metadataSockets(signal, true) : null;
    return succeeded(clientsOf([...before.value, ...(after?.ok ? after.value : [])]));
  },
};

/** Counts each connection once, by the state it was seen in first. */
function clientsOf(sockets: readonly MetadataSocket[]): ImdsClients {
  const connections = [...new Map(sockets.toReversed().map((socket) => [socket.local, socket])).values()];
  const held = connections.filter(({ state }) => state !== 'closed');
  const byOwner = new Map<string, ImdsClient>();
  for (const { pid, command, uid } of held) {
    const owner = pid === null ? `uid ${uid}` : String(pid);
    const before = byOwner.get(owner)?.connections ?? 0;
    byOwner.set(owner, { pid, command, uid, connections: before + 1 });
  }
  const clients = [...byOwner.values()].sort((a, b) => b.connections - a.connections);
  const hidden = clients.some(({ pid }) => pid === null);
  return {
    open: held.length,
    closed: connections.length - held.length,
    clients: clients.slice(0, MAX_CLIENTS),
    more: Math.max(0, clients.length - MAX_CLIENTS),
    detail: hidden ? 'processes of other users are not seen without root' : null,
  };
}
