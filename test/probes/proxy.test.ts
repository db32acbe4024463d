// The probes of the proxy variables hand on what their ports say.
import { expect, test } from 'vitest';
import { failed, succeeded } from '../../src/core/outcome.ts';
import type { Ports } from '../../src/core/ports.ts';
import { noProxySettings } from '../../src/facts/proxy/variables.ts';
import { proxiedMetadata } from '../../src/probes/proxied-metadata.ts';
import { proxySettings } from '../../src/probes/proxy-settings.ts';

const settings = succeeded(noProxySettings('http://169.254.169.254'));
const answer = failed('refused', 'nobody there');
const signals: AbortSignal[] = [];
const ports = {
  host: { proxySettings: async () => settings },
  proxied: {
    ask: async (signal: AbortSignal) => {
      signals.push(signal);
      return answer;
    },
  },
} as unknown as Ports;

test('proxy-settings', async () => {
  const { signal } = new AbortController();
  expect(await proxySettings.observe(ports, signal)).toBe(settings);
});

test('proxied-metadata, under the deadline of the cycle', async () => {
  const { signal } = new AbortController();
  expect(await proxiedMetadata.observe(ports, signal)).toBe(answer);
  expect(signals).toEqual([signal]);
});
