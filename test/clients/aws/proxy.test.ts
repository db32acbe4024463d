// Which way a request to AWS goes under the proxy variables.
import { describe, expect, it } from 'vitest';
import { proxyRoute } from '../../../src/clients/aws/proxy.ts';

const CLOUDWATCH = 'https://monitoring.eu-west-1.amazonaws.com/';

/** The route in short: `direct`, the proxy's URL, or `unusable`. */
function route(target: string, environment: Record<string, string>): string {
  const found = proxyRoute(new URL(target), environment);
  return found.via === 'proxy' ? found.url : found.via;
}

describe('which proxy', () => {
  it.each([
    ['nothing set', {}, CLOUDWATCH, 'direct'],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:3128' }, CLOUDWATCH, 'http://p:3128'],
    ['https_proxy', { https_proxy: 'http://p:3128/' }, CLOUDWATCH, 'http://p:3128'],
    ['lower case first', { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, CLOUDWATCH, 'http://a:1'],
    ['empty lower case switches off', { https_proxy: '', HTTPS_PROXY: 'http://b:2' }, CLOUDWATCH, 'direct'],
    ['HTTP_PROXY is not for https', { HTTP_PROXY: 'http://p:1' }, CLOUDWATCH, 'direct'],
    ['HTTP_PROXY is for http', { HTTP_PROXY: 'http://p:1' }, 'http://cloudwatch.test/', 'http://p:1'],
    ['HTTPS_PROXY is not for http', { HTTPS_PROXY: 'http://p:1' }, 'http://cloudwatch.test/', 'direct'],
    ['ALL_PROXY for https', { ALL_PROXY: 'http://p:1' }, CLOUDWATCH, 'http://p:1'],
    ['all_proxy for http', { all_proxy: 'http://p:1' }, 'http://cloudwatch.test/', 'http://p:1'],
    [
      'the scheme before ALL_PROXY',
      { ALL_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' },
      CLOUDWATCH,
      'http://b:2',
    ],
    ['a proxy over TLS', { HTTPS_PROXY: 'https://p' }, CLOUDWATCH, 'https://p'],
    ['no scheme', { HTTPS_PROXY: 'p.internal:3128' }, CLOUDWATCH, 'http://p.internal:3128'],
    ['no scheme, an address', { HTTPS_PROXY: '10.0.0.1:3128' }, CLOUDWATCH, 'http://10.0.0.1:3128'],
    ['an IPv6 address', { HTTPS_PROXY: 'http://[fd00::1]:3128' }, CLOUDWATCH, 'http://[fd00::1]:3128'],
    ['blanks around', { HTTPS_PROXY: ' http://p:1 ' }, CLOUDWATCH, 'http://p:1'],
    ['SOCKS', { ALL_PROXY: 'socks5h://p:1080' }, CLOUDWATCH, 'unusable'],
    ['nonsense', { HTTPS_PROXY: 'http://' }, CLOUDWATCH, 'unusable'],
    ['a port out of range', { HTTPS_PROXY: 'http://p:99999' }, CLOUDWATCH, 'unusable'],
  ])('%s', (_name, environment, target, expected) => {
    expect(route(target, environment as Record<string, string>)).toBe(expected);
  });
});

describe('NO_PROXY', () => {
  it.each([
    [CLOUDWATCH, '*', true],
    [CLOUDWATCH, 'x, *', true],
    [CLOUDWATCH, 'amazonaws.com', true],
    [CLOUDWATCH, '.amazonaws.com', true],
    [CLOUDWATCH, '*.amazonaws.com', true],
    [CLOUDWATCH, 'AmazonAWS.com.', true],
    [CLOUDWATCH, 'monitoring.eu-west-1.amazonaws.com', true],
    [CLOUDWATCH, 'monitoring.eu-west-1.amazonaws.com:443', true],
    [CLOUDWATCH, 'monitoring.eu-west-1.amazonaws.com:80', false],
    [CLOUDWATCH, '*:443', true],
    [CLOUDWATCH, '*:80', false],
    [CLOUDWATCH, 'a b amazonaws.com', true],
    [CLOUDWATCH, 'aws.com', false],
    [CLOUDWATCH, 'eu-west-1', false],
    [CLOUDWATCH, '', false],
    [CLOUDWATCH, ',. ,', false],
    ['https://amazonaws.com./', 'amazonaws.com', true],
    ['https://10.1.2.3/', '10.1.2.3', true],
    ['https://10.1.2.3:8443/', '10.1.2.3', true],
    ['https://10.1.2.3:8443/', '10.1.2.3:8443', true],
    ['https://10.1.2.3:8443/', '10.1.2.3:443', false],
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://11.1.2.3/', '10.0.0.0/8', false],
    ['https://10.1.2.3/', '10.0.0.0/33', false],
    ['https://10.1.2.3/', '10.0.0.0/', false],
    ['https://10.1.2.3/', '10.0.0.0/-1', false],
    ['https://10.1.2.3/', '2.3', false],
    [CLOUDWATCH, '10.0.0.0/8', false],
    ['https://[fd00:ec2::1]/', 'fd00:ec2::1', true],
    ['https://[fd00:ec2::1]/', '[fd00:ec2::1]', true],
    ['https://[fd00:ec2::1]/', 'FD00:EC2:0::1', true],
    ['https://[fd00:ec2::1]:8443/', '[fd00:ec2::1]:8443', true],
    ['https://[fd00:ec2::1]:8443/', '[fd00:ec2::1]:443', false],
    ['https://[fd00:ec2::1]/', 'fd00:ec2::/32', true],
    ['https://[fd01::1]/', 'fd00:ec2::/32', false],
  ])('%s is exempt by %j: %s', (target, noProxy, exempt) => {
    expect(route(target, { HTTPS_PROXY: 'http://p:1', NO_PROXY: noProxy })).toBe(
      exempt ? 'direct' : 'http://p:1',
    );
  });

  it('is read in lower case first', () => {
    const environment = { HTTPS_PROXY: 'http://p:1', no_proxy: 'elsewhere', NO_PROXY: '*' };
    expect(route(CLOUDWATCH, environment)).toBe('http://p:1');
  });
});

describe('the password of a proxy', () => {
  it.each([
    ['http://joe:s3cret@p:3128', 'joe:s3cret'],
    ['http://joe@p:3128', 'joe:'],
    ['http://j%40e:s%3Acret@p:3128', 'j@e:s:cret'],
    ['http://joe:100%@p:3128', 'joe:100%'],
    ['joe:s3cret@p:3128', 'joe:s3cret'],
  ])('goes into the authorization only: %s', (value, credentials) => {
    expect(proxyRoute(new URL(CLOUDWATCH), { HTTPS_PROXY: value })).toEqual({
      via: 'proxy',
      url: 'http://p:3128',
      authorization: `Basic ${btoa(credentials)}`,
      variable: 'HTTPS_PROXY',
    });
  });

  it.each(['socks5://joe:s3cret@p:1080', 'http://joe:s3cret@p:port', '://joe:s3cret@'])(
    'is not told by what is wrong with %s',
    (value) => {
      const found = proxyRoute(new URL(CLOUDWATCH), { all_proxy: value });
      expect(found).toMatchObject({ via: 'unusable', variable: 'all_proxy' });
      expect(JSON.stringify(found)).not.toContain('s3cret');
    },
  );
});
