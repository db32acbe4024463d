// Runs inside the guest's network namespace: an embedded instance behind the addresses EC2 gives its services, CloudWatch
// STS and S3 behind TLS, and a folder of files over HTTP, which is what S3 has. Its parent asks it what arrived, over IPC.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createReadStream, readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createServer as createTls } from 'node:tls';
import { startBox } from '../../../src/simulator/box.ts';
import { AWS_ADDRESS, IMDS_ADDRESS, type Order, TIME_ADDRESS, type Told } from './orders.ts';

const [files = '', key = '', cert = ''] = process.argv.slice(2);
const box = await startBox('healthy');

const portOf = (url: string): number => Number(new URL(url).port);

/** Joins a connection with a port of the box, or of another address. */
function pipeTo(socket: Socket, port: number, host = '127.0.0.1'): void {
  const inner = connect({ host, port });
  for (const [one, other] of [
    [socket, inner],
    [inner, socket],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });

const imds = createServer((socket) => pipeTo(socket, portOf(box.endpoints.imds)));
const aws = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
  const name = String(socket.servername);
  if (name.includes('.s3.')) pipeTo(socket, 80, AWS_ADDRESS);
  else pipeTo(socket, portOf(name.startsWith('sts.') ? box.endpoints.sts : box.endpoints.cloudwatch));
});
const web = createHttp((request, response) => {
  const file = path.join(files, path.posix.normalize(`/${request.url ?? ''}`));
  createReadStream(file)
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
});

/** One socket a client, as long as this process lives: there is only one client. */
async function relayTime(): Promise<void> {
  const outer = createSocket('udp4');
  const timePort = Number(box.endpoints.timeServer.split(':').at(-1));
  const inner = new Map<string, ReturnType<typeof createSocket>>();
  outer.on('message', (packet: Buffer, from: RemoteInfo) => {
    const who = `${from.address}:${from.port}`;
    const known = inner.get(who) ?? createSocket('udp4');
    if (!inner.has(who)) {
      inner.set(who, known);
      known.on('message', (reply: Buffer) => outer.send(reply, from.port, from.address));
    }
    known.send(packet, timePort, '127.0.0.1');
  });
  await new Promise<void>((resolve) => outer.bind(123, TIME_ADDRESS, resolve));
}

await Promise.all([
  listening(imds, IMDS_ADDRESS, 80),
  listening(aws, AWS_ADDRESS, 443),
  listening(web, AWS_ADDRESS, 80),
  relayTime(),
]);

function tell(id: number): void {
  const { metrics, cloudwatchRequests, timeRequests } = box.received();
  const told: Told = { id, received: { metrics, cloudwatchRequests, timeRequests } };
  process.send?.(told);
}

process.on('message', async (order: Order) => {
  if (order.order === 'change') await box.change(order.change);
  tell(order.id);
});
process.on('disconnect', () => process.exit(0));
tell(0);
