// CloudWatch's PutMetricData, STS's GetCallerIdentity and EC2's DescribeInstances, for requests that are signed with the box's own credentials.
import { gunzipSync } from 'node:zlib';
import type { Answer, AwsError, InstanceBehaviour } from '../behaviour.ts';
import type { CredentialIssuer } from '../credentials.ts';
import type { HttpRequest } from '../http.ts';
import { bodyTooLarge, instanceNotFound, malformedRequest, unknownOperation } from './errors.ts';
import { LIMITS, type ReceivedDatum, readMetricData } from './metric-data.ts';
import {
  type Call,
  callOf,
  errorAnswer,
  protocolOf,
  resultAnswer,
  type ServiceModel,
  xmlAnswer,
} from './protocol.ts';
import { signedBy } from './sigv4.ts';

/** What the services need to know of their box. */
export interface AwsContext {
  readonly behaviour: () => InstanceBehaviour;
  readonly nowMs: () => number;
  readonly issuer: CredentialIssuer;
  /** Takes what PutMetricData accepted. */
  readonly accept: (data: readonly ReceivedDatum[]) => void;
}

export type AwsServiceName = 'cloudwatch' | 'sts' | 'ec2';

const MODELS: Readonly<Record<AwsServiceName, ServiceModel & { readonly signingName: string }>> = {
  cloudwatch: {
    target: 'GraniteServiceVersion20100801',
    xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    signingName: 'monitoring',
  },
  sts: { target: null, xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/', signingName: 'sts' },
  ec2: {
    target: null,
    xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    signingName: 'ec2',
    errorList: true,
  },
};

type Opened =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly error: AwsError };

/** Takes gzip off, as far as the size limit goes: it holds for what comes out. */
function opened(request: HttpRequest): Opened {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return { ok: true, body: request.body };
  if (encoding !== 'gzip') return { ok: false, error: malformedRequest(`Unknown encoding ${encoding}`) };
  try {
    return { ok: true, body: gunzipSync(request.body, { maxOutputLength: LIMITS.bodyBytes }) };
  } catch (error) {
    const tooLong = error instanceof RangeError;
    return {
      ok: false,
      error: tooLong
        ? bodyTooLarge(LIMITS.bodyBytes + 1, LIMITS.bodyBytes)
        : malformedRequest('The body is no gzip'),
    };
  }
}

function putMetricData(call: Call, context: AwsContext): AwsError | null {
  let input: unknown;
  try {
    input = call.input();
  } catch {
    return malformedRequest('The body cannot be read');
  }
  const read = readMetricData(input, context.nowMs() / 1000);
  if (!read.ok) return read.error;
  context.accept(read.data);
  return null;
}

/** The role's session, as EC2 names it: after the instance. */
function callerIdentity({ identity, credentials }: InstanceBehaviour): Record<string, string> {
  return {
    Arn: `arn:aws:sts::${identity.accountId}:assumed-role/${credentials.role}/${identity.instanceId}`,
    UserId: `AROA2B0X2B0X2B0X2B0XE:${identity.instanceId}`,
    Account: identity.accountId,
  };
}

/** STS answers the query protocol in JSON to whoever asks for it by `Accept`. */
function identityAnswer(request: HttpRequest, behaviour: InstanceBehaviour): Answer {
  const identity = callerIdentity(behaviour);
  const answer = resultAnswer('query', MODELS.sts, 'GetCallerIdentity', identity);
  if (!String(request.headers.accept ?? '').startsWith('application/json')) return answer;
  const RequestId = answer.headers?.['x-amzn-RequestId'] ?? '';
  return {
    ...answer,
    headers: { ...answer.headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      GetCallerIdentityResponse: { GetCallerIdentityResult: identity, ResponseMetadata: { RequestId } },
    }),
  };
}

/** The one instance of the box, with as much of it as tells its metadata options. */
function instanceAnswer(call: Call, model: ServiceModel, behaviour: InstanceBehaviour): Answer {
  const { identity, imds } = behaviour;
  const asked = askedInstances(call);
  if (asked.length > 0 && !asked.includes(identity.instanceId)) {
    return errorAnswer('query', model, instanceNotFound(asked.join(', ')));
  }
  const disabled = imds.faults.some(({ times, answer }) => times === undefined && answer?.status === 403);
  return xmlAnswer(
    'DescribeInstances',
    model,
    `<reservationSet><item><instancesSet><item><instanceId>${identity.instanceId}</instanceId><metadataOptions><state>applied</state><httpTokens>${imds.tokensOptional ? 'optional' : 'required'}</httpTokens><httpPutResponseHopLimit>${imds.hopLimit}</httpPutResponseHopLimit><httpEndpoint>${disabled ? 'disabled' : 'enabled'}</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6><instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions></item></instancesSet></item></reservationSet>`,
  );
}

/** `InstanceId.1=…`; EC2's lists have no `member`. */
function askedInstances(call: Call): readonly string[] {
  const input = call.input();
  const listed = typeof input === 'object' && input !== null ? Reflect.get(input, 'InstanceId') : undefined;
  return typeof listed === 'object' && listed !== null
    ? Object.values(listed).filter((id): id is string => typeof id === 'string')
    : [];
}

/** Carries out one request, or says in its own protocol why not. */
export function awsAnswer(name: AwsServiceName, request: HttpRequest, context: AwsContext): Answer {
  const model = MODELS[name];
  const behaviour = context.behaviour();
  const refuse = (error: AwsError): Answer => awsRefusal(name, request, error);
  const signed = signedBy(request, {
    service: model.signingName,
    region: behaviour.identity.region,
    nowMs: context.nowMs(),
    find: context.issuer.find,
  });
  if (!signed.ok) return refuse(signed.error);
  const body = opened(request);
  if (!body.ok) return refuse(body.error);
  const call = callOf(request, body.body, model);
  if (name === 'sts' && call.operation === 'GetCallerIdentity') return identityAnswer(request, behaviour);
  if (name === 'ec2' && call.operation === 'DescribeInstances') return instanceAnswer(call, model, behaviour);
  if (name !== 'cloudwatch' || call.operation !== 'PutMetricData') {
    return refuse(unknownOperation(call.operation));
  }
  const error = putMetricData(call, context);
  return error === null ? resultAnswer(call.protocol, model, call.operation, null) : refuse(error);
}

/** `error` in the protocol of the request. */
export function awsRefusal(name: AwsServiceName, request: HttpRequest, error: AwsError): Answer {
  return errorAnswer(protocolOf(request), MODELS[name], error);
}

/** The answer to a body of `bytes` that is longer than any service reads. */
export function awsBodyTooLarge(name: AwsServiceName, request: HttpRequest, bytes: number): Answer {
  return awsRefusal(name, request, bodyTooLarge(bytes, LIMITS.bodyBytes));
}
