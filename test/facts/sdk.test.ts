// Holds the plans of the SDKs to worked examples; test/e2e/sdk-facts.test.ts holds the facts to the SDKs themselves.
import { describe, expect, it } from 'vitest';
import { isContainerHostAllowed, keyKind } from '../../src/facts/credential-chain.ts';
import { refreshPlan, SDK_REFRESH } from '../../src/facts/sdk-refresh.ts';
import { disabledFor, ignoring, readMetadataDisabled, SDK_SETTINGS } from '../../src/facts/sdk-settings.ts';

const MINUTE = 60_000;
const plan = (marginMinutes: number, ageMinutes: number | null) => {
  const now = 1_000_000 * MINUTE;
  const plans = refreshPlan(
    now + marginMinutes * MINUTE,
    ageMinutes === null ? null : now - ageMinutes * MINUTE,
    now,
  );
  return Object.fromEntries(
    plans.map((one) => [one.sdk, { ...one, inMinutes: (one.nextRefreshMs - now) / MINUTE }]),
  );
};

describe('the next refresh', () => {
  it('of fresh credentials', () => {
    const seen = plan(360, 0);
    expect(seen['botocore']?.inMinutes).toBe(345);
    expect(seen['js-v3']?.inMinutes).toBe(355);
    expect(seen['java-v2']?.inMinutes).toBe(180);
    expect(seen['go-v2']?.inMinutes).toBe(60);
    expect(seen['rust']?.inMinutes).toBeCloseTo(360 - 10 / 60);
  });

  it('of credentials fetched an hour ago', () => {
    const seen = plan(300, 60);
    expect(seen['go-v2']?.inMinutes).toBe(0);
    expect(seen['java-v2']?.inMinutes).toBe(120);
    expect(seen['botocore']?.inMinutes).toBe(285);
  });

  it.each([
    [14, 'botocore', 0],
    [14, 'js-v3', 9],
    [5, 'js-v3', 0],
    [4, 'java-v2', 4 - 1 / 60],
    [4, 'go-v2', 4],
  ])('with %i minutes left, %s asks in %d minutes', (margin, sdk, minutes) => {
    expect(plan(margin, null)[sdk]?.inMinutes).toBeCloseTo(minutes);
  });

  it('is at once when they have expired, and all sign on', () => {
    for (const one of Object.values(plan(-1, 400))) {
      expect(one).toMatchObject({ inMinutes: 0, signsExpired: true });
      expect(one.says).toMatch(/goes on signing with the expired credentials/);
    }
  });

  it('never takes a clock that ran backwards for a fetch in the future', () => {
    expect(plan(360, -30)['go-v2']?.inMinutes).toBe(60);
  });

  it('says where a rotation at the last promised moment leaves no slack', () => {
    const slack = Object.fromEntries(Object.values(plan(360, 0)).map((one) => [one.sdk, one.slackSeconds]));
    expect(slack).toEqual({ botocore: -300, 'js-v3': 300, 'java-v2': 0, 'go-v2': 0, rust: 10 });
  });

  it('has a source for every fact', () => {
    for (const { source } of [...SDK_REFRESH, ...SDK_SETTINGS]) expect(source.length).toBeGreaterThan(10);
  });
});

describe('AWS_EC2_METADATA_DISABLED', () => {
  it.each([
    ['true', ['disabled', 'disabled', 'disabled', 'disabled', 'disabled', 'disabled']],
    ['TRUE', ['disabled', 'disabled', 'disabled', 'disabled', 'disabled', 'disabled']],
    ['false', ['enabled', 'enabled', 'disabled', 'enabled', 'enabled', 'enabled']],
    ['False', ['enabled', 'disabled', 'disabled', 'enabled', 'enabled', 'enabled']],
    ['0', ['enabled', 'disabled', 'disabled', 'error', 'enabled', 'enabled']],
    ['', ['enabled', 'enabled', 'enabled', 'error', 'enabled', 'enabled']],
  ])('%j', (text, readings) => {
    expect(SDK_SETTINGS.map((sdk) => readMetadataDisabled(sdk.sdk, text))).toEqual(readings);
    expect(disabledFor(text)).toHaveLength(readings.filter((reading) => reading !== 'enabled').length);
  });

  it('and who ignores the other two', () => {
    expect(ignoring('timeout')).not.toContain('SDK for Java 2');
    expect(ignoring('attempts')).toContain('SDK for JavaScript 3');
    expect(ignoring('attempts')).toHaveLength(5);
  });
});

describe('small readings', () => {
  it.each([
    ['ASIAX', 'temporary'],
    ['AKIAX', 'long-lived'],
    ['AROAX', 'other'],
    ['asia', 'other'],
  ])('%s is %s', (id, kind) => expect(keyKind(id)).toBe(kind));

  it.each([
    ['https:', 'anywhere.example', true],
    ['http:', 'LOCALHOST', true],
    ['http:', '127.0.0.1.example', false],
    ['gopher:', '127.0.0.1', false],
  ])('%s//%s: %s', (protocol, host, allowed) => expect(isContainerHostAllowed(protocol, host)).toBe(allowed));
});
