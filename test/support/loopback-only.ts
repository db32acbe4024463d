// Refuses every socket that leaves this machine's loopback, in the tests and in every Node they start.
// Inside a network namespace that a test made itself, that test sets IMDS_PROBE_TEST_NAMESPACE to its name.
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';

const LOOPBACK_NAMES = new Set(['localhost', '::1', '0.0.0.0', '::']);

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    LOOPBACK_NAMES.has(bare) || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(bare) || bare.endsWith('.localhost')
  );
}

function refuse(host: string): void {
  if (process.env['IMDS_PROBE_TEST_NAMESPACE'] !== undefined || isLoopback(host)) return;
  throw new Error(`test set-up: refused to send anything to ${host}; tests talk to loopback only`);
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  // net normalises to [options, callback] before calling itself again, so look one level into an array.
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const target = first as { host?: string; path?: string } | number | string | undefined;
  if (typeof target === 'object' && target.path === undefined) refuse(target.host ?? 'localhost');
  if (typeof target === 'number') refuse(typeof args[1] === 'string' ? args[1] : 'localhost');
  return Reflect.apply(connect, this, args) as net.Socket;
} as typeof net.Socket.prototype.connect;

const send = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (this: dgram.Socket, ...args: unknown[]) {
  // send(msg[, offset, length][, port][, address][, callback]): the address is the only text after the message.
  const address = args.slice(1).find((argument) => typeof argument === 'string');
  if (typeof address === 'string') refuse(address);
  return Reflect.apply(send, this, args);
} as typeof dgram.Socket.prototype.send;

const dgramConnect = dgram.Socket.prototype.connect;
dgram.Socket.prototype.connect = function (this: dgram.Socket, ...args: unknown[]) {
  if (typeof args[1] === 'string') refuse(args[1]);
  return Reflect.apply(dgramConnect, this, args);
} as typeof dgram.Socket.prototype.connect;

// A resolver of its own has sockets of its own: no name is asked of the name server of the machine.
for (const method of ['resolve4', 'resolve6'] as const) {
  const resolve = dns.promises.Resolver.prototype[method];
  dns.promises.Resolver.prototype[method] = async function (this: dns.promises.Resolver, ...args: unknown[]) {
    if (
      process.env['IMDS_PROBE_TEST_NAMESPACE'] === undefined &&
      !this.getServers().every(isLoopbackServer)
    ) {
      throw Object.assign(new Error('test set-up: refused to ask a name server'), { code: 'EREFUSED' });
    }
    return (await Reflect.apply(resolve, this, args)) as never;
  } as typeof resolve;
}

function isLoopbackServer(server: string): boolean {
  return isLoopback(server.replace(/^(?:\[(.*)\]|([\d.]+)):\d+$/, '$1$2'));
}

// Child processes inherit the guard.
const flag = `--import=${import.meta.url}`;
if (!(process.env['NODE_OPTIONS'] ?? '').includes(flag)) {
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} ${flag}`.trim();
}
