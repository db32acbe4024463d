// When the box's role gets new credentials, and that no two boxes share any.
import { expect, it } from 'vitest';
import { HEALTHY } from '../../src/simulator/behaviour.ts';
import { credentialIssuer } from '../../src/simulator/credentials.ts';
import { startInstance } from '../../src/simulator/instance.ts';
import { credentialsOf } from './ask.ts';

const HOUR = 3600;
/** Bytes that do not repeat within a test: a linear congruential generator. */
const counting = () => {
  let state = 1;
  return (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
};

it('renews hourly, keeps the old ones good, and catches up after a long sleep', () => {
  let now = 1_000_000;
  const issuer = credentialIssuer(
    () => HEALTHY.credentials,
    () => now,
    counting(),
  );
  const first = issuer.current();
  expect(first).toMatchObject({ lastUpdated: now - 720, expiration: now - 720 + 6 * HOUR });

  now += HOUR - 721;
  expect(issuer.current()).toBe(first);
  now += 1;
  const second = issuer.current();
  expect(second?.lastUpdated).toBe((first?.lastUpdated ?? 0) + HOUR);
  expect(issuer.find(first?.accessKeyId ?? '')).toBe(first);

  now += 10 * HOUR + 5;
  expect(issuer.current()?.lastUpdated).toBe((second?.lastUpdated ?? 0) + 10 * HOUR);
});

it('never renews where rotation has stopped, and issues none without a role', () => {
  let now = 1_000_000;
  let role: string | null = 'app-server';
  const issuer = credentialIssuer(
    () => ({ ...HEALTHY.credentials, rotateEverySeconds: null, role }),
    () => now,
    counting(),
  );
  const first = issuer.current();
  now += 100 * HOUR;
  expect(issuer.current()).toBe(first);
  role = null;
  expect(issuer.current()).toBeNull();
});

it('remembers a bounded number', () => {
  let now = 0;
  const issuer = credentialIssuer(
    () => HEALTHY.credentials,
    () => now,
    counting(),
  );
  const first = issuer.current();
  for (let i = 0; i < 100; i += 1) {
    now += HOUR;
    issuer.current();
  }
  expect(issuer.find(first?.accessKeyId ?? '')).toBeUndefined();
});

it('makes new secrets with every start and every change', async () => {
  const [one, other] = await Promise.all([startInstance(), startInstance()]);
  const a = await credentialsOf(one.endpoints.imds);
  const b = await credentialsOf(other.endpoints.imds);
  await one.change({ credentials: { updatedAgoSeconds: 30 } });
  const c = await credentialsOf(one.endpoints.imds);
  for (const key of ['AccessKeyId', 'SecretAccessKey', 'Token'] as const) {
    expect(new Set([a[key], b[key], c[key]]).size).toBe(3);
  }
  expect(Math.abs(Date.parse(c.LastUpdated) / 1000 + 30 - Date.now() / 1000)).toBeLessThan(5);
  await Promise.all([one.close(), other.close()]);
});
