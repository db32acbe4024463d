// A repeated error is said now and then, with how often it was held back.
import { describe, expect, it } from 'vitest';
import { admit, forget, NOTHING_SAID, type Repeats } from '../../src/sinks/repeats.ts';

/** What was said: [time, suppressed], for the same key at these times. */
function said(times: readonly number[], everyMs: number): [number, number][] {
  let repeats = NOTHING_SAID;
  const told: [number, number][] = [];
  for (const time of times) {
    const admission = admit(repeats, 'x', time, everyMs);
    repeats = admission.repeats;
    if (admission.say) told.push([time, admission.suppressed]);
  }
  return told;
}

describe('admit', () => {
  it('says it at once, and then once in a while with the count', () => {
    expect(said([0, 10, 20, 99, 100, 150, 199, 200, 500], 100)).toEqual([
      [0, 0],
      [100, 3],
      [200, 2],
      [500, 0],
    ]);
  });

  it('keeps different errors apart', () => {
    const first = admit(NOTHING_SAID, 'a', 0, 100);
    expect(admit(first.repeats, 'b', 1, 100).say).toBe(true);
    expect(admit(first.repeats, 'a', 1, 100).say).toBe(false);
  });

  it('remembers a bounded number of them', () => {
    let repeats: Repeats = NOTHING_SAID;
    for (let index = 0; index < 1_000; index++) repeats = admit(repeats, `key ${index}`, index, 1e9).repeats;
    expect(repeats.size).toBe(100);
    expect(admit(repeats, 'key 999', 1_000, 1e9).say).toBe(false);
    expect(admit(repeats, 'key 1', 1_000, 1e9).say).toBe(true);
  });

  it('says it anew once it was over', () => {
    const { repeats } = admit(admit(NOTHING_SAID, 'publish x', 0, 100).repeats, 'other x', 0, 100);
    const over = forget(repeats, 'publish ');
    expect(admit(over, 'publish x', 1, 100).say).toBe(true);
    expect(admit(over, 'other x', 1, 100).say).toBe(false);
  });
});
