// An endpoint on loopback that notes which AWS operations are called and passes them on to the embedded instance.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface OperationsRecorder extends AsyncDisposable {
  readonly url: string;
  /** As IAM names them, such as `cloudwatch:PutMetricData`, each once. */
  operations(): readonly string[];
}

/** `service` as IAM names it. Without a `target` every request is refused as EC2 refuses. */
export async function startOperationsRecorder(
  service: string,
  target: string | null,
): Promise<OperationsRecorder> {
  const seen = new Set<string>();
  const server = http.createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      // What is not signed asks for nothing: it measures how far a request comes.
      if (request.headers.authorization !== undefined) seen.add(`${service}:${operationOf(request, body)}`);
      if (target === null) {
        response.writeHead(403, { 'content-type': 'text/xml' });
        response.end(
          '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>',
        );
        return;
      }
      // Byte for byte, its Host too: that is what was signed.
      const { method, url, headers } = request;
      const onward = http.request(target, { method, path: url, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.end(body);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    operations: () => [...seen],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** AWS JSON names it in a header, RPC v2 CBOR in the path, the query protocol in the form. */
function operationOf(request: http.IncomingMessage, body: Buffer): string {
  const header = request.headers['x-amz-target'];
  if (typeof header === 'string') return header.split('.').at(-1) ?? '';
  const named = /\/operation\/(\w+)/.exec(request.url ?? '')?.[1];
  if (named !== undefined) return named;
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return new URLSearchParams(plain.toString()).get('Action') ?? `unknown ${request.method} ${request.url}`;
}
