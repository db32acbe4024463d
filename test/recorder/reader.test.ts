// Reading the recorder's file: for the group, after a stop or a kill, from a copy, and whatever else lies there.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { readHistory } from '../../src/recorder/reader.ts';
import { aCycle, aFolder, anEvent, aSummary, opened, removeFolders } from '../support/recorder.ts';

afterEach(removeFolders);

const recorded = (): string => {
  const folder = aFolder();
  const { recorder } = opened(folder);
  recorder.record(aCycle(100, { events: [anEvent(100)] }));
  recorder.close();
  return path.join(folder, 'recorder.db');
};

/** Alters the file by SQL of somebody else. */
function altered(sql: string): string {
  const file = recorded();
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
  return file;
}

const troubleWith = async (file: string): Promise<string> => {
  const read = await readHistory(file, { seconds: 4e9, end: null });
  return read.ok ? 'none' : read.trouble;
};

describe('readHistory', () => {
  it('leaves nothing beside the file, and nothing in it', async () => {
    const file = recorded();
    const before = fs.readFileSync(file);
    const read = await readHistory(file, { seconds: 4e9, end: null });
    expect(read.ok && read.history.cycles).toEqual([aSummary(100)]);
    expect(fs.readdirSync(path.dirname(file)).sort()).toEqual(['recorder.db', 'recorder.lock']);
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  it('reads a copy under a name full of URL', async () => {
    const copy = path.join(aFolder(), 'from host a?mode=rwc&immutable=0#x %41.db');
    fs.copyFileSync(recorded(), copy);
    expect(await troubleWith(copy)).toBe('none');
  });

  it.each([
    ['no file', 'absent', () => path.join(aFolder(), 'recorder.db')],
    ['a folder', 'foreign', () => aFolder()],
    [
      'a text',
      'foreign',
      () => {
        const file = path.join(aFolder(), 'x');
        fs.writeFileSync(file, 'a text\n'.repeat(1000));
        return file;
      },
    ],
    [
      'an empty file',
      'foreign',
      () => {
        const file = path.join(aFolder(), 'x');
        fs.writeFileSync(file, '');
        return file;
      },
    ],
    ['another program’s', 'foreign', () => altered('PRAGMA application_id = 7')],
    ['a later version', 'newer', () => altered('PRAGMA user_version = 9')],
    ['one without its tables', 'damaged', () => altered('DROP TABLE event')],
    [
      'one with a view that never ends in place of a table',
      'damaged',
      () =>
        altered(
          'DROP TABLE cycle; CREATE VIEW cycle AS WITH RECURSIVE n(at) AS (VALUES(1) UNION ALL SELECT at+1 FROM n) SELECT * FROM n',
        ),
    ],
  ])('says what is wrong with %s', async (_, trouble, make) => {
    expect(await troubleWith(make())).toBe(trouble);
  });

  it('takes no word of the file’s for granted', async () => {
    const file = altered(`
      UPDATE event SET what = 'exploded', severity = 'fatal', cause = char(27) || '[31mred' || char(10) || 'x';
      UPDATE cycle SET status = 'fine', role = char(8238) || 'evil', access_key = '${'A'.repeat(200)}';
      UPDATE state SET value = '{"instanceId": {"a": 1}, "region": "eu\\u0007-west-1"}' WHERE name = 'instance'`);
    const read = await readHistory(file, { seconds: 4e9, end: null });
    if (!read.ok) throw new Error(read.detail);
    const { cycles, events, instance } = read.history;
    expect(events).toEqual([anEvent(100, { what: 'changed', severity: 'info', cause: '[31mred x' })]);
    expect(cycles[0]).toMatchObject({ status: 'unknown', roleName: 'evil' });
    expect(cycles[0]?.accessKeyId).toHaveLength(20);
    expect(instance).toMatchObject({ instanceId: null, region: 'eu -west-1' });
  });
});
