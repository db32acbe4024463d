// Files that are replaced as a whole: never half, never somebody else's, gone at the end.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileSink } from '../../src/sinks/file.ts';
import { aReport } from '../support/report-builder.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});
const aFolder = (): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'imds-probe-file-'));
  folders.push(folder);
  return folder;
};

const signal = new AbortController().signal;
const report = aReport();

describe('a file that follows the report', () => {
  it('is for everybody to read, under any umask', async () => {
    const file = path.join(aFolder(), 'status.json');
    const before = process.umask(0o077);
    try {
      await createFileSink({ name: 'x', file, render: () => 'one' }).sink.deliver(report, signal);
    } finally {
      process.umask(before);
    }
    expect([fs.readFileSync(file, 'utf8'), fs.statSync(file).mode & 0o777]).toEqual(['one', 0o644]);
  });

  it('is whole whenever somebody looks', async () => {
    const file = path.join(aFolder(), 'status.json');
    let count = 0;
    const text = (): string => `${String(count++).repeat(50_000)}end`;
    const { sink } = createFileSink({ name: 'x', file, render: text });
    await sink.deliver(report, signal);
    let writing = true;
    const done = (async () => {
      for (let times = 0; times < 30; times++) await sink.deliver(report, signal);
      writing = false;
    })();
    while (writing) {
      expect(fs.readFileSync(file, 'utf8')).toMatch(/end$/);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
  });

  it('leaves nothing beside it, and does not follow a link that was laid there', async () => {
    const folder = aFolder();
    const target = path.join(folder, 'precious');
    fs.writeFileSync(target, 'precious');
    const file = path.join(folder, 'imds.prom');
    fs.symlinkSync(target, path.join(folder, `.imds.prom.${process.pid}.new`));
    fs.symlinkSync(target, file);
    await createFileSink({ name: 'x', file, render: () => 'mine' }).sink.deliver(report, signal);
    expect(fs.readFileSync(target, 'utf8')).toBe('precious');
    expect(fs.lstatSync(file).isFile()).toBe(true);
    expect(fs.readdirSync(folder).sort()).toEqual(['imds.prom', 'precious']);
  });

  it('makes its folder where it should, one level of it, and says where it can’t', async () => {
    const folder = aFolder();
    const near = path.join(folder, 'run', 'status.json');
    await createFileSink({ name: 'x', file: near, render: () => '', makeFolder: true }).sink.deliver(
      report,
      signal,
    );
    expect(fs.statSync(path.dirname(near)).mode & 0o777).toBe(0o755);
    for (const options of [
      { file: path.join(folder, 'a', 'b', 'status.json'), makeFolder: true },
      { file: path.join(folder, 'a', 'imds.prom') },
    ]) {
      const { sink } = createFileSink({ name: 'x', render: () => '', ...options });
      await expect(sink.deliver(report, signal)).rejects.toThrow('ENOENT');
    }
  });

  it('is gone after the end, even when a write is under way', async () => {
    const folder = aFolder();
    const file = path.join(folder, 'status.json');
    const { sink, close } = createFileSink({ name: 'x', file, render: () => 'x'.repeat(1e6) });
    await sink.deliver(report, signal);
    const late = sink.deliver(report, signal);
    await close();
    await late;
    await sink.deliver(report, signal);
    expect(fs.readdirSync(folder)).toEqual([]);
    await close();
  });
});
