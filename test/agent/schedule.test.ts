// Where an agent's beats lie.
import { describe, expect, it } from 'vitest';
import { firstBeat, lateness } from '../../src/agent/schedule.ts';

describe('firstBeat', () => {
  it.each<[string, number, number, number]>([
    ['a short interval begins now', 1_000, 0.9, 5_000],
    ['a minute is spread: earliest', 60_000, 0, -25_000],
    ['a minute is spread: latest', 60_000, 1, 35_000],
  ])('%s', (_name, interval, phase, expected) => {
    expect(firstBeat(5_000, interval, phase)).toBe(expected);
  });
});

describe('lateness', () => {
  it.each<[string, number, number]>([
    ['on time', 5_000, 0],
    ['a little late', 5_400, 400],
    ['a moment early', 4_999.5, -0.5],
    ['by more than a beat: that one was left out', 8_250, 250],
  ])('%s', (_name, now, expected) => {
    expect(lateness(5_000, 1_000, now)).toBe(expected);
  });
});
