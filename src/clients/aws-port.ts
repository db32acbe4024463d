// Fills the port to AWS: which endpoints there are and by which way, what is remembered of them, and EC2's own word.
import type { EndpointReach, InstanceOptions, ReachedService } from '../core/endpoint.ts';
import { failed, type Result, succeeded } from '../core/outcome.ts';
import type { AwsPort, ClockPort } from '../core/ports.ts';
import { shownText } from '../core/text.ts';
import { serviceEndpoint } from '../facts/aws-endpoints.ts';
import type { SigningCredentials } from './aws/credentials.ts';
import type { Ec2 } from './aws/ec2.ts';
import { type Environment, proxyRoute } from './aws/proxy.ts';

export interface AwsPortOptions {
  /** `--sts-endpoint` and `--cloudwatch-endpoint`; null for the Region's. */
  readonly endpoints: Readonly<Record<ReachedService, string | null>>;
  /** `--region`, or null for the one of the identity document. */
  readonly region: string | null;
  /** Where the proxy variables are read. */
  readonly environment: Environment;
  readonly clock: ClockPort;
  /** Name and version, for the User-Agent header. */
  readonly userAgent: readonly [string, string];
  /** Milliseconds for all steps of one look, at most `REACH_LIMIT_MS`. */
  readonly limitMs: number;
  /** Called once, when it is first needed. Null where `--instance-options` was not given. */
  readonly ec2: (() => Promise<Ec2>) | null;
  /** The role's credentials as last read from IMDS, or null where there are none in force. */
  readonly roleCredentials: () => SigningCredentials | null;
}

/** For all steps of one look. An endpoint of the same Region needs a fiftieth of it. */
export const REACH_LIMIT_MS = 2_000;
/** A fleet of agents need not shake hands every minute with services that answered a moment ago. */
const KEPT_MS = 300_000;

const NAMES: Readonly<Record<ReachedService, 'sts' | 'monitoring'>> = {
  sts: 'sts',
  cloudwatch: 'monitoring',
};

/** Variables by which programs are told of further certificate authorities (SDKs and Tools Reference; Node; OpenSSL). */
const CA_VARIABLES = [
  'AWS_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

interface Kept {
  readonly reach: EndpointReach;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function createAwsPort(options: AwsPortOptions): AwsPort {
  const kept = new Map<string, Kept>();
  return {
    async reach(service, region, signal) {
      const configured = options.endpoints[service];
      const url = configured ?? (await regionEndpoint(service, options.region, region));
      if (url === null) {
        return failed('unroutable', 'the Region is not known, so there is no endpoint to look at', 0);
      }
      const before = kept.get(url);
      if (before !== undefined && options.clock.monotonicMs() - before.monotonicMs < KEPT_MS) {
        return succeeded(remembered(before, options.clock), 0);
      }
      kept.delete(url);
      const reach = await look(service, new URL(url), configured !== null, options, signal);
      if (signal.aborted && reach.stopped !== null) {
        return failed('response-timeout', `cut short: ${reach.stopped.failure.detail}`);
      }
      if (reach.stopped === null) {
        const { monotonicMs, wallMs } = options.clock;
        kept.set(url, { reach, monotonicMs: monotonicMs(), wallMs: wallMs() });
      }
      return succeeded(reach);
    },
    instanceOptions: rememberingOptions(options),
  };
}

async function regionEndpoint(
  service: ReachedService,
  settled: string | null,
  region: Promise<string | null>,
): Promise<string | null> {
  const name = settled ?? (await region);
  return name === null ? null : serviceEndpoint(NAMES[service], name);
}

/** As it would be seen now, had the endpoint's clock and ours gone on alike: only a step of ours changes the offset. */
function remembered({ reach, monotonicMs, wallMs }: Kept, clock: ClockPort): EndpointReach {
  const passedMs = clock.monotonicMs() - monotonicMs;
  const steppedMs = clock.wallMs() - wallMs - passedMs;
  return {
    ...reach,
    agoSeconds: Math.round(passedMs / 1000),
    clock: reach.clock && { ...reach.clock, offsetMs: Math.round(reach.clock.offsetMs - steppedMs) },
  };
}

async function look(
  service: ReachedService,
  url: URL,
  configured: boolean,
  { environment, clock, userAgent, limitMs }: AwsPortOptions,
  signal: AbortSignal,
): Promise<EndpointReach> {
  const route = proxyRoute(url, environment);
  const known = {
    service,
    endpoint: shownText(url.origin),
    configured,
    caVariables: CA_VARIABLES.filter((name) => (environment[name] ?? '') !== ''),
    agoSeconds: 0,
  };
  if (route.via === 'unusable') {
    const detail = `the variable ${route.variable} cannot be used: ${route.because}`;
    return { ...known, ...NOWHERE, stopped: { at: 'proxy', failure: { kind: 'malformed', detail } } };
  }
  // Most commands never get here.
  const { walk } = await import('./aws/reach/walk.ts');
  const { ms, ...walked } = await walk({
    url,
    route,
    limitMs,
    signal,
    clock,
    userAgent: userAgent.join('/'),
  });
  return {
    ...known,
    proxy: route.via === 'proxy' ? { url: shownText(route.url), variable: route.variable } : null,
    nameMs: ms.name ?? null,
    connectMs: ms.connect ?? null,
    proxyMs: ms.proxy ?? null,
    tlsMs: ms.tls ?? null,
    firstByteMs: ms.answer ?? null,
    ...walked,
  };
}

const NOWHERE = {
  proxy: null,
  address: null,
  nameMs: null,
  connectMs: null,
  proxyMs: null,
  tlsMs: null,
  firstByteMs: null,
  totalMs: 0,
  status: null,
  certificate: null,
  clock: null,
} as const;

const NOT_ASKED: InstanceOptions = {
  asked: false,
  state: null,
  httpEndpoint: null,
  httpTokens: null,
  httpPutResponseHopLimit: null,
  httpProtocolIpv6: null,
};

/** DescribeInstances has a small quota that a fleet's agents share; a refusal is remembered like an answer. */
function rememberingOptions({ ec2, roleCredentials, clock }: AwsPortOptions): AwsPort['instanceOptions'] {
  let client: Promise<Ec2> | null = null;
  let last: { readonly answer: Result<InstanceOptions>; readonly atMs: number } | null = null;
  return async (instanceId, maxAgeMs, signal) => {
    if (ec2 === null) return succeeded(NOT_ASKED, 0);
    if (last !== null && clock.monotonicMs() - last.atMs < maxAgeMs) return { ...last.answer, attempts: 0 };
    const credentials = roleCredentials();
    if (credentials === null) return failed('permission', 'there are no role credentials to ask EC2 with', 0);
    client ??= ec2();
    const answer = await (await client).metadataOptions(instanceId, credentials, signal);
    last = { answer, atMs: clock.monotonicMs() };
    return answer;
  };
}
