// Holds imds-proxied to a table: pass, each edge of what comes back, fail and unknown; and its words.
import { describe, expect, test } from 'vitest';
import { assess } from '../../src/checks/assess.ts';
import { imdsProxied } from '../../src/checks/imds-proxied.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { AnyProxyClient, ProxiedMetadata } from '../../src/core/proxy.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { proxySettings } from '../../src/facts/proxy/settings.ts';
import { healthySnapshot, lost, POLICY, seen } from '../support/snapshot.ts';

const IMDS = 'http://169.254.169.254';
const IMDS6 = 'http://[fd00:ec2::254]';
const HERE: readonly AnyProxyClient[] = ['curl', 'python-urllib', 'botocore'];
const PROXY = { http_proxy: 'http://10.1.2.3:3128', HTTP_PROXY: 'http://10.1.2.3:3128' };

const answered = (changes: Partial<ProxiedMetadata>): Outcome<ProxiedMetadata> =>
  seen({
    asked: true,
    because: null,
    proxy: '10.1.2.3:3128',
    status: 200,
    content: 'text',
    title: null,
    server: null,
    instanceId: null,
    ...changes,
  });
const notAsked = (because: string) =>
  answered({ asked: false, because, proxy: null, status: null, content: null });

interface Circumstances {
  readonly variables?: Record<string, string>;
  readonly endpoint?: string;
  readonly here?: readonly AnyProxyClient[];
  readonly answer?: Outcome<ProxiedMetadata>;
  readonly others?: Snapshot;
}

function judged({
  variables = PROXY,
  endpoint = IMDS,
  here = HERE,
  answer = answered({ status: 404 }),
  others,
}: Circumstances) {
  const snapshot = healthySnapshot({
    'proxy-settings': seen(proxySettings(variables, endpoint, here)),
    'proxied-metadata': answer,
    ...others,
  });
  const { verdicts, findings } = assess([imdsProxied], snapshot, {}, POLICY);
  const [finding] = findings;
  return {
    finding,
    is: finding?.severity ?? verdicts[0]?.status,
    says: finding?.cause ?? verdicts[0]?.because ?? '',
    commands: (finding?.fix ?? []).map(({ command }) => command),
  };
}

