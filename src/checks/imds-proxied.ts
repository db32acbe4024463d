// Judges whether metadata requests of clients on this instance go to a proxy instead of the metadata service.
import type { CredentialChain } from '../core/chain.ts';
import { defineCheck } from '../core/check.ts';
import type { Outcome } from '../core/outcome.ts';
import {
  type AnyProxyClient,
  PROXY_CLIENTS,
  type ProxiedMetadata,
  type ProxyExemption,
  type ProxySettings,
} from '../core/proxy.ts';
import type { Fix } from '../core/report.ts';
import { whose } from './chain/readings.ts';
import { unknownBecause } from './context.ts';

/** How people call them. */
const NAMES: Readonly<Record<AnyProxyClient, string>> = {
  curl: 'curl',
  wget: 'wget',
  'python-urllib': 'Python urllib',
  'python-requests': 'Python requests',
  go: 'Go (its AWS SDK too)',
  ruby: 'Ruby',
  'node-proxy-from-env': 'Node with proxy-from-env (axios)',
  'node-undici': 'Node with undici',
  botocore: 'AWS CLI and boto3',
  'node-http': 'AWS SDK for JavaScript',
};

const named = (clients: readonly AnyProxyClient[]): string =>
  clients.map((client) => NAMES[client]).join(', ');

/** Node's own agents go direct unless told otherwise; where all others are proxied, one word says it. */
const who = (clients: readonly AnyProxyClient[], direct: readonly AnyProxyClient[]): string =>
  direct.every((client) => client === 'node-http') && clients.length >= PROXY_CLIENTS.length
    ? 'All clients that read the proxy variables'
    : named(clients);

/** What came back through the proxy, in words; `bad` where it is not what the metadata service would say. */
interface Verdict {
  readonly bad: boolean;
  readonly words: string;
}

function judge(outcome: Outcome<ProxiedMetadata>, settings: ProxySettings, ownId: string | null): Verdict {
  if (!outcome.ok) return { bad: true, words: `nothing came back through it: ${outcome.failure.detail}` };
  const { asked, because, status, content, title, instanceId } = outcome.value;
  if (!asked) return { bad: false, words: `what it answers was not looked at: ${because ?? 'unknown'}` };
  if (status === 407) {
    const known = settings.proxies.some(({ authenticated }) => authenticated);
    const words = 'it asks for a password (HTTP 407)';
    return known ? { bad: false, words: `${words}, which imds-probe does not send` } : { bad: true, words };
  }
  if (content === 'token') return judgeToken(instanceId, ownId);
  const page = title === null ? '' : ` with a page titled "${title}"`;
  const why = status === 403 ? ' (IMDS itself says so where a proxy adds X-Forwarded-For)' : '';
  const what = status === 200 ? 'HTTP 200 that is no session token' : `HTTP ${status}`;
  return { bad: true, words: `it answers ${what}${page}${why}` };
}

function judgeToken(instanceId: string | null, ownId: string | null): Verdict {
  if (instanceId === null) {
    return { bad: false, words: 'a metadata service answers behind it, and does not say of which instance' };
  }
  if (instanceId === ownId)
    return { bad: false, words: 'it passes them on to the metadata service of this instance' };
  return ownId === null
    ? { bad: false, words: `the metadata service of ${instanceId} answers behind it` }
    : { bad: true, words: `the metadata service of another instance answers: ${instanceId}, not ${ownId}` };
}

function fixes(exemption: ProxyExemption | null, endpoint: string): Fix[] {
  const line: Fix[] =
    exemption?.command == null
      ? []
      : [
          {
            text: `Exempt the metadata address${exemption.cannotHelp.length === 0 ? '' : `, for ${named(exemption.helps)}`}. Write it where the proxy variables are set (/etc/environment, a systemd unit, a Dockerfile).`,
            command: exemption.command,
          },
        ];
  const left = exemption?.cannotHelp ?? [];
  if (left.length === 0) return line;
  const six = endpoint.includes('[');
  const text = six
    ? `No NO_PROXY spelling of this address works for ${named(left)}: let them use the IPv4 endpoint, or start them without the proxy variables.`
    : `NO_PROXY does not help ${named(left)}: start them without the proxy variables, or correct those.`;
  return [...line, { text, command: 'env -u http_proxy -u HTTP_PROXY -u all_proxy -u ALL_PROXY <command>' }];
}

