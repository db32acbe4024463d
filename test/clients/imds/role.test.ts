// What the client tells of role, profile and identity, what it keeps to itself, and the credentials that sign.
import { afterEach, describe, expect, test } from 'vitest';
import { clientFor, wholeCycle } from '../../support/imds-client.ts';
import {
  ACCESS_KEY_ID,
  answer,
  credentials,
  hang,
  IDENTITY,
  inSeconds,
  json,
  PROFILE_ARN,
  profile,
  type Script,
  ScriptedImds,
  SECRET_KEY,
  SECRETS,
  SESSION_TOKEN,
} from '../../support/scripted-imds.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function against(script: Script, over: Parameters<typeof clientFor>[1] = {}) {
  const imds = await ScriptedImds.start(script);
  const hand = clientFor(imds.endpoint, over);
  open.push(hand.client, imds);
  return { imds, ...hand };
}

describe('a healthy instance', () => {
  test('role, profile and identity as IMDS tells them, the access key id shortened, no secret anywhere', async () => {
    const expiration = inSeconds(7200);
    const lastUpdated = inSeconds(-600);
    const { imds, ...hand } = await against({
      credentials: credentials({ Expiration: expiration, LastUpdated: lastUpdated }),
    });
    const seen = await wholeCycle(hand);
    expect(seen.role).toMatchObject({
      ok: true,
      attempts: 1,
      value: { roleName: 'app-role', code: 'Success', lastUpdated, expiration, accessKeyId: 'ASIA…SKEY' },
    });
    const { marginSeconds, ageSeconds } = (seen.role.ok && seen.role.value) || {};
    expect(marginSeconds).toBeGreaterThan(7100);
    expect(marginSeconds).toBeLessThanOrEqual(7200);
    expect(ageSeconds).toBeGreaterThanOrEqual(600);
    expect(ageSeconds).toBeLessThan(700);
    expect(seen.profile).toMatchObject({
      ok: true,
      value: { code: 'Success', instanceProfileArn: PROFILE_ARN, instanceProfileId: 'AIPASCRIPTED' },
    });
    expect(seen.identity).toMatchObject({ ok: true, value: IDENTITY });
    const shown = JSON.stringify([seen, hand.events, hand.client]);
    for (const secret of SECRETS) expect(shown).not.toContain(secret);
  });

  test('over IPv6', async ({ skip }) => {
    const imds = await ScriptedImds.start({}, '::1').catch(() => null);
    if (imds === null) return skip('no IPv6 loopback here');
    const hand = clientFor(imds.endpoint);
    open.push(hand.client, imds);
    expect(await wholeCycle(hand)).toMatchObject({
      role: { ok: true },
      traffic: { endpoint: imds.endpoint },
    });
    expect(imds.requests[0]?.headers['host']).toBe(new URL(imds.endpoint).host);
  });
});

describe('the role', () => {
  const NONE = {
    ok: true,
    value: {
      roleName: null,
      code: null,
      lastUpdated: null,
      expiration: null,
      marginSeconds: null,
      ageSeconds: null,
      accessKeyId: null,
    },
  };

  test.each<[string, Script]>([
    ['404', { role: answer(404, '<html>not found</html>') }],
    ['an empty list', { role: answer(200, '') }],
    ['a list of blanks', { role: answer(200, ' \n') }],
  ])('%s: none is attached', async (_, script) => {
    const { client, signal, imds } = await against(script);
    expect(await client.role(signal)).toMatchObject(NONE);
    expect(imds.asked).toEqual(['token', 'role']);
  });

  test.each([
    ['app-role/', 'app-role'],
    ['app-role\nother-role\n', 'app-role'],
    ['  app-role  \r\n', 'app-role'],
    ['a+b=c,d.e@f-g_h', 'a+b=c,d.e@f-g_h'],
  ])('a list of %j names %s', async (list, name) => {
    const { client, signal, imds } = await against({ role: answer(200, list) });
    expect(await client.role(signal)).toMatchObject({ ok: true, value: { roleName: name } });
    expect(imds.requests[2]?.path).toBe(`/latest/meta-data/iam/security-credentials/${name}`);
  });

  test.each([['../../api/token'], ['..'], ['a b'], ['x?y'], ['ü'], ['%2e%2e'], ['a'.repeat(65)], ['<html>']])(
    'a list of %j is never put into a path',
    async (list) => {
      const { client, signal, imds } = await against({ role: answer(200, list) });
      expect(await client.role(signal)).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
      expect(imds.asked).toEqual(['token', 'role']);
    },
  );

  test('a code other than Success is a value, with its message made safe', async () => {
    const { client, signal } = await against({
      credentials: json({
        Code: 'AssumeRoleUnauthorizedAccess',
        Message: 'EC2 cannot assume\u001b[31m the role',
        LastUpdated: '2026-01-02T03:04:05Z',
      }),
    });
    expect(await client.role(signal)).toMatchObject({
      ok: true,
      value: {
        roleName: 'app-role',
        code: 'AssumeRoleUnauthorizedAccess',
        message: 'EC2 cannot assume [31m the role',
        lastUpdated: '2026-01-02T03:04:05Z',
        expiration: null,
        marginSeconds: null,
        accessKeyId: null,
      },
    });
    expect(client.signingCredentials()).toBeNull();
  });

  test('expired credentials are told with a negative margin', async () => {
    const { client, signal } = await against({ credentials: credentials({ Expiration: inSeconds(-120) }) });
    const role = await client.role(signal);
    expect(role.ok && role.value.marginSeconds).toBeLessThanOrEqual(-120);
    expect(client.signingCredentials()).toBeNull();
  });

  test.each([
    ['no JSON', answer(200, '{"Code":"Success",')],
    ['HTML', answer(200, '<html></html>')],
    ['an array', json([credentials])],
    ['no Code', credentials({ Code: undefined })],
    ['a Code that is no text', credentials({ Code: { $ne: 1 } })],
    ['no AccessKeyId', credentials({ AccessKeyId: '' })],
    ['a secret with a line break', credentials({ SecretAccessKey: 'a\r\nb' })],
    ['no Token', credentials({ Token: undefined })],
    ['no Expiration', credentials({ Expiration: undefined })],
    ['an impossible Expiration', credentials({ Expiration: '2026-02-30T00:00:00Z' })],
    ['a LastUpdated that is no time', credentials({ LastUpdated: 'yesterday' })],
  ])('%s is malformed, and the reason holds none of it', async (_, reply) => {
    const { client, signal, imds } = await against({ credentials: reply });
    const role = await client.role(signal);
    expect(role).toMatchObject({ ok: false, failure: { kind: 'malformed' }, attempts: 1 });
    expect(imds.asked).toEqual(['token', 'role', 'credentials']);
    for (const secret of SECRETS) expect(JSON.stringify(role)).not.toContain(secret);
  });

  test('attempts are those of the request that needed most', async () => {
    const { client, signal } = await against({
      role: [answer(503), answer(200, 'app-role')],
      credentials: [answer(429), answer(503), credentials()],
    });
    expect(await client.role(signal)).toMatchObject({ ok: true, attempts: 3 });
  });
});

