// Keeps a file up to date with the latest report: replaced as a whole, readable by everybody, gone when the agent stops.
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Sink } from '../core/ports.ts';
import type { Report } from '../core/report.ts';

export interface FileSinkOptions {
  readonly name: string;
  readonly file: string;
  readonly render: (report: Report) => string;
  /** Whether the file's folder is made where it is missing; one level only, lest a typing error makes a tree. */
  readonly makeFolder?: boolean;
}

export interface FileSink {
  readonly sink: Sink;
  /** Removes the file: what nobody keeps up to date must not be believed. Never rejects. */
  close(): Promise<void>;
}

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

export function createFileSink({ name, file, render, makeFolder = false }: FileSinkOptions): FileSink {
  // Not ending like the file itself: node_exporter reads every *.prom.
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.new`);
  let closed = false;
  let writing: Promise<unknown> = Promise.resolve();

  const begin = async (): Promise<fs.FileHandle> => {
    try {
      return await fs.open(temporary, 'wx', FILE_MODE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // A killed agent of the same id may have left one; a link that somebody put there is not followed.
      await fs.unlink(temporary);
      return fs.open(temporary, 'wx', FILE_MODE);
    }
  };

  const replace = async (text: string): Promise<void> => {
    if (makeFolder) await fs.mkdir(path.dirname(file), { mode: FOLDER_MODE }).catch(ignoreExisting);
    const handle = await begin();
    try {
      try {
        await handle.writeFile(text);
        await handle.chmod(FILE_MODE);
      } finally {
        await handle.close();
      }
      if (closed) throw new Error('it is closed');
      await fs.rename(temporary, file);
    } catch (error) {
      await fs.unlink(temporary).catch(() => undefined);
      if (!closed) throw error;
    }
  };

  return {
    sink: {
      name,
      deliver: async (report) => {
        if (closed) return;
        const done = replace(render(report));
        writing = done.catch(() => undefined);
        await done;
      },
    },
    async close() {
      closed = true;
      await writing;
      await fs.rm(file, { force: true }).catch(() => undefined);
    },
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
