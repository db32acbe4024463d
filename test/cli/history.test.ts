// Runs `history` as a process: on a recording, on a copy, and where there is none that may be read.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../support/program.ts';
import { aCycle, aFolder, anEvent, opened, removeFolders } from '../support/recorder.ts';

afterAll(removeFolders);

/** A recording of which the second half is gone. */
function halfOfOne(): string {
  const file = path.join(recorded(), 'recorder.db');
  fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
  return file;
}

/** A folder with a recording of five cycles that ended just now. */
function recorded(endSeconds = Math.floor(Date.now() / 1000)): string {
  const folder = aFolder();
  const { recorder } = opened(folder);
  for (let index = 4; index >= 0; index--) {
    const at = endSeconds - index * 60;
    recorder.record(aCycle(at, { events: index === 2 ? [anEvent(at)] : [] }));
  }
  recorder.close();
  return folder;
}

describe.concurrent('history', () => {
  it('reads the recording of the state folder', async () => {
    const ended = await run(['history', '--state-dir', recorded(), '--since', '1h'], {});
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('5 cycles, 1 finding, 4 rotations');
    expect(ended.stdout).toContain('imds-slow');
  });

  it('reads an old copy up to its own end', async () => {
    const copy = path.join(aFolder(), 'copy.db');
    fs.copyFileSync(path.join(recorded(1_700_000_000), 'recorder.db'), copy);
    const json = await run(['history', '--file', copy, '--since', '150s', '--json'], {});
    expect(JSON.parse(json.stdout)).toMatchObject({ to: '2023-11-14T22:13:20.000Z', cycles: { length: 3 } });
    const csv = await run(['history', '--file', copy, '--format', 'csv'], {});
    expect(csv.stdout.split('\n')).toHaveLength(7);
  });

  it.each<[string, () => string[], number, RegExp]>([
    [
      'no recording yet',
      () => ['--state-dir', '/nonexistent'],
      64,
      /there is no recording at \/nonexistent\/recorder\.db: the agent makes it/,
    ],
    ['no such copy', () => ['--file', '/nonexistent/x.db'], 64, /there is no file \/nonexistent\/x\.db$/],
    ['another kind of file', () => ['--file', process.execPath], 64, /is not a recording of imds-probe/],
    ['half a recording', () => ['--file', halfOfOne()], 3, /recorder\.db is damaged: /],
    ['another command’s format', () => ['--format', 'nagios'], 64, /allowed: text, json or csv/],
    ['no duration', () => ['--since', 'yesterday'], 64, /such as 90m, 24h or 7d/],
  ])('says in one line what is wrong: %s', async (_, args, code, line) => {
    const ended = await run(['history', ...args()], {});
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr.trimEnd()).toMatch(line);
    expect(ended.stderr.split('\n')).toHaveLength(2);
  });
});
