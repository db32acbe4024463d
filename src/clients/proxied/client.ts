// Sends a metadata request through the proxy that clients here would use, the way they would, and says what came back.
//
// It is a PUT for a session token, as every SDK begins; never one without a token, which EC2 counts as IMDSv1. The
// proxy's own password is not sent: a proxy that asks for one says so by 407.
import { type Result, succeeded } from '../../core/outcome.ts';
import type { ClockPort, ProxiedPort } from '../../core/ports.ts';
import { HIDDEN_PLACE, type ProxiedMetadata, type ProxyInUse, type ProxySettings } from '../../core/proxy.ts';
import { parseIdentity } from '../imds/answers.ts';
import { Connection, type WireRequest } from '../imds/connection.ts';
import { IDENTITY_PATH, TOKEN_PATH } from '../imds/conversation.ts';
import type { Answer } from '../imds/exchange.ts';
import { described, tokenIn } from './answer.ts';

export interface ProxiedClientOptions {
  /** Asked each time. */
  readonly settings: () => Promise<Result<ProxySettings>>;
  /** Milliseconds for one request, connecting included. */
  readonly timeoutMs: number;
  /** `--offline`: no proxy is asked. */
  readonly offline: boolean;
  readonly clock: Pick<ClockPort, 'monotonicMs'>;
}

/** Long enough to ask for an identity; a token that a stranger's metadata service gave should not live longer. */
const TOKEN_TTL_SECONDS = 5;

/** The agent asks again after this long: what a proxy says of metadata requests does not change by the minute. */
const KEPT_MS = 3_600_000;

export function createProxiedClient(options: ProxiedClientOptions): ProxiedPort {
  let kept: { readonly untilMs: number; readonly answer: ProxiedMetadata } | null = null;
  return {
    async ask(signal) {
      const settings = await options.settings();
      if (!settings.ok) return settings;
      const { endpoint, proxies } = settings.value;
      const proxy = proxies.find(({ scheme }) => scheme === 'http') ?? proxies[0];
      const because = reasonNotToAsk(options, proxy);
      if (proxy === undefined || because !== null) return succeeded(notAsked(because), 0);
      const nowMs = options.clock.monotonicMs();
      if (kept !== null && nowMs < kept.untilMs) return succeeded(kept.answer, 0);
      const result = await askThrough(proxy.place, endpoint, options, signal);
      kept = result.ok ? { untilMs: nowMs + KEPT_MS, answer: result.value } : null;
      return result;
    },
  };
}

function reasonNotToAsk({ offline }: ProxiedClientOptions, proxy: ProxyInUse | undefined): string | null {
  if (proxy === undefined) return 'no client here sends metadata requests to a proxy';
  if (offline) return 'left out by --offline';
  if (proxy.scheme !== 'http') return `imds-probe does not speak to ${proxy.scheme} proxies`;
  if (proxy.place === HIDDEN_PLACE) return 'the proxy variable can be read in several ways';
  return URL.canParse(`http://${proxy.place}`) ? null : 'the proxy variable names no usable host';
}

const notAsked = (because: string | null): ProxiedMetadata => ({
  asked: false,
  because,
  proxy: null,
  status: null,
  content: null,
  title: null,
  server: null,
  instanceId: null,
});

async function askThrough(
  place: string,
  endpoint: string,
  { timeoutMs, clock }: ProxiedClientOptions,
  signal: AbortSignal,
): Promise<Result<ProxiedMetadata>> {
  const { monotonicMs } = clock;
  const connection = new Connection({ endpoint: `http://${place}`, monotonicMs, onOpened: () => undefined });
  const send = (method: WireRequest['method'], path: string, headers: WireRequest['headers']) =>
    connection.send(
      // Absolute form (RFC 9112, section 3.2.2), with the headers that clients send to a proxy.
      {
        method,
        path: `${endpoint}${path}`,
        headers: { host: new URL(endpoint).host, accept: '*/*', ...headers },
      },
      { timeoutMs, signal, onExchange: () => undefined },
    );
  try {
    const put = await send('PUT', TOKEN_PATH, {
      'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_SECONDS),
    });
    if (!put.ok) return { ok: false, failure: put.failure };
    const token = tokenIn(put.answer);
    const identity =
      token === null ? null : await send('GET', IDENTITY_PATH, { 'x-aws-ec2-metadata-token': token });
    const instanceId = identity?.ok ? instanceIn(identity.answer) : null;
    return succeeded({ asked: true, because: null, proxy: place, ...described(put.answer), instanceId });
  } finally {
    await connection.close();
  }
}

function instanceIn(answer: Answer): string | null {
  const identity = answer.status === 200 ? parseIdentity(answer.body) : null;
  return identity?.ok ? identity.value.instanceId : null;
}
