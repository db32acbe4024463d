// The flight recorder on disks that are full or read-only, and its file read by the group: real mounts and users, so root.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import { readHistory } from '../../src/recorder/reader.ts';
import { aMetric } from '../support/datum.ts';
import { aCycle, aFolder, opened, removeFolders } from '../support/recorder.ts';

const run = (command: string, ...args: string[]): string => {
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const canMount = (() => {
  const folder = aFolder();
  if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status !== 0) return false;
  run('umount', folder);
  return true;
})();
if (!canMount)
  console.warn('SKIPPED: nothing can be mounted here, so no full and no read-only disk was tried');
const unable = !canMount && process.env['CI'] !== 'true';

const mounted: string[] = [];

/** A disk of a megabyte. */
function smallDisk(): string {
  const folder = aFolder();
  run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
  mounted.push(folder);
  return folder;
}

function fill(folder: string): string {
  const filler = path.join(folder, 'filler');
  const fd = fs.openSync(filler, 'w');
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    fs.closeSync(fd);
  }
  return filler;
}

const kinds = (told: readonly AgentEvent[]): string[] =>
  told.map((event) => `${event.type} ${'what' in event ? event.what : ''}`);

afterEach(() => {
  for (const folder of mounted.splice(0)) run('umount', '-l', folder);
});
afterAll(removeFolders);

describe.skipIf(unable)('a full disk', () => {
  it('keeps everything in memory, says so once, and is caught up with as soon as there is room', async () => {
    const folder = smallDisk();
    const { recorder, told } = opened(folder);
    recorder.record(aCycle(1));
    const filler = fill(folder);
    for (let at = 2; at <= 40; at++)
      recorder.record(aCycle(at, { metrics: Array.from({ length: 40 }, () => aMetric()) }));
    expect(kinds(told)).toEqual(['trouble recorder (full)']);
    expect(recorder.outbox.depth().pending).toBe(2 + 39 * 40);
    recorder.outbox.accepted(recorder.outbox.newest(80).map(({ id }) => id));
    fs.rmSync(filler);
    recorder.record(aCycle(41));
    expect(kinds(told)).toEqual(['trouble recorder (full)', 'recovered recorder (full)']);
    // What the kernel has is what a restart finds.
    const read = await readHistory(path.join(folder, 'recorder.db'), { seconds: 4e9, end: null });
    expect(read.ok && read.history.cycles.map(({ at }) => at)).toEqual(
      Array.from({ length: 41 }, (_, index) => index + 1),
    );
    expect(read.ok && read.history.pending).toBe(2 + 39 * 40 - 80 + 2);
    recorder.close();
  });

  it('is started on, too', () => {
    const folder = smallDisk();
    const filler = fill(folder);
    const { recorder, told } = opened(folder);
    for (let at = 1; at <= 3; at++) recorder.record(aCycle(at));
    expect(kinds(told)).toEqual(['trouble recorder (full)']);
    fs.rmSync(filler);
    recorder.record(aCycle(4));
    recorder.close();
    const again = opened(folder);
    expect(again.recorder.outbox.depth().pending).toBe(8);
    expect(again.told).toEqual([]);
    again.recorder.close();
  });
});

describe.skipIf(unable)('a read-only disk', () => {
  it('is the same', () => {
    const folder = smallDisk();
    const first = opened(folder);
    first.recorder.record(aCycle(1));
    first.recorder.close();
    run('mount', '-o', 'remount,ro', folder);
    const { recorder, told } = opened(folder);
    for (let at = 2; at <= 5; at++) recorder.record(aCycle(at));
    expect(kinds(told)).toEqual(['trouble recorder (read-only)']);
    run('mount', '-o', 'remount,rw', folder);
    recorder.record(aCycle(6));
    expect(kinds(told)).toEqual(['trouble recorder (read-only)', 'recovered recorder (read-only)']);
    expect(recorder.outbox.depth().pending).toBe(12);
    recorder.close();
    const again = opened(folder);
    expect(again.recorder.outbox.newest(100).map(({ timestamp }) => timestamp)).toEqual([
      6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1,
    ]);
    again.recorder.close();
  });
});

describe.skipIf(unable)('the group', () => {
  const GROUP = 54321;

  /** Reads as a user that is in the agent's group, or in none. */
  function readAs(group: number, folder: string): { ok: boolean; cycles?: number; trouble?: string } {
    const module = path.resolve(import.meta.dirname, '../../src/recorder/reader.ts');
    const script = `import { readHistory } from ${JSON.stringify(module)};
      const read = await readHistory(${JSON.stringify(path.join(folder, 'recorder.db'))}, { seconds: 4e9, end: null });
      console.log(JSON.stringify(read.ok ? { ok: true, cycles: read.history.cycles.length } : { ok: false, trouble: read.trouble }));`;
    const who = [`--reuid=54322`, `--regid=${group}`, '--clear-groups'];
    return JSON.parse(run('setpriv', ...who, process.execPath, '--input-type=module', '-e', script));
  }

  it('reads while the agent runs, after a stop and after a kill; others are told that they may not', () => {
    const folder = aFolder();
    const state = path.join(folder, 'state');
    fs.chmodSync(folder, 0o755);
    const { recorder } = opened(state);
    fs.chownSync(state, 0, GROUP);
    for (const name of fs.readdirSync(state)) fs.chownSync(path.join(state, name), 0, GROUP);
    recorder.record(aCycle(1));
    expect(readAs(GROUP, state)).toEqual({ ok: true, cycles: 1 });
    expect(readAs(54399, state)).toEqual({ ok: false, trouble: 'permission' });

    // Killed: the two files beside it stay.
    const copy = path.join(folder, 'killed');
    fs.cpSync(state, copy, { recursive: true, preserveTimestamps: true });
    for (const name of ['.', ...fs.readdirSync(copy)]) fs.chownSync(path.join(copy, name), 0, GROUP);
    fs.chmodSync(copy, 0o750);
    expect(readAs(GROUP, copy)).toEqual({ ok: true, cycles: 1 });

    recorder.close();
    expect(fs.readdirSync(state).sort()).toEqual(['recorder.db', 'recorder.lock']);
    expect(readAs(GROUP, state)).toEqual({ ok: true, cycles: 1 });
  });
});
