// Where an agent's beats lie.
import { describe, expect, it } from 'vitest';
import { firstBeat } from '../../src/agent/schedule.ts';

describe('firstBeat', () => {
  it.each<[string, number, number, number]>([
    ['a short interval begins now', 1_000, 0.9, 5_000],
    ['a minute is spread: earliest', 60_000, 0, -25_000],
    ['a minute is spread: latest', 60_000, 1, 35_000],
  ])('%s', (_name, interval, phase, expected) => {
    expect(firstBeat(5_000, interval, phase)).toBe(expected);
  });
});
