// An EC2 instance in a box: IMDS, a time server, CloudWatch, STS and EC2 on loopback, by one behaviour that may change as it runs.
import { randomBytes } from 'node:crypto';
import type { ReceivedDatum } from './aws/metric-data.ts';
import type { AwsContext, AwsServiceName } from './aws/services.ts';
import { type Answer, type BehaviourChange, changed, HEALTHY, type InstanceBehaviour } from './behaviour.ts';
import { credentialIssuer, type RandomBytes } from './credentials.ts';
import { type Door, door, type LoopbackHost } from './door.ts';
import { type HttpRequest, type HttpServer, httpServer, type Service } from './http.ts';
import { errorPage, imds } from './imds.ts';
import { startTimeServer } from './time-server.ts';

export interface InstanceOptions {
  /** The clock of this machine, in epoch milliseconds; the box's true time is it plus `clockOffsetMs`. */
  readonly wallMs?: () => number;
  /** Where ids, secrets and tokens come from. */
  readonly random?: RandomBytes;
  readonly host?: LoopbackHost;
  /** Ports to listen on; those left out are any that are free. */
  readonly ports?: Partial<Record<ServerName, number>>;
}

export type ServerName = 'imds' | 'time' | 'cloudwatch' | 'sts' | 'ec2';

export interface Endpoints {
  /** URLs without a path. */
  readonly imds: string;
  readonly cloudwatch: string;
  readonly sts: string;
  readonly ec2: string;
  /** host:port */
  readonly timeServer: string;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** Whether it carried a session token of IMDSv2. */
  readonly withToken: boolean;
  /** What it was answered, or null where it was not. */
  readonly status: number | null;
  /** Counts the server's connections from 1. */
  readonly connection: number;
}

/** What really arrived, since the box started. */
export interface Received {
  /** What CloudWatch accepted, in that order; the latest 100,000. */
  readonly metrics: readonly ReceivedDatum[];
  /** Without those by HEAD, which ask for nothing. */
  readonly cloudwatchRequests: number;
  readonly stsRequests: number;
  readonly ec2Requests: number;
  readonly timeRequests: number;
  /** In the order they were answered; the latest 10,000. */
  readonly imdsRequests: readonly ReceivedRequest[];
}

export interface Instance {
  readonly endpoints: Endpoints;
  /** Variables that point any AWS client, and imds-probe, at the box. */
  readonly environment: Readonly<Record<string, string>>;
  received(): Received;
  /** Alters the instance from the next request on. A changed list of faults, or credentials, begins anew. */
  change(change: BehaviourChange): Promise<void>;
  /** IMDS takes no token any more that it has given out so far. */
  forgetTokens(): void;
  close(): Promise<void>;
}

const KEPT_METRICS = 100_000;
const KEPT_REQUESTS = 10_000;
/** IMDS reads no bodies; the service's real bound is unknown. */
const IMDS_BODY_BYTES = 16_384;
/** A PutMetricData request: 1 MB. */
const AWS_BODY_BYTES = 1_048_576;

/** Wall clock with parts of a millisecond, which `Date.now` cuts off; `Date.now` where the two fell out of step. */
function preciseWallMs(): number {
  const precise = performance.timeOrigin + performance.now();
  const coarse = Date.now();
  return Math.abs(precise - coarse) < 5 ? precise : coarse;
}

function pushBounded<T>(list: T[], items: readonly T[], limit: number): void {
  list.push(...items);
  if (list.length > limit) list.splice(0, list.length - limit);
}

const authority = (host: LoopbackHost, port: number): string =>
  host === '::1' ? `[::1]:${port}` : `${host}:${port}`;

