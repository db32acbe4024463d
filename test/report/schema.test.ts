// The JSON output and its schema: every output is valid, and near-misses are not.
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderJson } from '../../src/report/json.ts';
import { REPORT_SCHEMA } from '../../src/report/schema.ts';
import { hostileReport } from '../support/hostile-report.ts';
import { aFinding, aReport, SCENARIO_NAMES, scenarioReport } from '../support/report-builder.ts';
import { aRole, lost, seen } from '../support/snapshot.ts';

const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(REPORT_SCHEMA);

const problems = (json: string): string[] => {
  validate(JSON.parse(json));
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
};

it.each(SCENARIO_NAMES)('%s is valid', (name) => {
  expect(problems(renderJson(scenarioReport(name)))).toEqual([]);
});

it('survives a trip through JSON unchanged', () => {
  for (const name of SCENARIO_NAMES) {
    const report = scenarioReport(name);
    expect(JSON.parse(renderJson(report))).toEqual(report);
  }
});

describe('renderJson', () => {
  it('has its keys in the order of the contract, whatever order the cycle filled them in', () => {
    const report = aReport({ findings: [aFinding()] });
    const shuffled = {
      ...Object.fromEntries(Object.entries(report).reverse()),
      observations: Object.fromEntries(Object.entries(report.observations).reverse()),
    } as unknown as typeof report;
    expect(renderJson(shuffled)).toBe(renderJson(report));
    expect(Object.keys(JSON.parse(renderJson(report)))).toEqual([
      'schema',
      'version',
      'startedAt',
      'durationMs',
      'instance',
      'status',
      'observations',
      'verdicts',
      'findings',
      'metrics',
    ]);
  });

  it('is one object, indented, with lists of numbers on one line', () => {
    const json = renderJson(scenarioReport('healthy'));
    expect(json).toMatch(/^\{\n {2}"schema": "imds-probe\/report\/v1",\n[\s\S]*\n\}\n$/);
    expect(json).toContain('"values": [20000],');
  });

  it('writes invisible characters as escapes', () => {
    const json = renderJson(aReport({ findings: [aFinding({ title: 'a\u202eb\u0085c\u007f' })] }));
    expect(json).toContain('"title": "a\\u202eb\\u0085c\\u007f"');
  });

  it('is valid and shows no control character, whatever the texts', () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        const json = renderJson(report);
        expect(problems(json)).toEqual([]);
        expect(json.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(report)));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the schema rejects', () => {
  /** A copy of a valid report with one thing changed; `path` leads to it. */
  function broken(path: readonly (string | number)[], value: unknown): string {
    const report = JSON.parse(
      renderJson({
        ...scenarioReport('expired'),
        observations: { ...CHAIN, ...scenarioReport('expired').observations },
      }),
    );
    let place = report;
    for (const key of path.slice(0, -1)) place = place[key];
    const last = path.at(-1) ?? '';
    if (value === undefined) delete place[last];
    else place[last] = value;
    return JSON.stringify(report);
  }

  const ROLE = ['observations', 'instance-role'];
  const PROXY_VALUE = {
    variables: ['HTTP_PROXY'],
    routes: {
      curl: 'proxy',
      wget: 'direct',
      'python-urllib': 'error',
      'python-requests': 'proxy',
      go: 'proxy',
      ruby: 'proxy',
      'node-proxy-from-env': 'proxy',
      'node-undici': 'direct',
    },
  };
  const CHAIN = {
    'credential-chain': seen({
      winner: 'environment',
      sources: [{ source: 'environment', present: true, accessKeyId: 'ASIA…WXYZ' }],
    }),
    'proxy-settings': seen(PROXY_VALUE),
  } as unknown as Report['observations'];
  type Report = ReturnType<typeof aReport>;

  it('nothing that is as it should be', () => expect(problems(broken(['version'], '9'))).toEqual([]));

  it.each([
    ['another schema', ['schema'], 'imds-probe/report/v2'],
    ['a further key', ['extra'], 1],
    ['a missing key', ['verdicts'], undefined],
    ['a time that is none', ['startedAt'], 'yesterday'],
    ['a time without its zone', ['startedAt'], '2026-11-23T11:59:00'],
    ['a negative duration', ['durationMs'], -1],
    ['another status', ['status'], 'fine'],
    ['an instance without a field', ['instance', 'region'], undefined],
    ['an instance with a further field', ['instance', 'name'], 'x'],
    ['an unknown verdict', ['verdicts', 0, 'status'], 'maybe'],
    ['an id that is none', ['findings', 0, 'id'], 'Role_Missing'],
    ['another severity', ['findings', 0, 'severity'], 'error'],
    ['a finding without evidence', ['findings', 0, 'evidence'], undefined],
    ['evidence that is an object', ['findings', 0, 'evidence', 'x'], {}],
    ['a fix without a text', ['findings', 0, 'fix', 0, 'text'], undefined],
    ['a fix with a further field', ['findings', 0, 'fix', 0, 'url'], 'x'],
    ['a reference that is no link', ['findings', 0, 'reference'], 'see above'],
    ['another unit', ['metrics', 0, 'unit'], 'Bytes'],
    ['values that are texts', ['metrics', 0, 'values'], ['1']],
    ['a dimension that is a number', ['metrics', 0, 'dimensions', 'Fleet'], 1],
    ['an observation without its time', ['observations', 'host', 'tookMs'], undefined],
    [
      'an observation with value and failure',
      ['observations', 'host', 'failure'],
      { kind: 'reset', detail: '' },
    ],
    ['a failure of an unknown kind', ['observations', 'host'], lost('lost' as 'reset')],
    ['a failure with a further field', ['observations', 'host'], { ...lost('reset'), code: 1 }],
    ['a role without a margin', [...ROLE, 'value', 'marginSeconds'], undefined],
    ['a role with a secret', [...ROLE, 'value', 'secretAccessKey'], 'x'],
    ['a whole access key id', [...ROLE, 'value', 'accessKeyId'], 'ASIAEXAMPLEEXAMPLE'],
    ['a margin that is a text', [...ROLE, 'value', 'marginSeconds'], '12'],
    ['a failure with a value', ROLE, { ...aRole(), ok: false }],
    ['an offset without its bound', ['observations', 'clock-offset', 'value', 'errorBoundMs'], undefined],
    ['a leap indicator of 4', ['observations', 'clock-offset', 'value', 'leap'], 4],
    ['a chain won by a stranger', ['observations', 'credential-chain', 'value', 'winner'], 'vault'],
    ['a source with a secret', ['observations', 'credential-chain', 'value', 'sources', 0, 'secret'], 'x'],
    ['a proxy route that is none', ['observations', 'proxy-settings', 'value', 'routes', 'curl'], 'maybe'],
    ['a client that is not named', ['observations', 'proxy-settings', 'value', 'routes', 'go'], undefined],
  ] as const)('%s', (_what, path, value) => {
    expect(problems(broken(path, value))).not.toEqual([]);
  });
});
