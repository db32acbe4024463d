// When an instance sends, and how a fleet of them spreads.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, Severity } from '../../src/core/report.ts';
import { alarmingState, type FlushState, flushDue } from '../../src/sinks/flush-schedule.ts';

const state = (changes: Partial<FlushState> = {}): FlushState => ({
  nowMs: 100_000,
  lastMs: 90_000,
  intervalMs: 300_000,
  phase: 0,
  failures: 0,
  alarmTries: null,
  freshCredentials: false,
  ...changes,
});

describe('flushDue', () => {
  it.each([
    ['nothing happened', {}, false],
    ['somebody should know', { alarmTries: 0 }, true],
    ['its place in the interval has come', { nowMs: 300_000 }, true],
    ['its place has come, by its phase', { nowMs: 150_000, phase: 0.5 }, true],
    ['its place is just ahead', { nowMs: 149_999, phase: 0.5 }, false],
    ['the last flush failed', { failures: 1 }, false],
    ['the last flush failed, and its place has come', { failures: 1, nowMs: 300_000 }, true],
    ['it failed often, and somebody should know', { failures: 9, alarmTries: 0 }, true],
    ['an alarm failed once', { failures: 1, alarmTries: 1 }, true],
    ['an alarm failed twice, and a quarter is not over', { alarmTries: 2, nowMs: 164_999 }, false],
    ['an alarm failed twice, and a quarter is over', { alarmTries: 2, nowMs: 165_000 }, true],
    ['an alarm failed three times, and half is not over', { alarmTries: 3, nowMs: 239_999 }, false],
    ['an alarm failed three times, and half is over', { alarmTries: 3, nowMs: 240_000 }, true],
    ['an alarm failed often', { alarmTries: 9, failures: 9, nowMs: 299_999 }, false],
    ['an alarm failed often, and its place has come', { alarmTries: 9, nowMs: 300_000 }, true],
    ['it failed often, and there are fresh credentials', { failures: 9, freshCredentials: true }, true],
    ['there are fresh credentials, and nothing failed', { freshCredentials: true }, false],
  ])('%s: %s', (_name, changes, due) => {
    expect(flushDue(state(changes))).toBe(due);
  });

  it('sends at least once in an interval and a cycle, whatever the phase and the rhythm', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1_000, max: 120_000 }),
        fc.integer({ min: 1_000, max: 600_000 }),
        (phase, cycleMs, intervalMs) => {
          let lastMs = 0;
          for (let nowMs = cycleMs; nowMs < 2_000_000; nowMs += cycleMs) {
            if (!flushDue(state({ nowMs, lastMs, intervalMs, phase }))) continue;
            expect(nowMs - lastMs).toBeLessThan(intervalMs + cycleMs);
            lastMs = nowMs;
          }
        },
      ),
    );
  });

  it('spreads a fleet that was started at the same moment over the whole interval', () => {
    const perSecond = new Map<number, number>();
    const fleet = 3_000;
    for (let member = 0; member < fleet; member++) {
      const phase = member / fleet;
      const cycle = Array.from({ length: 300 }, (_, second) => second * 1000 + 1);
      const first = cycle.find((nowMs) => flushDue(state({ nowMs, lastMs: 0, phase }))) ?? 300_000;
      const second = Math.floor(first / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual((2 * fleet) / 300);
  });
});

describe('alarmingState', () => {
  const finding = (id: string, severity: Severity): Finding => ({
    id,
    severity,
    title: '',
    cause: 'changes from cycle to cycle',
    evidence: {},
    fix: [],
    reference: '',
  });

  it('knows what stands of warning and critical, in any order', () => {
    const a = finding('imds-slow', 'warning');
    const b = finding('role-missing', 'critical');
    expect(alarmingState([a, b])).toBe(alarmingState([b, { ...a, cause: 'else' }]));
    expect(alarmingState([a])).not.toBe(alarmingState([a, b]));
    expect(alarmingState([a])).not.toBe(alarmingState([{ ...a, severity: 'critical' }]));
    expect(alarmingState([finding('imds-v1-enabled', 'info')])).toBe(alarmingState([]));
  });

  it('leaves out what is about the delivery itself', () => {
    const about = ['publish-failing', 'outbox-growing', 'cloudwatch-unreachable'];
    expect(alarmingState(about.map((id) => finding(id, 'warning')))).toBe(alarmingState([]));
  });
});