describe('profile and identity', () => {
  test('404 for iam/info: none is attached; its own Code is told', async () => {
    const { client, signal, imds } = await against({ 'instance-profile': answer(404) });
    expect(await client.profile(signal)).toMatchObject({
      ok: true,
      value: { code: null, instanceProfileArn: null },
    });
    imds.restart({
      'instance-profile': json({
        Code: 'InstanceProfileNotFound',
        Message: 'gone',
        LastUpdated: inSeconds(-5),
      }),
    });
    const other = clientFor(imds.endpoint);
    open.push(other.client);
    expect(await other.client.profile(signal)).toMatchObject({
      ok: true,
      value: { code: 'InstanceProfileNotFound', message: 'gone', instanceProfileArn: null },
    });
  });

  test('a profile without its ARN, an identity without any name: malformed', async () => {
    const { client, signal } = await against({
      'instance-profile': profile({ InstanceProfileArn: 'x' }),
      identity: json({ instanceId: 7, region: '$(reboot)' }),
    });
    expect(await client.profile(signal)).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
    expect(await client.identity(signal)).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
  });
});

describe('the credentials that sign', () => {
  test('are the last good ones, outlive failing cycles, and end with their expiration', async () => {
    const { imds, ...hand } = await against(
      { credentials: credentials({ Expiration: inSeconds(3600) }) },
      { timeoutMs: 40, attempts: 1 },
    );
    expect(hand.client.signingCredentials()).toBeNull();
    await wholeCycle(hand);
    const good = {
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_KEY,
      sessionToken: SESSION_TOKEN,
      expiration: expect.any(Date),
    };
    expect(hand.client.signingCredentials()).toEqual(good);
    for (const reply of [
      answer(503),
      hang(),
      json({ Code: 'Failed' }),
      credentials({ Expiration: inSeconds(-1) }),
    ]) {
      imds.restart({ credentials: reply });
      hand.client.beginCycle();
      await wholeCycle(hand);
      expect(hand.client.signingCredentials()).toEqual(good);
    }
    hand.clock.pass(3_599_000);
    hand.clock.pass(2000);
    expect(hand.client.signingCredentials()).toBeNull();
    hand.clock.pass(-3_000_000);
    expect(hand.client.signingCredentials()).toBeNull();
  });

  test('a local clock a day ahead does not make good credentials look expired', async () => {
    const now = { Date: new Date().toUTCString() };
    const { client, clock, signal } = await against({
      credentials: (socket, request) =>
        answer(
          200,
          JSON.stringify({
            Code: 'Success',
            AccessKeyId: ACCESS_KEY_ID,
            SecretAccessKey: SECRET_KEY,
            Token: SESSION_TOKEN,
            Expiration: inSeconds(600),
          }),
          now,
        )(socket, request),
    });
    clock.pass(86_400_000);
    client.beginCycle();
    const role = await client.role(signal);
    expect(role.ok && role.value.marginSeconds).toBeLessThan(0);
    expect(client.signingCredentials()).not.toBeNull();
    clock.pass(700_000);
    expect(client.signingCredentials()).toBeNull();
  });
});