/** With --pid it is that process's environment that counts. */
const inProcess = (chain: Outcome<CredentialChain> | undefined): readonly string[] =>
  chain?.ok === true && chain.value.subject.pid !== null
    ? [`With the environment of ${whose(chain.value)}:`]
    : [];

export const imdsProxied = defineCheck({
  id: 'imds-proxied',
  group: 'imds',
  title: 'Metadata requests go to a proxy',
  severities: ['critical', 'warning'],
  needs: ['proxy-settings', 'proxied-metadata', 'instance-identity'],
  uses: ['host', 'credential-chain'],
  reference: 'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html',
  runbook: {
    means:
      'Under the proxy variables of this shell, or of the process asked for, some clients send their metadata requests to a proxy. The proxy cannot know this instance: it answers 404, a login page, nothing, or with the identity of its own instance, and the client finds no credentials or the wrong ones.',
    causes: [
      'http_proxy or HTTP_PROXY is set and NO_PROXY does not hold 169.254.169.254.',
      'NO_PROXY holds it in a spelling that this client does not understand: CIDR, a wildcard, a port, brackets around IPv6.',
      'Only one of NO_PROXY and no_proxy is set, and the client reads the other.',
    ],
    fixes: [
      {
        text: 'Exempt the metadata address for every client.',
        command: 'export NO_PROXY="$NO_PROXY,169.254.169.254" no_proxy="$no_proxy,169.254.169.254"',
      },
      { text: 'See which client goes where.', command: 'imds-probe check --only imds-proxied --json' },
    ],
  },
  assess(seen) {
    const settings = seen['proxy-settings'];
    if (!settings.ok) return unknownBecause('the proxy variables', settings);
    const { variables, endpoint, routes, awsRoutes, present, proxies, exemption } = settings.value;
    const all = Object.entries({ ...routes, ...awsRoutes }) as [AnyProxyClient, string][];
    const on = (route: string) => all.filter((entry) => entry[1] === route).map(([client]) => client);
    const [proxied, broken] = [on('proxy'), on('error')];
    if (proxied.length + broken.length === 0) {
      return {
        pass: variables.length === 0 ? 'no proxy variable is set' : 'every client here goes straight to it',
      };
    }
    const identity = seen['instance-identity'];
    const host = seen['host'];
    const ownId =
      (identity.ok ? identity.value.instanceId : null) ?? (host?.ok ? host.value.instanceId : null);
    const verdict = proxied.length === 0 ? null : judge(seen['proxied-metadata'], settings.value, ownId);
    const here = proxied.filter((client) => present.includes(client));
    const answer = seen['proxied-metadata'];
    const status = answer.ok ? answer.value.status : null;
    const asked = answer.ok ? answer.value.proxy : null;
    return {
      severity: verdict?.bad === true && here.length > 0 ? 'critical' : 'warning',
      cause: [
        ...inProcess(seen['credential-chain']),
        ...(verdict === null
          ? []
          : [
              `${who(proxied, on('direct'))} send metadata requests to the proxy ${asked ?? proxies[0]?.place ?? ''}; ${verdict.words}.`,
            ]),
        ...(broken.length === 0 ? [] : [`${named(broken)} give up on the proxy variables as they are.`]),
      ].join(' '),
      evidence: {
        variables,
        endpoint,
        proxied,
        givesUp: broken,
        direct: on('direct'),
        foundHere: here,
        ...(proxies.length === 0
          ? {}
          : { proxies: proxies.map(({ scheme, place }) => `${scheme}://${place}`) }),
        ...(status === null ? {} : { status }),
        ...(answer.ok && answer.value.server !== null ? { server: answer.value.server } : {}),
      },
      fix: fixes(exemption, endpoint),
    };
  },
});