function environmentOf(endpoints: Endpoints, region: string): Record<string, string> {
  const direct = '127.0.0.1,localhost,::1';
  return {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoints.imds,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
    AWS_ENDPOINT_URL_STS: endpoints.sts,
    AWS_ENDPOINT_URL_EC2: endpoints.ec2,
    // Some clients read the one, some the other.
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    IMDS_PROBE_TIME_SERVER: endpoints.timeServer,
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

/** Starts an instance that is healthy but for `change`. */
export async function startInstance(
  change: BehaviourChange = {},
  options: InstanceOptions = {},
): Promise<Instance> {
  const { wallMs = preciseWallMs, random = randomBytes, host = '127.0.0.1', ports = {} } = options;
  let behaviour: InstanceBehaviour = changed(HEALTHY, change);
  const nowMs = (): number => wallMs() + behaviour.clockOffsetMs;
  const issuer = credentialIssuer(
    () => behaviour.credentials,
    () => nowMs() / 1000,
    random,
  );
  issuer.reissue();
  const metadata = imds(() => behaviour, nowMs, issuer, random);
  const metrics: ReceivedDatum[] = [];
  const imdsRequests: ReceivedRequest[] = [];
  const counts = { cloudwatch: 0, sts: 0, ec2: 0 };
  const context: AwsContext = {
    behaviour: () => behaviour,
    nowMs,
    issuer,
    accept: (data) => pushBounded(metrics, data, KEPT_METRICS),
  };
  const date = (): string => new Date(nowMs()).toUTCString();

  const imdsService: Service = {
    maxBodyBytes: IMDS_BODY_BYTES,
    keepAlive: () => behaviour.imds.keepAlive,
    faults: () => behaviour.imds.faults,
    answer: metadata.answer,
    refusal: (_, error) => errorPage(error.status),
    bodyTooLarge: () => errorPage(413),
    headers: () => ({ Date: date(), Server: 'EC2ws' }),
    seen: ({ method, path, headers }, connection, status) => {
      const withToken = headers['x-aws-ec2-metadata-token'] !== undefined;
      pushBounded(imdsRequests, [{ method, path, withToken, status, connection }], KEPT_REQUESTS);
    },
  };

  // Most runs never ask these, so what they need is loaded with their first request.
  const aws = (): Promise<typeof import('./aws/services.ts')> => import('./aws/services.ts');
  const awsService = (name: AwsServiceName): Service => ({
    maxBodyBytes: AWS_BODY_BYTES,
    keepAlive: () => true,
    faults: () => behaviour[name].faults,
    answer: async (request): Promise<Answer> => (await aws()).awsAnswer(name, request, context),
    refusal: async (request, error) => (await aws()).awsRefusal(name, request, error),
    bodyTooLarge: async (request: HttpRequest, bytes) => (await aws()).awsBodyTooLarge(name, request, bytes),
    headers: () => ({ Date: date() }),
    seen: ({ method }) => {
      if (method !== 'HEAD') counts[name] += 1;
    },
  });

  const https: Record<'imds' | AwsServiceName, HttpServer> = {
    imds: httpServer(imdsService),
    cloudwatch: httpServer(awsService('cloudwatch')),
    sts: httpServer(awsService('sts')),
    ec2: httpServer(awsService('ec2')),
  };
  const names = ['imds', 'cloudwatch', 'sts', 'ec2'] as const;
  const openDoor = (name: (typeof names)[number]): Promise<Door> =>
    door(https[name].server, host, ports[name] ?? 0, behaviour[name].refused);
  const [imdsDoor, cloudwatchDoor, stsDoor, ec2Door, time] = await Promise.all([
    openDoor('imds'),
    openDoor('cloudwatch'),
    openDoor('sts'),
    openDoor('ec2'),
    startTimeServer(() => behaviour.time, nowMs, host, ports.time ?? 0),
  ]);
  const doors = { imds: imdsDoor, cloudwatch: cloudwatchDoor, sts: stsDoor, ec2: ec2Door };
  const endpoints: Endpoints = {
    imds: `http://${authority(host, imdsDoor.port)}`,
    cloudwatch: `http://${authority(host, cloudwatchDoor.port)}`,
    sts: `http://${authority(host, stsDoor.port)}`,
    ec2: `http://${authority(host, ec2Door.port)}`,
    timeServer: authority(host, time.port),
  };

  return {
    endpoints,
    environment: environmentOf(endpoints, behaviour.identity.region),
    received: () => ({
      metrics: [...metrics],
      cloudwatchRequests: counts.cloudwatch,
      stsRequests: counts.sts,
      ec2Requests: counts.ec2,
      timeRequests: time.requests(),
      imdsRequests: [...imdsRequests],
    }),
    async change(next) {
      behaviour = changed(behaviour, next);
      if (next.credentials !== undefined || next.clockOffsetMs !== undefined) issuer.reissue();
      for (const name of names) {
        if (!behaviour[name].refused) {
          await doors[name].open();
          continue;
        }
        const shut = doors[name].shut();
        https[name].dropAll();
        await shut;
      }
    },
    forgetTokens: metadata.forgetTokens,
    async close() {
      const gone = [...names.map((name) => doors[name].close()), time.close()];
      for (const name of names) https[name].dropAll();
      await Promise.all(gone);
    },
  };
}
