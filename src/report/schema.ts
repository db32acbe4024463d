// The JSON Schema (2020-12) of the report, built so that a type in core that changes without it does not compile.
import type { ChainSource, CredentialChain } from '../core/chain.ts';
import type { ClockOffset } from '../core/clock.ts';
import type { InstanceRole } from '../core/imds.ts';
import type { Metric, Unit } from '../core/metric.ts';
import type { Failure, FailureKind } from '../core/outcome.ts';
import { PROXY_CLIENTS, type ProxyRoute } from '../core/proxy.ts';
import type { Finding, Fix, Instance, Report, Severity, Status, Verdict } from '../core/report.ts';
import type { ProbeId } from '../core/snapshot.ts';

/** A schema is data; its keywords are those of the JSON Schema specification. */
export type JsonSchema = { readonly [keyword: string]: unknown };

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

interface ObjectParts<T> {
  /** A schema for every field of the type, no more and no fewer. */
  readonly properties: { readonly [K in keyof T]-?: JsonSchema };
  /** Exactly the fields that may be left out. */
  readonly optional: { readonly [K in OptionalKeys<T>]: true };
}

const requiredOf = (properties: object, optional: object): string[] =>
  Object.keys(properties).filter((key) => !Object.hasOwn(optional, key));

/** An object with the fields of `T` and no others. */
function closed<T>({ properties, optional }: ObjectParts<T>): JsonSchema {
  return {
    type: 'object',
    properties,
    required: requiredOf(properties, optional),
    additionalProperties: false,
  };
}

/** An object with at least these fields. */
const open = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

/** One of the texts of a union type, all of which are named. */
const oneOf = <T extends string>(values: Readonly<Record<T, true>>): JsonSchema => ({
  enum: Object.keys(values),
});

const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const boolean: JsonSchema = { type: 'boolean' };
const notNegative: JsonSchema = { type: 'number', minimum: 0 };
const whole: JsonSchema = { type: 'integer', minimum: 0 };
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
const defined = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });

