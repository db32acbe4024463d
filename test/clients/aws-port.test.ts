// The port to AWS: which endpoint is looked at, what is remembered, and for how long.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Ec2 } from '../../src/clients/aws/ec2.ts';
import { type AwsPortOptions, createAwsPort, REACH_LIMIT_MS } from '../../src/clients/aws-port.ts';
import type { InstanceOptions } from '../../src/core/endpoint.ts';
import { failed, type Result, succeeded } from '../../src/core/outcome.ts';
import { startInstance } from '../../src/simulator/instance.ts';

const { signal } = new AbortController();
const REGION = Promise.resolve('eu-west-1');
const NO_REGION = Promise.resolve(null);

/** Clocks that stand still until they are moved. */
function hands() {
  const at = { wall: Date.now(), monotonic: 0 };
  return { at, clock: { wallMs: () => at.wall, monotonicMs: () => at.monotonic } };
}

const port = (changes: Partial<AwsPortOptions> = {}) =>
  createAwsPort({
    endpoints: { sts: null, cloudwatch: null },
    region: null,
    environment: {},
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    userAgent: ['imds-probe', '0'],
    limitMs: REACH_LIMIT_MS,
    ec2: null,
    roleCredentials: () => null,
    ...changes,
  });

async function box() {
  const instance = await startInstance();
  onTestFinished(() => instance.close());
  const { sts, cloudwatch } = instance.endpoints;
  return { instance, endpoints: { sts, cloudwatch } };
}

describe('reach', () => {
  it('looks at the endpoint a setting names, without a Region', async () => {
    const { endpoints } = await box();
    const neverKnown = new Promise<null>(() => undefined);
    expect(await port({ endpoints }).reach('cloudwatch', neverKnown, signal)).toMatchObject({
      ok: true,
      value: { service: 'cloudwatch', endpoint: endpoints.cloudwatch, configured: true, stopped: null },
    });
  });

  it.each<[string, Partial<AwsPortOptions>, Promise<string | null>, string]>([
    ['the Region of the instance', {}, REGION, 'https://sts.eu-west-1.amazonaws.com'],
    ['the Region of a setting', { region: 'cn-north-1' }, REGION, 'https://sts.cn-north-1.amazonaws.com.cn'],
  ])("or at the Region's: %s", async (_, changes, region, endpoint) => {
    // The guard of the tests stops it at the name.
    expect(await port(changes).reach('sts', region, signal)).toMatchObject({
      ok: true,
      value: { endpoint, configured: false, stopped: { at: 'name' } },
    });
  });

  it.each([NO_REGION, Promise.resolve('not a region')])('fails where there is no Region', async (region) => {
    expect(await port().reach('sts', region, signal)).toMatchObject({
      ok: false,
      failure: { kind: 'unroutable' },
      attempts: 0,
    });
  });

  it('waits no longer than it was told', async () => {
    const { instance, endpoints } = await box();
    await instance.change({ cloudwatch: { faults: [{ wire: 'hang' }] } });
    expect(await port({ endpoints, limitMs: 50 }).reach('cloudwatch', REGION, signal)).toMatchObject({
      ok: true,
      value: { stopped: { at: 'answer', failure: { kind: 'response-timeout' } } },
    });
  });

  it('names the variables for certificate authorities, never their values', async () => {
    const { endpoints } = await box();
    const environment = { AWS_CA_BUNDLE: '/secret/ca.pem', NODE_EXTRA_CA_CERTS: '', PATH: '/bin' };
    const reach = await port({ endpoints, environment }).reach('sts', REGION, signal);
    expect(reach).toMatchObject({ ok: true, value: { caVariables: ['AWS_CA_BUNDLE'] } });
    expect(JSON.stringify(reach)).not.toContain('/secret');
  });

  it('tells a proxy variable that is of no use', async () => {
    const { endpoints } = await box();
    const environment = { http_proxy: 'socks5://user:hunter2@127.0.0.1:1' };
    const reach = await port({ endpoints, environment }).reach('sts', REGION, signal);
    expect(reach).toMatchObject({
      ok: true,
      value: { stopped: { at: 'proxy', failure: { kind: 'malformed' } } },
    });
    expect(JSON.stringify(reach)).not.toContain('hunter2');
  });

  it('is a failure where it was cut short', async () => {
    const { endpoints, instance } = await box();
    await instance.change({ sts: { faults: [{ wire: 'hang' }] } });
    const stop = new AbortController();
    const looking = port({ endpoints }).reach('sts', REGION, stop.signal);
    setTimeout(() => stop.abort(), 50);
    expect(await looking).toMatchObject({
      ok: false,
      failure: { kind: 'response-timeout', detail: expect.stringContaining('cut short') },
    });
  });

  it('remembers for five minutes what went well, and corrects it by a step of the clock', async () => {
    const { endpoints, instance } = await box();
    const { at, clock } = hands();
    const aws = port({ endpoints, clock });
    const first = await aws.reach('sts', REGION, signal);
    if (!first.ok) throw new Error('it is there');
    await instance.change({ sts: { refused: true } });

    at.monotonic += 299_000;
    at.wall += 299_000 + 60_000;
    const second = await aws.reach('sts', REGION, signal);
    expect(second).toMatchObject({ ok: true, attempts: 0, value: { agoSeconds: 299, stopped: null } });
    const moved = (second.ok ? second.value.clock?.offsetMs : 0) ?? 0;
    expect(moved - (first.value.clock?.offsetMs ?? 0)).toBe(-60_000);

    at.monotonic += 1_000;
    expect(await aws.reach('sts', REGION, signal)).toMatchObject({
      ok: true,
      value: { agoSeconds: 0, stopped: { at: 'connect' } },
    });
  });

  it('remembers no trouble', async () => {
    const { endpoints, instance } = await box();
    const aws = port({ endpoints, clock: hands().clock });
    await instance.change({ cloudwatch: { refused: true } });
    expect(await aws.reach('cloudwatch', REGION, signal)).toMatchObject({
      value: { stopped: { at: 'connect' } },
    });
    await instance.change({ cloudwatch: { refused: false } });
    expect(await aws.reach('cloudwatch', REGION, signal)).toMatchObject({ value: { stopped: null } });
  });
});

