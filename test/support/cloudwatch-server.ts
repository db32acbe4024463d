// A CloudWatch on loopback that records what it was sent, checks signatures by itself, and answers as it is told.
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export const CREDENTIALS = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY4',
  sessionToken: `IQoJb3JpZ2luX2VjE${'aB3/x+'.repeat(60)}==`,
};

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly raw: Buffer;
  /** The body, gunzipped and parsed. */
  readonly body: { readonly Namespace: string; readonly MetricData: readonly SentDatum[] };
  /** Whether its signature is the one `CREDENTIALS` give, over exactly what arrived. */
  readonly signed: boolean;
}

export interface SentDatum {
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Timestamp: number;
  readonly Unit: string;
  readonly Value?: number;
  readonly Values?: readonly number[];
  readonly Counts?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `hang` never answers; `cut` ends the connection instead; `half` sends headers and a part of the body, then cuts. */
export type Behaviour = Answer | 'hang' | 'cut' | 'half';

export const OK: Answer = { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' } };

/** An error as CloudWatch says it over JSON. */
export const awsError = (code: string, status: number, message = 'no'): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'test' },
  body: JSON.stringify({ __type: `com.amazonaws.cloudwatch#${code}`, message }),
});

export interface CloudWatchServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Answers to come, in this order; the last one stays. */
  answer(...behaviours: Behaviour[]): void;
  /** Decides by what was sent; goes before `answer`. */
  decide(rule: (received: Received) => Behaviour | null): void;
}

/** Starts one, over TLS where a key and its certificate (for localhost) are given. */
export async function startCloudWatch(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<CloudWatchServer> {
  const received: Received[] = [];
  let coming: Behaviour[] = [OK];
  let rule: (received: Received) => Behaviour | null = () => null;
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    // A look at how far requests come, without a body.
    if (request.method === 'HEAD') return reply(response, OK);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const seen: Received = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      raw,
      body: JSON.parse(plain.toString()),
      signed: isSigned(request, raw),
    };
    received.push(seen);
    const behaviour = rule(seen) ?? (coming.length > 1 ? coming.shift() : coming[0]) ?? OK;
    reply(response, behaviour);
  };
  const server = tls === undefined ? http.createServer(serve) : https.createServer(tls, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    received,
    answer: (...behaviours) => {
      coming = behaviours;
    },
    decide: (decision) => {
      rule = decision;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function reply(response: http.ServerResponse, behaviour: Behaviour): void {
  if (behaviour === 'hang') return;
  if (behaviour === 'cut') {
    response.destroy();
    return;
  }
  if (behaviour === 'half') {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"a":', () => response.destroy());
    return;
  }
  response.writeHead(behaviour.status, behaviour.headers ?? {});
  response.end(behaviour.body ?? '');
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** Computes the signature anew, by the AWS General Reference ("Create a signed request"). */
function isSigned(request: http.IncomingMessage, body: Buffer): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (found === null) return false;
  const [, id, day = '', region = '', service = '', names = '', signature] = found;
  const date = String(request.headers['x-amz-date']);
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, request.url, '', headers.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${CREDENTIALS.secretAccessKey}`,
  );
  return (
    id === CREDENTIALS.accessKeyId &&
    service === 'monitoring' &&
    request.headers['x-amz-security-token'] === CREDENTIALS.sessionToken &&
    hmac(key, text).toString('hex') === signature
  );
}
