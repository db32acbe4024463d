// Listens on every port of the table, on every address of this namespace, and notes which one a client connects to.
import net from 'node:net';

/** Where a client connected to: the local end of the accepted connection. */
export interface Contact {
  readonly address: string;
  readonly port: number;
}

export interface Recorder {
  /** The contacts since the last call, in the order they came. */
  take(): Promise<readonly Contact[]>;
}

/** Ports of the table's URLs and proxies, and the ports clients assume where a proxy names none. */
export const PORTS = [21, 80, 443, 1080, 1338, 3128, 8080] as const;

const ANSWER =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n';

/** No authentication; then connected (RFC 1928). */
const SOCKS5_REPLIES: readonly string[] = ['\x05\x00', '\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00'];

/** Plays a web server, an HTTP proxy and a SOCKS5 proxy; TLS is cut short: the connection told the route. */
function converse(socket: net.Socket): void {
  let seen = '';
  let socksReplies = SOCKS5_REPLIES;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
    const [reply, ...later] = seen.startsWith('\x05') ? socksReplies : [];
    if (reply !== undefined) {
      socksReplies = later;
      seen = '';
      socket.write(reply, 'latin1');
    } else if (!/^[A-Z]/.test(seen)) socket.destroy();
    else if (!seen.includes('\r\n\r\n')) return;
    else if (seen.startsWith('CONNECT ')) {
      seen = '';
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    } else socket.end(ANSWER);
  });
}

export async function startRecorder(): Promise<Recorder> {
  const contacts: Contact[] = [];
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      const server = net.createServer((socket) => {
        contacts.push({ address: (socket.localAddress ?? '').replace(/^::ffff:/, ''), port });
        converse(socket);
      });
      server.once('error', reject).listen({ port, host: '::' }, resolve);
    });
  await Promise.all(PORTS.map(listen));
  return {
    async take() {
      // One turn of the event loop: what the client did before it ended has been accepted by then. On a busy machine the
      // last packet of a handshake comes a moment after the client believes in it, and may have given up already.
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (contacts.length === 0) await new Promise((resolve) => setTimeout(resolve, 25));
      return contacts.splice(0);
    },
  };
}