describe('instanceOptions', () => {
  const CREDENTIALS = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' };
  const OPTIONS: InstanceOptions = {
    asked: true,
    state: 'applied',
    httpEndpoint: 'enabled',
    httpTokens: 'required',
    httpPutResponseHopLimit: 1,
    httpProtocolIpv6: 'disabled',
  };

  function counting(answer: Result<InstanceOptions>) {
    const calls: string[] = [];
    let opened = 0;
    const ec2: Ec2 = {
      metadataOptions: async (id) => {
        calls.push(id);
        return answer;
      },
      close: () => undefined,
    };
    const open = async () => {
      opened += 1;
      return ec2;
    };
    return { calls, open, opened: () => opened };
  }

  it('asks nobody unless it is wanted', async () => {
    expect(await port().instanceOptions('i-1', 0, signal)).toMatchObject({
      ok: true,
      value: { asked: false, httpTokens: null },
      attempts: 0,
    });
  });

  it.each([
    ['an answer', succeeded(OPTIONS)],
    ['a refusal', failed('permission', 'the role may not')],
  ])('remembers %s as long as it is told to', async (_, answer) => {
    const { calls, open, opened } = counting(answer);
    const { at, clock } = hands();
    const aws = port({ ec2: open, roleCredentials: () => CREDENTIALS, clock });
    expect(await aws.instanceOptions('i-1', 1000, signal)).toMatchObject(answer);
    at.monotonic = 999;
    expect(await aws.instanceOptions('i-1', 1000, signal)).toMatchObject({ ok: answer.ok, attempts: 0 });
    expect(calls).toEqual(['i-1']);
    await aws.instanceOptions('i-1', 500, signal);
    expect(calls).toHaveLength(2);
    expect(opened()).toBe(1);
  });

  it('asks later where there are no credentials yet', async () => {
    const { calls, open } = counting(succeeded(OPTIONS));
    let credentials: typeof CREDENTIALS | null = null;
    const aws = port({ ec2: open, roleCredentials: () => credentials });
    expect(await aws.instanceOptions('i-1', 1e9, signal)).toMatchObject({
      ok: false,
      failure: { kind: 'permission' },
    });
    credentials = CREDENTIALS;
    expect(await aws.instanceOptions('i-1', 1e9, signal)).toMatchObject({ ok: true });
    expect(calls).toHaveLength(1);
  });
});
