// A forward proxy on loopback: CONNECT and absolute form, with or without a password, willing or not.
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ProxyServer extends AsyncDisposable {
  readonly host: string;
  /** `CONNECT host:port` or `POST http://…`, in the order they came. */
  readonly asked: readonly string[];
  /** The `Proxy-Authorization` of each, or undefined. */
  readonly authorizations: readonly (string | undefined)[];
  /** How it treats requests from now on: forwards them, answers with a status, or hangs. */
  behave(how: 'forward' | 'hang' | number): void;
}

export async function startProxy(): Promise<ProxyServer> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Duplex>();
  let how: 'forward' | 'hang' | number = 'forward';
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers['proxy-authorization']);
    if (how === 'hang') return;
    if (how !== 'forward') {
      response.writeHead(how).end();
      return;
    }
    const { 'proxy-authorization': _secret, ...headers } = request.headers;
    const onward = http.request(request.url ?? '', { method: request.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, client, head) => {
    asked.push(`CONNECT ${request.url}`);
    authorizations.push(request.headers['proxy-authorization']);
    sockets.add(client);
    client.on('error', () => undefined);
    if (how === 'hang') return;
    if (how !== 'forward') {
      client.end(`HTTP/1.1 ${how} No\r\n\r\n`);
      return;
    }
    const [host = '', port] = (request.url ?? '').split(':');
    const onward = net.connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    asked,
    authorizations,
    behave: (next) => {
      how = next;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
