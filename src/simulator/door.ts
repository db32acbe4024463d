// A TCP port of ours on loopback that can be opened and shut: shut, it refuses, and nobody else can take it.
import { connect, createServer, type Server, type Socket } from 'node:net';

export type LoopbackHost = '127.0.0.1' | '::1';

export interface Door {
  readonly port: number;
  open(): Promise<void>;
  /** Connections to the port are refused from here on. Those that are there are the server's to end. */
  shut(): Promise<void>;
  close(): Promise<void>;
}

const listening = (server: Server, host: LoopbackHost, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
  });

/**
 * Takes a port without listening on it, by a connection that comes from there: the kernel then refuses whoever
 * connects to it, and gives it to nobody who asks for a free port. Port 0 takes any.
 */
async function hold(host: LoopbackHost, port: number): Promise<Socket> {
  const other = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
  });
  const target = await listening(other, host, 0);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: target, localAddress: host, localPort: port });
    socket.once('error', (error) => {
      other.close();
      reject(error);
    });
    socket.once('connect', () => {
      other.close();
      socket.on('error', () => socket.destroy());
      socket.resume();
      resolve(socket);
    });
  });
}

/** Puts `server` behind a door, open or shut. Port 0 takes any free one. */
export async function door(
  server: Server,
  host: LoopbackHost,
  wantedPort: number,
  startShut: boolean,
): Promise<Door> {
  let holder = startShut ? await hold(host, wantedPort) : null;
  const port = holder?.localPort ?? (await listening(server, host, wantedPort));
  const letGo = (): void => {
    // A reset: no TIME_WAIT is left behind on the port.
    holder?.resetAndDestroy();
    holder = null;
  };
  return {
    port,
    async open() {
      if (server.listening) return;
      await listening(server, host, port);
      letGo();
    },
    async shut() {
      if (!server.listening) return;
      const gone = closed(server);
      holder = await hold(host, port);
      await gone;
    },
    async close() {
      letGo();
      if (server.listening) await closed(server);
    },
  };
}
