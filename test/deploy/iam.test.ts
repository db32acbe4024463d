// The policies hold what the program really calls, and no more: it is run, and what arrives at AWS is compared.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Box, startBox } from '../../src/simulator/box.ts';
import { defaultConfig } from '../support/alarm-drill.ts';
import { type OperationsRecorder, startOperationsRecorder } from '../support/aws-operations.ts';
import { type Json, objectAt, readTemplate } from '../support/cloudformation.ts';
import { run } from '../support/program.ts';

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy');
type Statement = { readonly [key: string]: Json };

const policyFile = (name: string): readonly Statement[] =>
  JSON.parse(readFileSync(path.join(DEPLOY, 'iam', name), 'utf8')).Statement;

/** The statements of access.yaml with these parameters. */
function accessPolicy(parameters: Readonly<Record<string, string>> = {}): readonly Statement[] {
  const { resources } = readTemplate(path.join(DEPLOY, 'cloudformation/access.yaml'), parameters);
  return objectAt(resources['Policy']?.properties ?? {}, 'PolicyDocument')[
    'Statement'
  ] as readonly Statement[];
}

const actionsOf = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap(({ Action }) => (Array.isArray(Action) ? Action.map(String) : [String(Action)]));

/** IAM User Guide and STS API reference: GetCallerIdentity needs no permission, and can't be denied. */
const NEEDS_NONE = ['sts:GetCallerIdentity'];

describe('what the program calls', () => {
  let box: Box;
  let recorders: Record<'cloudwatch' | 'sts' | 'ec2', OperationsRecorder>;
  beforeAll(async () => {
    box = await startBox('healthy');
    recorders = {
      cloudwatch: await startOperationsRecorder('cloudwatch', box.endpoints.cloudwatch),
      sts: await startOperationsRecorder('sts', box.endpoints.sts),
      ec2: await startOperationsRecorder('ec2', null),
    };
  });
  afterAll(async () => {
    for (const recorder of Object.values(recorders)) await recorder[Symbol.asyncDispose]();
    await box.close();
  });

  /** Every operation that was called so far, this run included. */
  const callsOf = async (args: readonly string[]): Promise<readonly string[]> => {
    const calls = () => Object.values(recorders).flatMap((recorder) => recorder.operations());
    await run(args, {
      ...box.environment,
      AWS_ENDPOINT_URL_CLOUDWATCH: recorders.cloudwatch.url,
      AWS_ENDPOINT_URL_STS: recorders.sts.url,
      AWS_ENDPOINT_URL_EC2: recorders.ec2.url,
      IMDS_PROBE_INSTANCE_OPTIONS: args.includes('--instance-options') ? 'true' : 'false',
    });
    return calls();
  };

  it('the agent needs the one statement of publish.json, and nothing else', async () => {
    const calls = await callsOf(['agent', '--once']);
    expect(calls.filter((call) => !NEEDS_NONE.includes(call))).toEqual(actionsOf(policyFile('publish.json')));
    expect(box.received().metrics.length).toBeGreaterThan(5);
  });

  it('so does check', async () => {
    const calls = await callsOf(['check', '--publish']);
    expect(calls).toContain('sts:GetCallerIdentity');
    expect(calls.filter((call) => !NEEDS_NONE.includes(call))).toEqual(actionsOf(policyFile('publish.json')));
  });

  it('--instance-options needs instance-options.json besides', async () => {
    const calls = await callsOf(['check', '--instance-options', '--publish']);
    expect(new Set(calls.filter((call) => !NEEDS_NONE.includes(call)))).toEqual(
      new Set(actionsOf([...policyFile('publish.json'), ...policyFile('instance-options.json')])),
    );
  });

  it('has no other operation anywhere in its sources', () => {
    const source = readdirSync(path.resolve(DEPLOY, '../src/clients'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.resolve(DEPLOY, '../src/clients', file), 'utf8'))
      .join('\n');
    const named = source.matchAll(/new (\w+)Command\b|Action(?:=|: ')(\w+)/g);
    expect([...new Set([...named].map(([, command, action]) => command ?? action))].sort()).toEqual([
      'DescribeInstances',
      'GetCallerIdentity',
      'PutMetricData',
    ]);
  });
});

describe('policies', () => {
  it('publish to the one namespace of the agent only', () => {
    const [statement, ...others] = policyFile('publish.json');
    expect(others).toEqual([]);
    expect(statement?.['Condition']).toEqual({
      StringEquals: { 'cloudwatch:namespace': defaultConfig().namespace },
    });
  });

  it('are the same in the template, where the parameter asks for them', () => {
    expect(accessPolicy()).toEqual(policyFile('publish.json'));
    const everything = accessPolicy({
      AllowInstanceOptions: 'true',
      ConfigParameterPath: '/imds-probe/',
      PackageBucket: 'example-bucket',
    });
    expect(everything).toEqual([
      ...policyFile('publish.json'),
      ...policyFile('instance-options.json'),
      ...policyFile('config-parameter.json'),
      ...policyFile('install-from-s3.json'),
    ]);
  });

  it('allow no wildcard action, and every resource only where AWS knows none', () => {
    for (const name of readdirSync(path.join(DEPLOY, 'iam'))) {
      for (const { Action, Resource, Effect } of policyFile(name)) {
        expect(String(Action), name).not.toContain('*');
        expect(Effect, name).toBe('Allow');
        if (!['publish.json', 'instance-options.json'].includes(name)) expect(Resource, name).not.toBe('*');
      }
    }
  });

  it('make a role that only EC2 assumes, and only where one is wanted', () => {
    const template = path.join(DEPLOY, 'cloudformation/access.yaml');
    const { resources } = readTemplate(template);
    const trust = JSON.stringify(resources['Role']?.properties['AssumeRolePolicyDocument']);
    expect(trust).toContain('"Principal":{"Service":"ec2.amazonaws.com"}');
    expect(resources['Role']?.properties['ManagedPolicyArns']).toEqual(['ref:Policy']);
    expect(Object.keys(readTemplate(template, { CreateRole: 'false' }).resources)).toEqual(['Policy']);
  });
});