describe('imds-proxied', () => {
  const table: readonly (readonly [name: string, given: Circumstances, is: string, says: RegExp])[] = [
    ['no variable', { variables: {} }, 'pass', /no proxy variable/],
    [
      'a proxy for https only',
      {
        variables: { HTTPS_PROXY: 'http://10.1.2.3:3128', https_proxy: 'http://10.1.2.3:3128' },
        endpoint: IMDS,
      },
      'pass',
      /straight/,
    ],
    [
      'exempted for everybody',
      {
        variables: { ...PROXY, NO_PROXY: '169.254.169.254', no_proxy: '169.254.169.254' },
        answer: notAsked('nobody'),
      },
      'pass',
      /straight/,
    ],
    ['404', {}, 'critical', /^All clients .*proxy 10\.1\.2\.3:3128; it answers HTTP 404\.$/],
    ['403', { answer: answered({ status: 403 }) }, 'critical', /HTTP 403 \(IMDS itself/],
    ['502', { answer: answered({ status: 502 }) }, 'critical', /HTTP 502/],
    [
      'a login page',
      { answer: answered({ content: 'html', title: 'Sign in' }) },
      'critical',
      /HTTP 200 that is no session token with a page titled "Sign in"/,
    ],
    [
      'nothing',
      { answer: lost('refused', '10.1.2.3:3128 refused the connection') },
      'critical',
      /nothing came back.*refused/,
    ],
    ['silence', { answer: lost('response-timeout') }, 'critical', /nothing came back/],
    ['a password wanted, and none is there', { answer: answered({ status: 407 }) }, 'critical', /407\)\.$/],
    [
      'a password wanted, and one is there',
      { variables: { http_proxy: 'http://me:hunter2@10.1.2.3:3128' }, answer: answered({ status: 407 }) },
      'warning',
      /407\), which imds-probe does not send/,
    ],
    [
      'another instance',
      { answer: answered({ content: 'token', instanceId: 'i-0fedcba9876543210' }) },
      'critical',
      /another instance answers: i-0fedcba9876543210, not i-0123456789abcdef0/,
    ],
    [
      'this instance',
      { answer: answered({ content: 'token', instanceId: 'i-0123456789abcdef0' }) },
      'warning',
      /passes them on to the metadata service of this instance/,
    ],
    [
      'an instance that says nothing',
      { answer: answered({ content: 'token' }) },
      'warning',
      /does not say of which/,
    ],
    [
      'an instance, and ours is unknown',
      {
        answer: answered({ content: 'token', instanceId: 'i-0fedcba9876543210' }),
        others: { 'instance-identity': lost('response-timeout') },
      },
      'warning',
      /i-0fedcba9876543210 answers behind it/,
    ],
    [
      'another instance, ours known by the firmware',
      {
        answer: answered({ content: 'token', instanceId: 'i-0fedcba9876543210' }),
        others: {
          'instance-identity': lost('response-timeout'),
          host: seen({ uptimeSeconds: 1, container: null, ec2: true, instanceId: 'i-0123456789abcdef0' }),
        },
      },
      'critical',
      /not i-0123456789abcdef0/,
    ],
    [
      'not looked at',
      { answer: notAsked('left out by --offline') },
      'warning',
      /not looked at: left out by --offline/,
    ],
    ['wrong, but nobody who goes there is here', { here: [] }, 'warning', /404/],
    [
      'wrong, and only wget goes there, which is not here',
      { variables: { http_proxy: 'http://10.1.2.3:3128', NO_PROXY: '169.254.169.254' } },
      'warning',
      /^wget send/,
    ],
    [
      'some give up, nobody is proxied',
      {
        variables: { HTTP_PROXY: 'http://10.1.2.3:3128', NO_PROXY: '169.254.169.254', REQUEST_METHOD: 'GET' },
        answer: notAsked('nobody'),
      },
      'warning',
      /^Go .*give up/,
    ],
    ['our defect', { others: { 'proxy-settings': lost('crashed') } }, 'unknown', /defect/],
    [
      'not to be seen',
      { others: { 'proxy-settings': lost('permission') } },
      'unknown',
      /the proxy variables/,
    ],
  ];
  test.each(table)('%s', (_name, given, is, says) => {
    const verdict = judged(given);
    expect(verdict.is).toBe(is);
    expect(verdict.says).toMatch(says);
  });

  test('the fix is the line for the shell, and what helps whom it cannot', () => {
    expect(judged({}).commands).toEqual(['export NO_PROXY=169.254.169.254 no_proxy=169.254.169.254']);
    const six = judged({ endpoint: IMDS6 });
    expect(six.commands[0]).toBe(
      'export NO_PROXY="fd00:ec2::254,[fd00:ec2::254]" no_proxy="fd00:ec2::254,[fd00:ec2::254]"',
    );
    expect(six.finding?.fix[1]?.text).toMatch(/IPv6|IPv4/);
    expect(six.finding?.fix[1]?.text).toMatch(/works for Ruby/);
    expect(six.commands[1]).toMatch(/^env -u http_proxy/);
    const star = judged({ variables: { ...PROXY, no_proxy: '*' } });
    expect(star.commands).toHaveLength(1);
    expect(star.finding?.fix[0]?.text).toMatch(/wget/);
  });

  test('the evidence names variables and clients, and no value', () => {
    const { finding } = judged({
      variables: { http_proxy: 'http://me:hunter2@10.1.2.3:3128', NO_PROXY: 'sEcReT.example' },
      answer: answered({ status: 404, server: 'squid/5.7' }),
    });
    expect(finding?.evidence).toMatchObject({
      variables: ['NO_PROXY', 'http_proxy'],
      endpoint: IMDS,
      foundHere: ['curl', 'python-urllib', 'botocore'],
      proxies: ['http://10.1.2.3:3128'],
      status: 404,
      server: 'squid/5.7',
    });
    expect(JSON.stringify(finding)).not.toMatch(/hunter2|sEcReT/);
  });
});
