// The NO_PROXY line and the settings shown: what is kept, what is added, whom it helps, and that no value gets out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HIDDEN_PLACE, PROXY_CLIENTS } from '../../../src/core/proxy.ts';
import type { Variables } from '../../../src/facts/proxy/dialect.ts';
import { bestExemption } from '../../../src/facts/proxy/no-proxy.ts';
import { proxySettings } from '../../../src/facts/proxy/settings.ts';

const IMDS = 'http://169.254.169.254';
const IMDS6 = 'http://[fd00:ec2::254]';
const PROXY = 'http://192.0.2.1:3128';

describe('the line', () => {
  const lines: readonly (readonly [
    name: string,
    variables: Variables,
    endpoint: string,
    command: string | null,
  ])[] = [
    [
      'nothing is set',
      { http_proxy: PROXY },
      IMDS,
      'export NO_PROXY=169.254.169.254 no_proxy=169.254.169.254',
    ],
    [
      'both lists are kept',
      { http_proxy: PROXY, no_proxy: 'a.example', NO_PROXY: 'b.example' },
      IMDS,
      'export NO_PROXY="$NO_PROXY,169.254.169.254" no_proxy="$no_proxy,169.254.169.254"',
    ],
    [
      'a new list takes over the other one',
      { http_proxy: PROXY, NO_PROXY: 'b.example' },
      IMDS,
      'export NO_PROXY="$NO_PROXY,169.254.169.254" no_proxy="$NO_PROXY,169.254.169.254"',
    ],
    [
      'only what lacks it is changed',
      { http_proxy: PROXY, NO_PROXY: 'b.example,169.254.169.254' },
      IMDS,
      'export no_proxy="$NO_PROXY"',
    ],
    ['a star alone is left alone', { http_proxy: PROXY, no_proxy: '*', NO_PROXY: '*' }, IMDS, null],
    [
      'no IPv6 spelling serves all, so both are there',
      { http_proxy: PROXY },
      IMDS6,
      'export NO_PROXY="fd00:ec2::254,[fd00:ec2::254]" no_proxy="fd00:ec2::254,[fd00:ec2::254]"',
    ],
    [
      'ECS',
      { http_proxy: PROXY, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/x' },
      IMDS,
      'export NO_PROXY=169.254.169.254,169.254.170.2 no_proxy=169.254.169.254,169.254.170.2',
    ],
    [
      'EKS',
      { http_proxy: PROXY, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' },
      IMDS,
      'export NO_PROXY=169.254.169.254,169.254.170.23 no_proxy=169.254.169.254,169.254.170.23',
    ],
    [
      'a container server elsewhere is none of ours',
      { http_proxy: PROXY, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'https://vault.example/' },
      IMDS,
      'export NO_PROXY=169.254.169.254 no_proxy=169.254.169.254',
    ],
    [
      'another endpoint',
      { http_proxy: PROXY },
      'http://imds.example:1338',
      'export NO_PROXY=imds.example no_proxy=imds.example',
    ],
  ];
  test.each(lines)('%s', (_name, variables, endpoint, command) => {
    expect(bestExemption(variables, endpoint)?.command).toBe(command);
  });

  test.each([
    ['no proxy', {}],
    ['a proxy for https only', { https_proxy: PROXY, HTTPS_PROXY: PROXY }],
    [
      'exempted already',
      { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: '169.254.169.254', NO_PROXY: '169.254.169.254' },
    ],
  ])('none is needed: %s', (_name, variables) => {
    // undici takes the https proxy for none, and the others never look.
    expect(bestExemption(variables, IMDS)).toBeNull();
  });

  test('names whom it helps, and whom it cannot', () => {
    expect(bestExemption({ HTTP_PROXY: PROXY }, IMDS6)).toMatchObject({
      helps: ['python-urllib', 'python-requests', 'go', 'node-proxy-from-env', 'node-undici', 'botocore'],
      cannotHelp: ['ruby'],
    });
    const broken = bestExemption({ HTTP_PROXY: '192.0.2.1:3128' }, IMDS);
    expect(broken?.cannotHelp).toEqual(['node-undici']);
    expect(broken?.helps).toContain('go');
  });

  test('whatever is set, the line makes nobody worse off and shows nothing of it', () => {
    const text = fc.constantFrom(
      '',
      '*',
      'a.example',
      '169.254.169.254',
      'a b',
      '169.254.0.0/16',
      'x,*',
      'sEcReT.example',
    );
    const proxy = fc.constantFrom(
      '',
      PROXY,
      'http://me:hunter2@192.0.2.1:3128',
      'socks5://192.0.2.1:1080',
      'not one',
    );
    const variables = fc.record(
      { http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy, no_proxy: text, NO_PROXY: text },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(variables, fc.constantFrom(IMDS, IMDS6), (set, endpoint) => {
        const exemption = bestExemption(set, endpoint);
        if (exemption === null) return;
        expect(exemption.command === null).toBe(exemption.helps.length === 0);
        expect(exemption.command ?? '').not.toMatch(/hunter2|sEcReT/);
        expect(new Set([...exemption.helps, ...exemption.cannotHelp]).size).toBe(
          exemption.helps.length + exemption.cannotHelp.length,
        );
      }),
    );
  });
});

describe('the settings shown', () => {
  test('the eight clients of the contract, each with a route', () => {
    const { routes, awsRoutes } = proxySettings({ http_proxy: PROXY, NO_PROXY: '169.254.0.0/16' }, IMDS, []);
    expect(Object.keys(routes)).toEqual([...PROXY_CLIENTS]);
    expect(routes).toEqual({
      curl: 'direct',
      wget: 'proxy',
      'python-urllib': 'proxy',
      'python-requests': 'direct',
      go: 'direct',
      ruby: 'direct',
      'node-proxy-from-env': 'proxy',
      'node-undici': 'proxy',
    });
    expect(awsRoutes).toEqual({ botocore: 'proxy', 'node-http': 'direct' });
  });

  test('names of variables, in order, the empty ones too, and no other', () => {
    const set = {
      no_proxy: '',
      HTTP_PROXY: PROXY,
      ALL_PROXY: PROXY,
      PATH: '/bin',
      ftp_proxy: PROXY,
      AWS_REGION: 'x',
    };
    expect(proxySettings(set, IMDS, []).variables).toEqual(['ALL_PROXY', 'HTTP_PROXY', 'no_proxy']);
  });

  test('a place for each reading, the one with the most clients first', () => {
    const { proxies } = proxySettings({ http_proxy: 'proxy.example' }, IMDS, []);
    expect(proxies.map(({ place }) => place)).toEqual(['proxy.example:80', 'proxy.example:1080']);
    expect(proxies[1]?.clients).toEqual(['curl']);
    expect(proxySettings({ http_proxy: 'http://[2001:db8::1]:3128' }, IMDS, []).proxies[0]?.place).toBe(
      '[2001:db8::1]:3128',
    );
  });

  test.each([
    'http://me:hunter2@192.0.2.1:3128',
    'me:hunter2@192.0.2.1:3128',
    'http://me:31337/hunter2@192.0.2.1:3128',
    'http://me:31337#hunter2@192.0.2.1:3128',
    'http://me:31337?hunter2@192.0.2.1:3128',
  ])('nothing of a password: %s', (text) => {
    const settings = proxySettings({ http_proxy: text, HTTP_PROXY: text, all_proxy: text }, IMDS, []);
    expect(JSON.stringify(settings)).not.toMatch(/hunter2|31337/);
    expect(settings.proxies.length).toBeGreaterThan(0);
    expect(settings.proxies.every(({ authenticated }) => authenticated)).toBe(true);
  });

  test('a doubtful place is hidden', () => {
    const text = 'http://me:31337/hunter2@192.0.2.1:3128';
    const { proxies } = proxySettings({ http_proxy: text }, IMDS, []);
    expect(proxies.map(({ place }) => place)).toContain(HIDDEN_PLACE);
  });
});
