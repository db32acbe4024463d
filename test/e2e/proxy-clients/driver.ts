// Asks for each URL with a Node client: undici's EnvHttpProxyAgent, proxy-from-env, or the agents of node:http.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { getProxyForUrl } from 'proxy-from-env';
import { EnvHttpProxyAgent, request } from 'undici';

async function withUndici(url: string): Promise<void> {
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const answer = await request(url, { dispatcher, signal: AbortSignal.timeout(3000) });
    await answer.body.dump();
  } finally {
    await dispatcher.destroy();
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'socks:': 1080 };

/** The library only names the proxy; its users take that text for a URL of a kind they know, and connect there. */
async function withProxyFromEnv(url: string): Promise<void> {
  const proxy = getProxyForUrl(url);
  const { hostname, protocol, port } = new URL(proxy === '' ? url : proxy);
  const standard = DEFAULT_PORTS[protocol.replace(/^socks\w+/, 'socks')];
  if (standard === undefined) throw new Error(`unsupported protocol ${protocol}`);
  const socket = net.connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? standard : Number(port),
    autoSelectFamily: false,
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.destroy();
}

/** What NODE_USE_ENV_PROXY=1 gives the global agents, for the variables of one case. */
async function withNodeHttp(url: string): Promise<void> {
  const { Agent, get } = url.startsWith('https:') ? https : http;
  const agent = new Agent({ proxyEnv: process.env });
  await new Promise<void>((resolve, reject) => {
    get(url, { agent, timeout: 3000 }, (answer) => answer.resume().once('end', resolve)).once(
      'error',
      reject,
    );
  });
}

function ask(client: string | undefined): (url: string) => Promise<void> {
  if (client === 'undici') return withUndici;
  if (client === 'proxy-from-env') return withProxyFromEnv;
  if (client === 'node-http') return withNodeHttp;
  throw new Error(`unknown client ${client}`);
}

const asker = ask(process.argv[2]);
const base = { ...process.env };
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { variables: Record<string, string>; url: string };
  process.env = { ...base, ...asked.variables };
  let error: string | null = null;
  try {
    await asker(asked.url);
  } catch (caught) {
    error = String(caught);
  }
  process.stdout.write(`${JSON.stringify({ error })}\n`);
}
