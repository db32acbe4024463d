// The protocols AWS is spoken to in: AWS JSON 1.0, Smithy RPC v2 CBOR, and the query protocol.
import { randomUUID } from 'node:crypto';
import type { Answer, AwsError } from '../behaviour.ts';
import type { HttpRequest } from '../http.ts';
import { decodeCbor, encodeCborTexts } from './cbor.ts';
import { readForm } from './form.ts';

export type Protocol = 'json' | 'cbor' | 'query';

/** How one service appears in each protocol. */
export interface ServiceModel {
  /** `X-Amz-Target` prefix and RPC v2 service name, e.g. `GraniteServiceVersion20100801`; null: query only. */
  readonly target: string | null;
  readonly xmlNamespace: string;
  /** EC2 puts its errors into a list (Smithy's ec2Query protocol). */
  readonly errorList?: true;
}

export interface Call {
  readonly protocol: Protocol;
  readonly operation: string;
  /** The input, not yet checked. Throws where the body is not of the protocol. */
  readonly input: () => unknown;
}

const RPC_PATH = /^\/service\/([A-Za-z0-9]{1,100})\/operation\/([A-Za-z0-9]{1,100})$/;

export function protocolOf(request: HttpRequest): Protocol {
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor';
  return request.headers['x-amz-target'] === undefined ? 'query' : 'json';
}

/** What a request asks for, its body being `body` once decompressed; the operation is empty where it does not say. */
export function callOf(request: HttpRequest, body: Uint8Array, model: ServiceModel): Call {
  const protocol = protocolOf(request);
  if (protocol === 'cbor') {
    const [, service, operation = ''] = RPC_PATH.exec(request.path) ?? [];
    return { protocol, operation: service === model.target ? operation : '', input: () => decodeCbor(body) };
  }
  if (protocol === 'json') {
    const [service, operation = ''] = String(request.headers['x-amz-target']).split('.');
    return {
      protocol,
      operation: service === model.target ? operation : '',
      input: () => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)),
    };
  }
  const form = request.method === 'GET' ? request.query : Buffer.from(body).toString('utf8');
  return { protocol, operation: new URLSearchParams(form).get('Action') ?? '', input: () => readForm(form) };
}

const CONTENT_TYPES: Readonly<Record<Protocol, string>> = {
  json: 'application/x-amz-json-1.0',
  cbor: 'application/cbor',
  query: 'text/xml',
};

function envelope(protocol: Protocol, status: number, requestId: string, body: string | Uint8Array): Answer {
  return {
    status,
    headers: {
      'x-amzn-RequestId': requestId,
      'Content-Type': CONTENT_TYPES[protocol],
      ...(protocol === 'cbor' ? { 'smithy-protocol': 'rpc-v2-cbor' } : {}),
    },
    body,
  };
}

const xmlText = (text: string): string =>
  text
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?');

/** An error in the protocol of the request. */
export function errorAnswer(protocol: Protocol, model: ServiceModel, error: AwsError): Answer {
  const requestId = randomUUID();
  const fault = error.status >= 500 ? 'Receiver' : 'Sender';
  if (protocol === 'query') {
    const said = `<Code>${error.code}</Code><Message>${xmlText(error.message)}</Message>`;
    if (model.errorList) {
      const list = `<Response><Errors><Error>${said}</Error></Errors><RequestID>${requestId}</RequestID></Response>\n`;
      return envelope(protocol, error.status, requestId, list);
    }
    const body = `<ErrorResponse xmlns="${model.xmlNamespace}">\n  <Error>\n    <Type>${fault}</Type>\n    <Code>${error.code}</Code>\n    <Message>${xmlText(error.message)}</Message>\n  </Error>\n  <RequestId>${requestId}</RequestId>\n</ErrorResponse>\n`;
    return envelope(protocol, error.status, requestId, body);
  }
  const fields = { __type: error.type, message: error.message };
  const answer = envelope(
    protocol,
    error.status,
    requestId,
    protocol === 'json' ? JSON.stringify(fields) : encodeCborTexts(fields),
  );
  // Services that spoke the query protocol once go on saying its codes (Smithy's awsQueryCompatible trait).
  return { ...answer, headers: { ...answer.headers, 'x-amzn-query-error': `${error.code};${fault}` } };
}

/** An answer of EC2, which wraps its result in nothing. */
export function xmlAnswer(operation: string, model: ServiceModel, inner: string): Answer {
  const requestId = randomUUID();
  const body = `<${operation}Response xmlns="${model.xmlNamespace}">\n<requestId>${requestId}</requestId>${inner}\n</${operation}Response>\n`;
  return envelope('query', 200, requestId, body);
}

/** An answer with the given texts as its result, or with none. */
export function resultAnswer(
  protocol: Protocol,
  model: ServiceModel,
  operation: string,
  result: Readonly<Record<string, string>> | null,
): Answer {
  const requestId = randomUUID();
  if (protocol === 'json') return envelope(protocol, 200, requestId, JSON.stringify(result ?? {}));
  if (protocol === 'cbor') return envelope(protocol, 200, requestId, encodeCborTexts(result ?? {}));
  const fields = Object.entries(result ?? {}).map(
    ([name, text]) => `    <${name}>${xmlText(text)}</${name}>\n`,
  );
  const inner = result === null ? '' : `  <${operation}Result>\n${fields.join('')}  </${operation}Result>\n`;
  const body = `<${operation}Response xmlns="${model.xmlNamespace}">\n${inner}  <ResponseMetadata>\n    <RequestId>${requestId}</RequestId>\n  </ResponseMetadata>\n</${operation}Response>\n`;
  return envelope(protocol, 200, requestId, body);
}
