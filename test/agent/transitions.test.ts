// Holds the rules by which findings are raised and cleared from cycle to cycle.
import { describe, expect, it } from 'vitest';
import { type Memory, NOTHING_STANDS, needsAttention, transition } from '../../src/agent/transitions.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { Finding, Severity, Verdict } from '../../src/core/report.ts';

type Seen = 'pass' | 'unknown' | 'skipped' | Severity;

const finding = (id: string, severity: Severity): Finding => ({
  id,
  severity,
  title: id,
  cause: id,
  evidence: {},
  fix: [],
  reference: 'https://example.invalid',
});

/** Plays one check through cycles a minute apart; answers what was raised (+), changed (~) and cleared (-) in each. */
function play(id: string, cycles: readonly Seen[], uptimeSeconds: number | null = 86_400): string[] {
  let memory: Memory = NOTHING_STANDS;
  return cycles.map((seen, cycle) => {
    const failing = seen === 'critical' || seen === 'warning' || seen === 'info';
    const verdict: Verdict = { id, status: failing ? 'fail' : seen, because: '' };
    const step = transition(
      memory,
      {
        verdicts: [verdict],
        findings: failing ? [finding(id, seen)] : [],
        atMs: cycle * 60_000,
        uptimeSeconds: uptimeSeconds === null ? null : uptimeSeconds + cycle * 60,
      },
      CHECKS,
    );
    memory = step.memory;
    const signs = [
      ...step.raised.map(() => '+'),
      ...step.changed.map(() => '~'),
      ...step.cleared.map(() => '-'),
    ];
    return `${signs.join('')}${step.standing.length}`;
  });
}

describe('transition', () => {
  it.each<[string, string, readonly Seen[], readonly string[]]>([
    ['a blip wakes nobody', 'imds-throttled', ['warning', 'pass', 'warning', 'pass'], ['0', '0', '0', '0']],
    ['twice in a row is raised', 'imds-throttled', ['warning', 'warning', 'warning'], ['0', '+1', '1']],
    [
      'and cleared after two passes',
      'imds-throttled',
      ['warning', 'warning', 'pass', 'pass'],
      ['0', '+1', '1', '-0'],
    ],
    [
      'one pass in between does not clear',
      'imds-slow',
      ['warning', 'warning', 'pass', 'warning', 'pass', 'pass'],
      ['0', '+1', '1', '1', '1', '-0'],
    ],
    [
      'unknown neither raises nor clears',
      'imds-slow',
      ['warning', 'unknown', 'warning', 'unknown', 'unknown', 'pass', 'unknown', 'pass'],
      ['0', '0', '+1', '1', '1', '1', '1', '-0'],
    ],
    ['expiry is raised and cleared at once', 'role-credentials-expired', ['critical', 'pass'], ['+1', '-0']],
    [
      'nearer to the end is told at once',
      'role-credentials-expiring',
      ['warning', 'critical', 'critical', 'pass'],
      ['+1', '~1', '1', '-0'],
    ],
    [
      'worse, and better again, after two cycles',
      'clock-skewed',
      [
        'warning',
        'warning',
        'critical',
        'warning',
        'critical',
        'critical',
        'warning',
        'critical',
        'warning',
        'warning',
      ],
      ['0', '+1', '1', '1', '1', '~1', '1', '1', '1', '~1'],
    ],
  ])('%s', (_name, id, cycles, expected) => {
    expect(play(id, cycles)).toEqual(expected);
  });

  it('raises nothing critical about IMDS or the role in the first minute after boot', () => {
    expect(play('imds-unreachable', ['critical', 'critical'], -60)).toEqual(['0', '0']);
    expect(play('imds-unreachable', ['critical', 'critical'], 0)).toEqual(['0', '+1']);
    expect(play('role-credentials-expired', ['critical', 'critical'], 30)).toEqual(['0', '+1']);
    expect(play('imds-unreachable', ['critical', 'critical'], null)).toEqual(['0', '+1']);
    expect(play('role-credentials-expiring', ['warning', 'critical', 'critical'], -60)).toEqual([
      '+1',
      '1',
      '~1',
    ]);
    expect(play('clock-skewed', ['critical', 'critical'], -120)).toEqual(['0', '+1']);
  });

  it('raises the milder where the cycles before differ, and what is worse once it lasts', () => {
    const severities: Severity[][] = [];
    let memory: Memory = NOTHING_STANDS;
    for (const severity of ['warning', 'critical', 'critical'] as const) {
      const step = transition(
        memory,
        {
          verdicts: [{ id: 'imds-throttled', status: 'fail', because: '' }],
          findings: [finding('imds-throttled', severity)],
          atMs: 0,
          uptimeSeconds: null,
        },
        CHECKS,
      );
      memory = step.memory;
      severities.push(step.standing.map((standing) => standing.finding.severity));
    }
    expect(severities).toEqual([[], ['warning'], ['critical']]);
  });

  it('clears what is about to expire once it has expired', () => {
    const cycle = (failing: string, unknown: string) =>
      ({
        verdicts: [
          { id: failing, status: 'fail', because: '' },
          { id: unknown, status: 'unknown', because: '' },
        ],
        findings: [finding(failing, 'critical')],
        atMs: 0,
        uptimeSeconds: null,
      }) as const;
    const [expiring, expired] = ['role-credentials-expiring', 'role-credentials-expired'];
    const first = transition(NOTHING_STANDS, cycle(expiring, expired), CHECKS);
    const second = transition(first.memory, cycle(expired, expiring), CHECKS);
    expect(second.raised.map(({ id }) => id)).toEqual([expired]);
    expect(second.cleared.map(({ id }) => id)).toEqual([expiring]);
    expect(second.standing.map((standing) => standing.finding.id)).toEqual([expired]);
    expect([...second.memory.standing.keys()]).toEqual([expired]);
  });
});

describe('needsAttention', () => {
  const standing = (severity: Severity, sinceMs: number, id = 'x') => [
    { finding: finding(id, severity), sinceMs, passes: 0, shifts: 0 },
  ];
  it.each<[string, Parameters<typeof needsAttention>, boolean]>([
    ['nothing stands', [[], 0], false],
    ['critical, however old', [standing('critical', 0), 1e9], true],
    ['a warning in its first hour', [standing('warning', 0), 3_599_999], true],
    ['a warning after it', [standing('warning', 0), 3_600_000], false],
    ['info never', [standing('info', 0), 0], false],
    ['a warning about the delivery itself', [standing('warning', 0, 'publish-failing'), 0], true],
  ])('%s', (_name, args, expected) => {
    expect(needsAttention(...args)).toBe(expected);
  });
});
