// Holds the proxy dialects to what their real clients did, without the clients: measured.tsv remembers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../../src/facts/proxy/index.ts';
import { readMeasured } from './measured.ts';

const MEASURED = readMeasured();

/** The names that the clients of the measurement could resolve. */
const NAMES: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'loop.example': '127.0.0.1',
  'instance-data.ec2.internal': '169.254.169.254',
  'app.example': '192.0.2.80',
  'app.example.': '192.0.2.80',
  'www.app.example': '192.0.2.80',
  intranet: '192.0.2.80',
  'sts.us-east-1.amazonaws.com': '192.0.2.81',
  'six.example': '2001:db8::80',
};
const PROXY_HOSTS = /^(?:proxy(?:\.example\.?)?|localhost|[\d.]+|[\da-f:]+)$/;
const resolve = (name: string) => NAMES[name.toLowerCase()];

describe('measured on the real clients', () => {
  test('the table is all there', () => {
    expect(MEASURED.length).toBeGreaterThanOrEqual(300);
    expect(MEASURED.every(({ routes }) => Object.values(routes).every((route) => route !== undefined))).toBe(
      true,
    );
  });

  test.each(DIALECTS)('$id', ({ id, decide }) => {
    const always = id === 'node-http' ? { NODE_USE_ENV_PROXY: '1' } : {};
    const differences = MEASURED.flatMap(({ variables, url, routes }) => {
      const decision = decide({ ...variables, ...always }, url, resolve);
      // A proxy whose name did not resolve there was only seen to fail.
      const unseen = decision.route === 'proxy' && !PROXY_HOSTS.test(decision.proxy.host);
      const route = unseen ? 'error' : decision.route;
      return route === routes[id] ? [] : [{ variables, url, decision, measured: routes[id] }];
    });
    expect(differences).toEqual([]);
  });

  test('every client disagrees with every other one somewhere', () => {
    const alike = DIALECTS.flatMap((a, index) =>
      DIALECTS.slice(index + 1)
        .filter((b) => MEASURED.every(({ routes }) => routes[a.id] === routes[b.id]))
        .map((b) => `${a.id} = ${b.id}`),
    );
    expect(alike).toEqual([]);
  });
});

describe('whatever the variables hold', () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[a-z:/@[\]%.0-9, *-]{0,40}$/),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
  );
  const variables = fc.dictionary(
    fc.constantFrom(
      'http_proxy',
      'HTTP_PROXY',
      'https_proxy',
      'HTTPS_PROXY',
      'all_proxy',
      'no_proxy',
      'NO_PROXY',
    ),
    text,
  );
  const urls = fc.constantFrom(
    'http://169.254.169.254/latest/api/token',
    'http://[fd00:ec2::254]/latest/api/token',
    'https://sts.us-east-1.amazonaws.com/',
  );

  test.each(DIALECTS)('$id decides', ({ decide }) => {
    fc.assert(
      fc.property(variables, urls, (environment, url) => {
        const decision = decide(environment, url);
        expect(['direct', 'proxy', 'error']).toContain(decision.route);
        if (decision.route === 'proxy') {
          expect(decision.proxy.port).toBeGreaterThan(0);
          expect(decision.proxy.port).toBeLessThan(65_536);
          expect(decision.proxy.host).not.toMatch(/[\s\u0000-\u001f\u007f]/);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(DIALECTS)('$id keeps the password to itself', ({ decide }) => {
    for (const text of [
      'http://me:hunter2@192.0.2.1:3128',
      'me:hunter2@192.0.2.1:3128',
      'http://me:hunter2@/',
      'x://me:hunter2@y',
    ]) {
      const decision = decide(
        { http_proxy: text, HTTP_PROXY: text, NODE_USE_ENV_PROXY: '1' },
        'http://169.254.169.254/',
      );
      expect(JSON.stringify(decision)).not.toContain('hunter2');
    }
  });

  test.each(DIALECTS)('$id gives up on what is no http URL', ({ decide }) => {
    expect(decide({ NODE_USE_ENV_PROXY: '1' }, 'ftp://169.254.169.254/').route).toMatch(/error|direct/);
    expect(decide({ http_proxy: 'http://192.0.2.1', NODE_USE_ENV_PROXY: '1' }, 'not a url').route).toBe(
      'error',
    );
  });
});
