// Starts boxes in processes of their own, and asks them what arrived.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BehaviourChange } from '../../src/simulator/behaviour.ts';
import type { BoxCounts, BoxQuestion, BoxStarted } from './box-process.ts';

export interface BenchBox {
  /** Variables that point clients at it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Healthy but for `change`, from the next request on. */
  become(change: BehaviourChange): Promise<void>;
  /** Counts from here on. */
  mark(): Promise<void>;
  counts(): Promise<BoxCounts>;
  close(): Promise<void>;
}

export async function openBox(): Promise<BenchBox> {
  const child = fork(path.join(import.meta.dirname, 'box-process.ts'), [], {
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [started] = (await once(child, 'message')) as [BoxStarted];
  const ask = async <T>(question: BoxQuestion): Promise<T> => {
    const answered = once(child, 'message') as Promise<[{ told: T }]>;
    child.send(question);
    return (await answered)[0].told;
  };
  return {
    environment: started.environment,
    become: (change) => ask({ ask: 'change', change }),
    mark: () => ask({ ask: 'mark' }),
    counts: () => ask({ ask: 'counts' }),
    async close() {
      child.send({ ask: 'close' } satisfies BoxQuestion);
      await once(child, 'exit');
    },
  };
}
