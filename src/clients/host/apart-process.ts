// The other end of `apart.ts`: one task, its answer, and the end.
import type { ApartAnswers, ApartTask, ApartWord } from './apart.ts';
import { readProcesses, readWorld } from './chain/read-world.ts';
import { readFileBounded } from './read.ts';

/** Waits for the task. With the channel gone, nobody wants the answer any more. */
export function serveApart(): void {
  const given = new AbortController();
  const tell = (word: ApartWord): void => void process.send?.(word);
  process.once('disconnect', () => {
    given.abort();
    process.exit();
  });
  process.once('message', (task: ApartTask) => {
    void answerTo(task, (reading) => tell({ reading }), given.signal).then((answer) => tell({ answer }));
  });
}

async function answerTo(
  { kind, task }: ApartTask,
  onReading: (path: string) => void,
  signal: AbortSignal,
): Promise<ApartAnswers[keyof ApartAnswers]> {
  switch (kind) {
    case 'file':
      return readFileBounded(task.path, task.limitBytes);
    case 'world':
      return await readWorld({ ...task, wallMs: Date.now }, { onReading }, signal);
    case 'processes':
      return await readProcesses({ ...task, wallMs: Date.now }, signal);
  }
}
