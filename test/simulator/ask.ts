// Raw requests to a box, by node:http alone, and the same signed by the JS SDK's own signer.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

export interface Asked {
  /** Null where no complete answer came; `error` says how that went. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly error: string | null;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

/** One request, on a connection of its own unless an agent is given. Never rejects. */
export function ask(endpoint: string, asked: Ask = {}): Promise<Asked> {
  const { method = 'GET', path = '/', headers = {}, body, agent, timeoutMs = 5000 } = asked;
  return new Promise((resolve) => {
    const fail = (error: string): void => resolve({ status: null, headers: {}, body: '', error });
    const url = new URL(endpoint);
    const sent = request(
      {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path,
        method,
        headers: { host: url.host, ...headers },
        agent: agent ?? new Agent({ keepAlive: false }),
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Uint8Array[] = [];
        response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
        response.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.name));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? null,
            headers: response.headers as Record<string, string | undefined>,
            body: Buffer.concat(chunks).toString('utf8'),
            error: null,
          }),
        );
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.name === 'AbortError' ? 'timeout' : (error.code ?? error.name)),
    );
    sent.end(body);
  });
}

export const TOKEN_PATH = '/latest/api/token';
export const ROLE_PATH = '/latest/meta-data/iam/security-credentials/';

/** A session token of the box. */
export async function tokenOf(imds: string, ttl = '21600'): Promise<string> {
  const answer = await ask(imds, {
    method: 'PUT',
    path: TOKEN_PATH,
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': ttl },
  });
  if (answer.status !== 200) throw new Error(`token: ${answer.status ?? answer.error}`);
  return answer.body;
}

/** GET with a fresh token. */
export async function metadata(imds: string, path: string): Promise<Asked> {
  return ask(imds, { path, headers: { 'x-aws-ec2-metadata-token': await tokenOf(imds) } });
}

export interface ServedCredentials {
  readonly Code: string;
  readonly LastUpdated: string;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
}

export async function credentialsOf(imds: string): Promise<ServedCredentials> {
  const role = await metadata(imds, ROLE_PATH);
  return JSON.parse((await metadata(imds, ROLE_PATH + role.body)).body) as ServedCredentials;
}

class Sha256 {
  private readonly secret: Uint8Array | undefined;
  private hash: Hash | Hmac;
  constructor(secret?: unknown) {
    this.secret = typeof secret === 'string' ? Buffer.from(secret) : (secret as Uint8Array | undefined);
    this.hash = this.fresh();
  }
  private fresh(): Hash | Hmac {
    return this.secret === undefined ? createHash('sha256') : createHmac('sha256', this.secret);
  }
  update(data: string | Uint8Array): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {
    this.hash = this.fresh();
  }
}

export interface Signing {
  readonly service: string;
  readonly region?: string;
  readonly credentials: Pick<ServedCredentials, 'AccessKeyId' | 'SecretAccessKey' | 'Token'>;
  readonly at?: Date;
}

/** The headers of `asked` with a signature. */
export async function signed(endpoint: string, asked: Ask, signing: Signing): Promise<Ask> {
  const url = new URL(endpoint + (asked.path ?? '/'));
  const signer = new SignatureV4({
    service: signing.service,
    region: signing.region ?? 'us-east-1',
    credentials: {
      accessKeyId: signing.credentials.AccessKeyId,
      secretAccessKey: signing.credentials.SecretAccessKey,
      sessionToken: signing.credentials.Token,
    },
    sha256: Sha256,
  });
  const request = await signer.sign(
    {
      method: asked.method ?? 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      port: Number(url.port),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, ...asked.headers },
      body: asked.body,
    },
    { signingDate: signing.at ?? new Date() },
  );
  return { ...asked, headers: request.headers };
}

/** A PutMetricData in AWS JSON 1.0, signed with what the box's IMDS serves now. */
export async function putJson(
  endpoints: { readonly imds: string; readonly cloudwatch: string },
  input: unknown,
  signing: Partial<Signing> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked & { readonly json: { readonly __type?: string; readonly message?: string } }> {
  const asked: Ask = {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData',
      ...headers,
    },
    body: typeof input === 'string' || input instanceof Uint8Array ? input : JSON.stringify(input),
  };
  const credentials = signing.credentials ?? (await credentialsOf(endpoints.imds));
  const answer = await ask(
    endpoints.cloudwatch,
    await signed(endpoints.cloudwatch, asked, { service: 'monitoring', ...signing, credentials }),
  );
  return { ...answer, json: answer.body.startsWith('{') ? JSON.parse(answer.body) : {} };
}
