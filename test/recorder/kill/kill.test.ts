// kill -9 at any instruction: what was recorded stays, a cycle and its metrics together, and the folder is free at once.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHistory } from '../../../src/recorder/reader.ts';
import { aFolder, opened, removeFolders } from '../../support/recorder.ts';

const ROUNDS = 10;
afterAll(removeFolders);

/** Kills the writer `afterMs` after its first line; answers the last number it printed. */
function writeAndKill(folder: string, from: number, afterMs: number): Promise<number> {
  const writer = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'writer.ts'), folder, String(from)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let printed = '';
  return new Promise((resolve) => {
    writer.stdout.once('data', () => setTimeout(() => writer.kill('SIGKILL'), afterMs));
    writer.stdout.on('data', (text: Buffer) => {
      printed += text.toString();
    });
    writer.on('close', () => resolve(Number(printed.split('\n').at(-2) ?? 0)));
  });
}

describe('kill -9', () => {
  it('loses nothing that was recorded, and keeps cycles and metrics together', async () => {
    const folder = aFolder();
    let from = 1;
    for (let round = 0; round < ROUNDS; round++) {
      const last = await writeAndKill(folder, from, (round * 7) % 40);
      expect(last).toBeGreaterThanOrEqual(from);
      // What the dead left is readable before anybody writes again.
      const read = await readHistory(path.join(folder, 'recorder.db'), { seconds: 4e9, end: null });
      expect(read.ok).toBe(true);
      const cycles = read.ok ? read.history.cycles.map(({ at }) => at) : [];
      const { recorder, told } = opened(folder);
      expect(told).toEqual([]);
      const data = recorder.outbox.newest(1e6);
      const waiting = data.map(({ timestamp }) => timestamp);
      recorder.outbox.accepted(data.filter(({ timestamp }) => timestamp % 5 === 0).map(({ id }) => id));
      recorder.close();

      const latest = cycles.at(-1) ?? 0;
      // One more may be kept than was said to be; every one that was said is there, in order, once.
      expect(latest === last || latest === last + 1).toBe(true);
      expect(cycles).toEqual(Array.from({ length: latest }, (_, index) => index + 1));
      // Accepted ones are gone; where the kill fell before that, they wait.
      const expected = cycles.filter((at) => at % 5 !== 0 || (at === latest && waiting.includes(at)));
      expect([...new Set(waiting)].sort((a, b) => a - b)).toEqual(expected);
      expect(waiting).toHaveLength(expected.length * 2);
      from = latest + 1;
    }
  });
});
