// The probes of IMDS: each asks its one question, alone or beside the others.
import { afterEach, expect, test } from 'vitest';
import type { Ports } from '../../src/core/ports.ts';
import { httpDate } from '../../src/probes/http-date.ts';
import { imdsToken } from '../../src/probes/imds-token.ts';
import { imdsTokenless } from '../../src/probes/imds-tokenless.ts';
import { imdsTraffic } from '../../src/probes/imds-traffic.ts';
import { instanceIdentity } from '../../src/probes/instance-identity.ts';
import { instanceProfile } from '../../src/probes/instance-profile.ts';
import { instanceRole } from '../../src/probes/instance-role.ts';
import { clientFor } from '../support/imds-client.ts';
import { answer, IDENTITY, type Script, ScriptedImds } from '../support/scripted-imds.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function against(script: Script = {}) {
  const imds = await ScriptedImds.start(script);
  const { client, signal } = clientFor(imds.endpoint);
  open.push(client, imds);
  // The probes of IMDS use this port only.
  return { imds, signal, ports: { imds: client } as unknown as Ports };
}

const dated = answer(200, 'AQAEAtoken', { Date: new Date().toUTCString() });

test.each([
  [imdsToken, ['token'], { reused: false }],
  [imdsTokenless, ['token'], { asked: false }],
  [instanceRole, ['token', 'role', 'credentials'], { roleName: 'app-role' }],
  [instanceProfile, ['token', 'instance-profile'], { code: 'Success' }],
  [instanceIdentity, ['token', 'identity'], IDENTITY],
  [imdsTraffic, ['token'], { connections: 1, requests: [{ purpose: 'token', status: 200 }] }],
  [httpDate, ['token'], { headers: 1, source: 'IMDS' }],
])('alone: %o', async (probe, asked, value) => {
  const { imds, ports, signal } = await against({ token: dated });
  expect(await probe.observe(ports, signal)).toMatchObject({ ok: true, value });
  expect(imds.asked).toEqual(asked);
});

test('those that read what others left behind run last', () => {
  expect([imdsTraffic, httpDate].map((probe) => probe.asks)).toEqual(['cycle', 'cycle']);
});

test('traffic is told where everything failed', async () => {
  const { ports, signal } = await against({ token: answer(403), tokenless: answer(403) });
  expect(await imdsTraffic.observe(ports, signal)).toMatchObject({
    ok: true,
    value: {
      requests: [
        { purpose: 'token', status: 403 },
        { purpose: 'tokenless', status: 403 },
      ],
    },
  });
});

test.each<[string, Script, object]>([
  ['fails as the token did', { token: answer(404) }, { kind: 'http-status', status: 404 }],
  ['is malformed where nothing was dated', {}, { kind: 'malformed' }],
  [
    'is malformed where the date is none',
    { token: answer(200, 'AQAE', { Date: 'today' }) },
    { kind: 'malformed' },
  ],
])('the Date header %s', async (_, script, failure) => {
  const { ports, signal } = await against(script);
  expect(await httpDate.observe(ports, signal)).toMatchObject({ ok: false, failure });
});

test('an error answer carries the time as well', async () => {
  const { ports, signal } = await against({ token: answer(403, '', { Date: new Date().toUTCString() }) });
  expect(await httpDate.observe(ports, signal)).toMatchObject({ ok: true, value: { headers: 1 } });
});
