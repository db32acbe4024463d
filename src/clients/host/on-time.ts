// Reads a small file at start-up: at once where that can be done, else by a process that may be left behind.
import path from 'node:path';
import type { FileRead } from '../../core/host.ts';
import type { Apart } from './apart.ts';
import { isFar } from './mounts.ts';
import { readFileBounded } from './read.ts';

/** Starting the process included. */
const PATIENCE_MS = 2000;

/** As it is told of a file whose server is gone. */
export const SILENT: FileRead = { state: 'unreadable', detail: 'its file system does not answer' };

/** `readFileBounded`, for files whose server may be gone. `apart` null: there is no other way. */
export function readFileOnTime(
  file: string,
  limitBytes: number,
  apart: Apart | null,
): FileRead | Promise<FileRead> {
  return apart === null || !isFar(file)
    ? readFileBounded(file, limitBytes)
    : readFar(file, limitBytes, apart);
}

async function readFar(file: string, limitBytes: number, apart: Apart): Promise<FileRead> {
  const limits = { signal: new AbortController().signal, withinMs: PATIENCE_MS };
  const end = await apart('file', { path: path.resolve(file), limitBytes }, limits);
  switch (end.state) {
    case 'answered':
      return end.value;
    case 'silent':
      return SILENT;
    case 'failed':
      return { state: 'unreadable', detail: 'the process that reads it could not be started' };
  }
}