const ID: JsonSchema = { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' };
const INSTANT: JsonSchema = {
  type: 'string',
  description: 'ISO 8601, UTC',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$',
};
const SHOWN_KEY: JsonSchema = {
  type: 'string',
  description: 'An access key id by its first four and last four characters.',
  pattern: '^.{0,4}….{0,4}$',
};

const FAILURE_KIND = oneOf<FailureKind>({
  'connect-timeout': true,
  refused: true,
  unroutable: true,
  'response-timeout': true,
  reset: true,
  'http-status': true,
  malformed: true,
  permission: true,
  crashed: true,
});

const FAILURE = closed<Failure>({
  properties: { kind: FAILURE_KIND, detail: text, status: { type: 'integer', minimum: 100, maximum: 999 } },
  optional: { status: true },
});

/** An observation that went well or badly, with its value's schema in the first case. */
const outcome = (value: JsonSchema): JsonSchema => ({
  oneOf: [
    {
      type: 'object',
      properties: { ok: { const: true }, tookMs: notNegative, attempts: whole, value },
      required: ['ok', 'tookMs', 'attempts', 'value'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { ok: { const: false }, tookMs: notNegative, attempts: whole, failure: defined('failure') },
      required: ['ok', 'tookMs', 'attempts', 'failure'],
      additionalProperties: false,
    },
  ],
});

const INSTANCE_ROLE = closed<InstanceRole>({
  properties: {
    roleName: orNull(text),
    code: orNull(text),
    lastUpdated: orNull(text),
    expiration: orNull(text),
    marginSeconds: orNull(number),
    ageSeconds: orNull(number),
    accessKeyId: orNull(SHOWN_KEY),
    message: text,
  },
  optional: { message: true },
});

const CLOCK_OFFSET = closed<ClockOffset>({
  properties: {
    offsetMs: number,
    errorBoundMs: notNegative,
    server: text,
    stratum: { type: 'integer', minimum: 0, maximum: 16 },
    leap: { type: 'integer', minimum: 0, maximum: 3 },
  },
  optional: {},
});

const CHAIN_SOURCE_NAME = oneOf<ChainSource['source']>({
  environment: true,
  'web-identity': true,
  sso: true,
  profile: true,
  'assume-role-profile': true,
  process: true,
  container: true,
  'instance-role': true,
});

const CHAIN_SOURCE = closed<ChainSource>({
  properties: {
    source: CHAIN_SOURCE_NAME,
    present: boolean,
    accessKeyId: SHOWN_KEY,
    expiration: text,
    detail: text,
  },
  optional: { accessKeyId: true, expiration: true, detail: true },
});

const CREDENTIAL_CHAIN = open({
  winner: orNull(CHAIN_SOURCE_NAME),
  sources: listOf(CHAIN_SOURCE),
} satisfies Partial<Record<keyof CredentialChain, JsonSchema>>);

const ROUTE = oneOf<ProxyRoute>({ direct: true, proxy: true, error: true });

const PROXY_SETTINGS = open({
  variables: listOf(text),
  routes: {
    type: 'object',
    properties: Object.fromEntries(PROXY_CLIENTS.map((client) => [client, ROUTE])),
    required: PROXY_CLIENTS,
    additionalProperties: false,
  },
});

/** Observations whose fields scripts may rely on. */
const FIXED = {
  'instance-role': outcome(INSTANCE_ROLE),
  'clock-offset': outcome(CLOCK_OFFSET),
  'credential-chain': outcome(CREDENTIAL_CHAIN),
} satisfies { readonly [K in ProbeId]?: JsonSchema };

const EVIDENCE_VALUE: JsonSchema = {
  anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, listOf(text)],
};

const FIX = closed<Fix>({ properties: { text, command: text }, optional: { command: true } });

const FINDING = closed<Finding>({
  properties: {
    id: ID,
    severity: oneOf<Severity>({ critical: true, warning: true, info: true }),
    title: text,
    cause: text,
    evidence: { type: 'object', additionalProperties: EVIDENCE_VALUE },
    fix: listOf(defined('fix')),
    reference: { type: 'string', pattern: '^https://' },
  },
  optional: {},
});

const VERDICT = closed<Verdict>({
  properties: {
    id: ID,
    status: oneOf<Verdict['status']>({ pass: true, fail: true, unknown: true, skipped: true }),
    because: text,
  },
  optional: {},
});

const METRIC = closed<Metric>({
  properties: {
    name: { type: 'string', pattern: '^[A-Z][A-Za-z0-9]*$' },
    unit: oneOf<Unit>({ Seconds: true, Milliseconds: true, Count: true }),
    values: listOf(number),
    counts: listOf(notNegative),
    dimensions: { type: 'object', additionalProperties: text },
  },
  optional: {},
});

const INSTANCE = closed<Instance>({
  properties: {
    instanceId: orNull(text),
    region: orNull(text),
    availabilityZone: orNull(text),
    roleName: orNull(text),
    accountId: orNull(text),
  },
  optional: {},
});

const REPORT = closed<Report>({
  properties: {
    schema: { const: 'imds-probe/report/v1' },
    version: text,
    startedAt: INSTANT,
    durationMs: notNegative,
    instance: defined('instance'),
    status: oneOf<Status>({ ok: true, warning: true, critical: true, unknown: true }),
    observations: {
      type: 'object',
      description: 'By probe id. A probe that did not run is absent; values without a schema here may grow.',
      propertyNames: ID,
      properties: { ...FIXED, 'proxy-settings': outcome(PROXY_SETTINGS) },
      additionalProperties: defined('outcome'),
    },
    verdicts: listOf(defined('verdict')),
    findings: listOf(defined('finding')),
    metrics: listOf(defined('metric')),
  },
  optional: {},
});

/** What `--format json` prints, and nothing else. Written to `report.schema.json` by the build. */
export const REPORT_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:imds-probe:report:v1',
  title: 'imds-probe report, version 1',
  description: 'One diagnosis of one instance: what was seen, how it was judged, and what mends it.',
  ...REPORT,
  $defs: {
    failure: FAILURE,
    outcome: outcome({}),
    fix: FIX,
    finding: FINDING,
    verdict: VERDICT,
    metric: METRIC,
    instance: INSTANCE,
  },
};
