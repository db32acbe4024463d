// Reads a CloudFormation template as CloudFormation would with these parameters: so that tests judge the real one.
import { readFileSync } from 'node:fs';
import { parseDocument, type ScalarTag } from 'yaml';
import type { CompositeAlarm, MetricAlarm, MetricQuery, MetricStat, MissingData } from './alarm-evaluator.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export interface Resource {
  readonly type: string;
  readonly properties: JsonObject;
}

export interface Template {
  /** The file with its short forms (`!Ref`) written out (`{ "Ref": … }`). */
  readonly raw: JsonObject;
  /** Those whose condition holds, by logical id, with their intrinsic functions carried out. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: JsonObject;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::StackName': 'imds-probe',
  'AWS::URLSuffix': 'amazonaws.com',
};
/** What `AWS::NoValue` leaves behind until its property is taken out. */
const NOTHING = '\u0000no-value';

/** Reads the file. Throws on YAML that is not well formed, with its warnings as errors. */
export function readTemplate(
  file: string,
  parameters: Readonly<Record<string, string | number>> = {},
): Template {
  const document = parseDocument(readFileSync(file, 'utf8'), { customTags: [...TAGS], uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  const raw = document.toJS() as JsonObject;
  const resolver = new Resolver(raw, parameters);
  const resources: Record<string, Resource> = {};
  for (const [id, value] of Object.entries(objectAt(raw, 'Resources'))) {
    const resource = value as JsonObject;
    if (typeof resource['Condition'] === 'string' && !resolver.condition(resource['Condition'])) continue;
    resources[id] = {
      type: String(resource['Type']),
      properties: resolver.resolve(resource['Properties'] ?? {}) as JsonObject,
    };
  }
  return { raw, resources, outputs: resolver.resolve(raw['Outputs'] ?? {}) as JsonObject };
}

export const objectAt = (object: JsonObject, key: string): JsonObject => (object[key] ?? {}) as JsonObject;

const FUNCTIONS = ['Sub', 'If', 'Equals', 'Not', 'And', 'Or', 'Join', 'Base64'] as const;

/** `!Sub x` → `{ "Fn::Sub": x }`, for scalars, lists and maps alike. */
const TAGS = ['Ref', 'Condition', 'GetAtt', ...FUNCTIONS].flatMap((name) => {
  const key = name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`;
  const wrap = (value: unknown) => ({ [key]: name === 'GetAtt' ? String(value).split('.') : value });
  return [
    { tag: `!${name}`, resolve: (text: string) => wrap(text) } satisfies ScalarTag,
    ...(['seq', 'map'] as const).map((collection) => ({
      tag: `!${name}`,
      collection,
      resolve: (node: { toJSON(): unknown }) => wrap(node.toJSON()),
    })),
  ];
}) as ScalarTag[];

class Resolver {
  readonly #raw: JsonObject;
  readonly #given: Readonly<Record<string, string | number>>;

  constructor(raw: JsonObject, given: Readonly<Record<string, string | number>>) {
    this.#raw = raw;
    this.#given = given;
    for (const name of Object.keys(given)) {
      if (!(name in objectAt(raw, 'Parameters'))) throw new Error(`the template has no parameter ${name}`);
    }
  }

  condition(name: string): boolean {
    const rule = objectAt(this.#raw, 'Conditions')[name];
    if (rule === undefined) throw new Error(`the template has no condition ${name}`);
    return this.resolve(rule) === true;
  }

  resolve(value: Json): Json {
    if (Array.isArray(value))
      return value.map((item) => this.resolve(item)).filter((item) => item !== NOTHING);
    if (typeof value !== 'object' || value === null) return value;
    const [[key, argument] = ['', null], ...others] = Object.entries(value as JsonObject);
    if (others.length === 0 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::')))
      return this.#call(key, argument);
    return Object.fromEntries(
      Object.entries(value as JsonObject)
        .map(([name, item]) => [name, this.resolve(item)] as const)
        .filter(([, item]) => item !== NOTHING),
    );
  }

  #call(name: string, argument: Json): Json {
    const list = Array.isArray(argument) ? (argument as readonly Json[]) : [];
    const all = () => list.map((item) => this.resolve(item));
    switch (name) {
      case 'Ref':
        return this.#ref(String(argument));
      case 'Condition':
        return this.condition(String(argument));
      case 'Fn::GetAtt':
        return this.#attribute(list.map(String).join('.'));
      case 'Fn::If':
        return this.resolve((this.condition(String(list[0])) ? list[1] : list[2]) ?? null);
      case 'Fn::Equals': {
        const [a, b] = all();
        return String(a) === String(b);
      }
      case 'Fn::Not':
        return all()[0] !== true;
      case 'Fn::And':
        return all().every((item) => item === true);
      case 'Fn::Or':
        return all().some((item) => item === true);
      case 'Fn::Join':
        return (this.resolve(list[1] ?? []) as readonly Json[]).map(String).join(String(list[0]));
      case 'Fn::Base64':
        return Buffer.from(String(this.resolve(argument))).toString('base64');
      case 'Fn::Sub':
        return typeof argument === 'string'
          ? this.#sub(argument, {})
          : this.#sub(String(list[0]), list[1] ?? {});
      default:
        throw new Error(`${name} is not known here`);
    }
  }

  #sub(text: string, names: Json): string {
    const own = this.resolve(names) as JsonObject;
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (name in own) return String(own[name]);
      return String(name.includes('.') ? this.#attribute(name) : this.#ref(name));
    });
  }

  #ref(name: string): Json {
    if (name === 'AWS::NoValue') return NOTHING;
    const pseudo = PSEUDO[name];
    if (pseudo !== undefined) return pseudo;
    const parameter = objectAt(this.#raw, 'Parameters')[name] as JsonObject | undefined;
    if (parameter !== undefined) {
      const value = this.#given[name] ?? (parameter['Default'] as string | number | undefined);
      if (value === undefined) throw new Error(`the parameter ${name} has no value`);
      return parameter['Type'] === 'Number' ? Number(value) : value;
    }
    const resource = objectAt(this.#raw, 'Resources')[name] as JsonObject | undefined;
    if (resource === undefined) throw new Error(`nothing is called ${name}`);
    const properties = objectAt(resource, 'Properties');
    if (String(resource['Type']).startsWith('AWS::CloudWatch::'))
      return this.resolve(properties['AlarmName'] ?? name);
    return `ref:${name}`;
  }

  #attribute(path: string): string {
    const [id = ''] = path.split('.');
    if (!(id in objectAt(this.#raw, 'Resources'))) throw new Error(`nothing is called ${id}`);
    return `attribute:${path}`;
  }
}

export interface Alarms {
  readonly metric: readonly (MetricAlarm & { readonly actions: readonly string[] })[];
  readonly composite: readonly (CompositeAlarm & { readonly actions: readonly string[] })[];
}

/** The alarms of a template, as the evaluator takes them. */
export function alarmsOf(template: Template): Alarms {
  const of = (type: string) =>
    Object.values(template.resources)
      .filter((resource) => resource.type === type)
      .map(({ properties }) => properties);
  return {
    metric: of('AWS::CloudWatch::Alarm').map((properties) => ({
      ...metricAlarm(properties),
      actions: actionsOf(properties),
    })),
    composite: of('AWS::CloudWatch::CompositeAlarm').map((properties) => ({
      name: String(properties['AlarmName']),
      rule: String(properties['AlarmRule']),
      actions: actionsOf(properties),
    })),
  };
}

const actionsOf = (properties: JsonObject): readonly string[] =>
  ((properties['AlarmActions'] ?? []) as readonly Json[]).map(String);

function metricAlarm(properties: JsonObject): MetricAlarm {
  const listed = properties['Metrics'] as readonly JsonObject[] | undefined;
  // Metrics first: an expression may name what stands behind it.
  const ordered = [...(listed ?? [])].sort((a, b) => Number('Expression' in a) - Number('Expression' in b));
  const periods = Number(properties['EvaluationPeriods']);
  return {
    name: String(properties['AlarmName']),
    queries: listed === undefined ? [{ id: 'metric', metric: metricStat(properties) }] : ordered.map(query),
    watched:
      listed === undefined
        ? 'metric'
        : String(listed.find((item) => item['ReturnData'] === true)?.['Id'] ?? ''),
    comparison: String(properties['ComparisonOperator']),
    threshold: Number(properties['Threshold']),
    evaluationPeriods: periods,
    datapointsToAlarm: Number(properties['DatapointsToAlarm'] ?? periods),
    treatMissingData: String(properties['TreatMissingData'] ?? 'missing') as MissingData,
  };
}

function query(item: JsonObject): MetricQuery {
  const id = String(item['Id']);
  if ('Expression' in item) return { id, expression: String(item['Expression']) };
  const stat = objectAt(item, 'MetricStat');
  return {
    id,
    metric: metricStat({
      ...objectAt(stat, 'Metric'),
      Statistic: stat['Stat'] ?? '',
      Period: stat['Period'] ?? 0,
    }),
  };
}

function metricStat(properties: JsonObject): MetricStat {
  const dimensions = (properties['Dimensions'] ?? []) as readonly JsonObject[];
  return {
    namespace: String(properties['Namespace']),
    name: String(properties['MetricName']),
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [String(Name), String(Value)])),
    statistic: String(properties['Statistic']),
    periodSeconds: Number(properties['Period']),
  };
}
