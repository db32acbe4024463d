// The text report: what comes first, what stays whole, what is never printed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { renderText, type TextOptions } from '../../src/report/text.ts';
import { hostileReport, hostileText } from '../support/hostile-report.ts';
import {
  aDelivery,
  aFinding,
  aReport,
  aVerdict,
  NOBODY,
  SCENARIO_NAMES,
  scenarioReport,
} from '../support/report-builder.ts';
import { aRequest, aRole, aTraffic, healthySnapshot, lost, seen } from '../support/snapshot.ts';

const PLAIN: TextOptions = { colour: false, width: 80, unicode: true };

const linesOf = (report: Report, options: Partial<TextOptions> = {}): string[] =>
  renderText(report, { ...PLAIN, ...options }).split('\n');

describe('the verdict', () => {
  it('comes first, and who it is about second', () => {
    const lines = linesOf(scenarioReport('expired'));
    expect(lines[0]).toBe("CRITICAL  The role's credentials expired 12 min ago");
    expect(lines[1]).toBe('          i-0123456789abcdef0 · role web · eu-west-1a · 2026-11-23 11:59:00 UTC');
  });

  it('says what is not known of the instance', () => {
    expect(linesOf(aReport({ instance: NOBODY }))[1]).toMatch(/^ +instance unknown · 2026/);
  });

  it('is short where all is well', () => {
    const lines = linesOf(scenarioReport('healthy'), { published: aDelivery() });
    expect(lines[0]).toMatch(/^OK {2}The role's credentials are good for 5 h 33 min$/);
    // A terminal of the usual 24 lines holds it.
    expect(lines.length).toBeLessThanOrEqual(23);
  });
});

describe('a finding', () => {
  const report = aReport({
    status: 'critical',
    findings: [aFinding()],
    observations: healthySnapshot({ 'instance-role': aRole({ marginSeconds: -720 }) }),
  });

  it('stands in the order severity and id, title, cause, evidence, fix, reference', () => {
    const text = renderText(report, PLAIN);
    const order = [
      'CRITICAL  role-credentials-expired\n',
      '  The credentials of the role have expired\n',
      '  The metadata service serves credentials that expired 12 min ago.\n',
      '    expiration  2026-11-23T11:47:00Z\n',
      '    margin      −12 min\n',
      '  Fix: Replace the association with itself.\n',
      '  See: https://docs.aws',
    ].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('has its command on a line of its own, whole, blanks kept', () => {
    const command = `aws ec2 do-it --document '{"a":  "${'x'.repeat(300)}"}' --id i-1`;
    const lines = linesOf(aReport({ findings: [aFinding({ fix: [{ text: 'Do it.', command }] })] }), {
      width: 40,
    });
    expect(lines.map((line) => line.trimStart())).toContain(command);
  });

  it('leaves out a command that is too long to be shown whole', () => {
    const findings = [aFinding({ fix: [{ text: 'Do it.', command: 'x'.repeat(5000) }] })];
    expect(renderText(aReport({ findings }), PLAIN)).not.toContain('xxxx');
  });

  it('keeps a command on one line whatever is in it', () => {
    const findings = [aFinding({ fix: [{ text: 'Do it.', command: 'unset A\nrm -rf /tmp/x\u001b[1m' }] })];
    expect(linesOf(aReport({ findings })).map((line) => line.trim())).toContain('unset A rm -rf /tmp/x [1m');
  });

  it('does not repeat its title where the verdict has just said it', () => {
    const text = renderText(scenarioReport('hop-limit'), PLAIN);
    expect(text.match(/The session token is lost on its way/g)).toHaveLength(1);
  });

  it('numbers its fixes when there are several', () => {
    const fix = [{ text: 'First.', command: 'a' }, { text: 'Then.' }];
    const text = renderText(aReport({ findings: [aFinding({ fix })] }), PLAIN);
    expect(text).toContain('  Fix 1: First.\n      a\n  Fix 2: Then.\n');
  });

  it.each(SCENARIO_NAMES)('is named by its id, in order, once for each: %s', (name) => {
    const report = scenarioReport(name);
    const heads = linesOf(report)
      .map((line) => /^(?:CRITICAL|WARNING|INFO) {2}([a-z0-9-]+)$/.exec(line)?.[1])
      .filter((id) => id !== undefined);
    expect(heads).toEqual(report.findings.map((finding) => finding.id));
  });

  it('hints at its runbook once', () => {
    const hints = linesOf(scenarioReport('expiring')).filter((line) => /^More /.test(line));
    expect(hints).toEqual([expect.stringContaining('imds-probe explain role-credentials-expiring')]);
    expect(renderText(scenarioReport('healthy'), PLAIN)).not.toContain('imds-probe explain');
  });
});

describe('evidence', () => {
  it.each([
    [{ marginSeconds: 240 }, 'margin  4 min'],
    [{ tookMs: 12.4 }, 'took  12 ms'],
    [{ offsetMs: -400_000 }, 'offset  −6 min 40 s'],
    [{ accessKeyId: 'ASIA…WXYZ' }, 'access key id  ASIA…WXYZ'],
    [{ renewed: true }, 'renewed  yes'],
    [{ variables: ['HTTP_PROXY', 'NO_PROXY'] }, 'variables  HTTP_PROXY, NO_PROXY'],
    [{ 'odd key|': 1 }, 'odd key|  1'],
    [{ Ms: 3 }, 'Ms  3'],
  ])('%j reads %s', (evidence, line) => {
    expect(linesOf(aReport({ findings: [aFinding({ evidence })] }))).toContain(`    ${line}`);
  });

  it('gives each item of a long list a line, and bounds it', () => {
    const keys = Array.from({ length: 11 }, (_, index) => `AKIA…${index} in a profile`);
    const lines = linesOf(aReport({ findings: [aFinding({ evidence: { keys } })] }));
    expect(lines.slice(lines.indexOf('    keys  AKIA…0 in a profile'))).toEqual(
      expect.arrayContaining(['          AKIA…1 in a profile', '          and 3 more']),
    );
    expect(lines.join()).not.toContain('AKIA…8');
  });

  it('leaves out what is null or empty', () => {
    const report = aReport({ findings: [aFinding({ evidence: { container: null, ids: [] } })] });
    expect(renderText(report, PLAIN)).not.toMatch(/container|ids/);
  });
});

describe('what was seen', () => {
  const rows = (observations: Report['observations']): string =>
    renderText(aReport({ observations }), { ...PLAIN, width: 100 });

  it.each([
    ['a token', healthySnapshot(), 'Metadata service  answers; session token in 2 ms, good for 6 h'],
    ['the role', healthySnapshot(), 'Role              web, access key ASIA…WXYZ'],
    ['until when', healthySnapshot(), '  expires         in 5 h 33 min (2026-11-23 17:30:00 UTC)'],
    ['since when', healthySnapshot(), '  issued          10 min ago'],
    ['the clock', healthySnapshot(), 'Clock             0.4 ms slow ± 0.9 ms, by 169.254.169.123:123'],
    ['requests', healthySnapshot(), 'Requests          5 sent on 1 connection, slowest 2 ms'],
    [
      'an endpoint that is not the usual one',
      healthySnapshot({
        'imds-traffic': seen({ endpoint: 'http://127.0.0.1:1', connections: 0, requests: [] }),
      }),
      '  endpoint        http://127.0.0.1:1',
    ],
    [
      'the same failure once',
      healthySnapshot({
        'imds-token': lost('refused', 'nobody listens'),
        'instance-role': lost('refused', 'no session token: nobody listens'),
      }),
      'Role              not known, for the same reason',
    ],
    [
      'a role EC2 cannot assume',
      healthySnapshot({ 'instance-role': aRole({ code: 'AssumeRoleUnauthorizedAccess' }) }),
      'web, but EC2 says AssumeRoleUnauthorizedAccess',
    ],
    [
      'a request without a token',
      healthySnapshot({
        'imds-tokenless': seen({ asked: true, status: 401 }, 1000),
        'imds-traffic': aTraffic([
          aRequest('token', null, 1000, 'response-timeout'),
          aRequest('tokenless', 401, 3),
        ]),
      }),
      '  without token   HTTP 401 in 3 ms (tokens are required)',
    ],
    [
      'the Date header where no time server answered',
      healthySnapshot({ 'clock-offset': lost('response-timeout', 'nobody answered') }),
      'Clock             right ± 500 ms, by the Date header of IMDS; nobody answered',
    ],
    [
      'a failure in the words of the probe',
      { 'imds-token': lost('refused', '169.254.169.254:80 refused the connection') },
      'Metadata service  169.254.169.254:80 refused the connection',
    ],
    [
      'a defect of ours as ours',
      { 'imds-token': lost('crashed', 'TypeError: x') },
      'Metadata service  a defect in imds-probe: TypeError: x',
    ],
    [
      'that no clock is known',
      { 'clock-offset': lost('response-timeout', 'nobody answered') },
      'Clock  not known: nobody answered',
    ],
    [
      'trouble with requests, without the one sent through a proxy on purpose',
      {
        'imds-traffic': aTraffic([
          aRequest('token', 429),
          aRequest('token', null, 9, 'reset'),
          aRequest('proxied', 503, 3000),
        ]),
      },
      'Requests  2 sent on 1 connection, slowest 9 ms, 1 throttled, 1 unanswered',
    ],
  ] satisfies [string, Report['observations'], string][])('tells %s', (_what, observations, line) => {
    expect(rows(observations)).toContain(line);
  });

  it('lists every request on demand', () => {
    expect(renderText(scenarioReport('throttled'), { ...PLAIN, verbose: true })).toContain(
      '  0 ms  PUT     token        429     2 ms\n',
    );
  });
});

describe('the rest', () => {
  it('tells what could not be judged, once for each failed observation', () => {
    const observations = healthySnapshot({
      'instance-role': lost('refused', 'not read: nobody listens'),
      'imds-token': lost('refused', 'nobody listens'),
    });
    const verdicts = [
      aVerdict({ id: 'imds-slow', status: 'unknown', because: 'no answer: nobody listens' }),
      aVerdict({ id: 'role-missing', status: 'unknown', because: 'not read: nobody listens' }),
      aVerdict({ id: 'clock-skewed', status: 'unknown', because: 'no time' }),
    ];
    expect(renderText(aReport({ observations, verdicts }), PLAIN)).toContain(
      'Could not be judged\n  imds-slow, role-missing\n    nobody listens\n  clock-skewed\n    no time\n',
    );
  });

  it('tells what was skipped shortly, and why on demand', () => {
    const verdicts = [aVerdict({ status: 'skipped', because: '--offline' })];
    expect(renderText(aReport({ verdicts }), PLAIN)).toMatch(/Skipped +imds-slow\n/);
    expect(renderText(aReport({ verdicts }), PLAIN)).not.toContain('--offline');
    expect(renderText(aReport({ verdicts }), { ...PLAIN, verbose: true })).toContain(
      'Skipped\n  imds-slow\n    --offline\n',
    );
  });

  it('counts what was skipped where naming it all would take too long', () => {
    const verdicts = (because: (index: number) => string) =>
      Array.from({ length: 9 }, (_, index) =>
        aVerdict({ id: `check-${index}`, status: 'skipped', because: because(index) }),
      );
    expect(renderText(aReport({ verdicts: verdicts(() => '--offline') }), PLAIN)).toMatch(
      /Skipped +9 checks: --offline\n/,
    );
    expect(renderText(aReport({ verdicts: verdicts(String) }), PLAIN)).toMatch(
      /Skipped +9 checks; --verbose says which and why\n/,
    );
  });

  it.each([
    [aDelivery(), '14 accepted by CloudWatch at https://monitoring.eu-west-1.amazonaws.com'],
    [
      aDelivery({
        accepted: 0,
        pending: 14,
        oldestSeconds: 600,
        failure: { code: 'ExpiredToken', detail: 'the token is expired' },
      }),
      'not delivered to https://monitoring.eu-west-1.amazonaws.com: ExpiredToken - the token is expired; 14 wait to be sent, the oldest for 10 min',
    ],
    [aDelivery({ rejected: 1 }), 'amazonaws.com; 1 refused for good'],
    [aDelivery({ pending: 3, oldestSeconds: 0 }), 'amazonaws.com; 3 wait to be sent'],
  ])('tells where metrics went', (published, words) => {
    const text = renderText(aReport(), { ...PLAIN, width: 100, published });
    expect(text.slice(text.indexOf('Metrics')).replace(/\n +/g, ' ')).toContain(words);
  });
});

describe('style', () => {
  it('colours only when asked to', () => {
    const report = scenarioReport('expired');
    expect(renderText(report, PLAIN)).not.toContain('\u001b');
    const coloured = renderText(report, { ...PLAIN, colour: true });
    expect(coloured).toMatch(/^\u001b\[1;31mCRITICAL\u001b\[0m /);
    expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(renderText(report, PLAIN));
  });

  it('keeps to ASCII where the terminal knows no more, except inside commands and key ids', () => {
    const fix = [{ text: 'Größe – so', command: 'cat "/tmp/Größe"' }];
    const text = renderText(aReport({ findings: [aFinding({ fix })] }), { ...PLAIN, unicode: false });
    const besides = text.replace('cat "/tmp/Größe"', '').replaceAll('ASIA…WXYZ', '');
    expect(besides).toMatch(/^[\n -~]*$/);
    expect(text).toContain('Gr??e - so');
    expect(text).toContain('cat "/tmp/Größe"');
  });
});

// A line may be wider than the terminal only where it holds a command or a URL.
const tooWide = (text: string, width: number, commands: readonly string[]): string[] =>
  text
    .split('\n')
    .filter((line) => displayWidth(line) > width)
    .filter((line) => !/https?:\/\//.test(line) && !commands.includes(line.trim()));

describe('for every report, however hostile its texts', () => {
  const style = fc.record({
    width: fc.integer({ min: -5, max: 200 }),
    unicode: fc.boolean(),
    verbose: fc.boolean(),
  });

  it('no control character is printed, and no line is too wide', () => {
    fc.assert(
      fc.property(hostileReport, style, (report, { width, unicode, verbose }) => {
        const text = renderText(report, { colour: false, width, unicode, verbose });
        expect(text).toMatch(/\n$/);
        expect(text.replaceAll('\n', '')).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\ud800(?![\udc00-\udfff])/,
        );
        // Commands are the lines with an indent of exactly six blanks.
        const commands = text.split('\n').filter((line) => /^ {6}\S/.test(line));
        expect(
          tooWide(
            text,
            Math.max(40, width),
            commands.map((line) => line.trim()),
          ),
        ).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('prose is wrapped at any width', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 40, max: 100 }), (cause, width) => {
        const text = renderText(aReport({ findings: [aFinding({ cause, fix: [] })] }), { ...PLAIN, width });
        expect(tooWide(text, width, [])).toEqual([]);
      }),
    );
  });
});
