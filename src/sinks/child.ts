// Runs small helper programs one after another: bounded in time and number, and never in the way of a cycle.
import { spawn } from 'node:child_process';

export interface ChildLineOptions {
  /** The program and its fixed arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when a run fails, and why. */
  readonly onFailure: (why: string) => void;
}

export interface ChildLine {
  /** Runs the program with these arguments and this input, once those before have ended. Past the bound, the oldest waiting one is left out. */
  run(args: readonly string[], input?: string): void;
  /** Resolves when everything given so far has ended. */
  idle(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const MAX_WAITING = 100;

interface Job {
  readonly args: readonly string[];
  readonly input: string;
}

export function createChildLine({ command, env, onFailure }: ChildLineOptions): ChildLine {
  const waiting: Job[] = [];
  let working: Promise<void> | null = null;

  const runOne = ({ args, input }: Job): Promise<string | null> =>
    new Promise((resolve) => {
      const [program, ...fixed] = command;
      const child = spawn(program, [...fixed, ...args], {
        env,
        stdio: ['pipe', 'ignore', 'ignore'],
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) =>
        resolve(code === 0 ? null : `${program} ended with ${code ?? signal ?? 'nothing'}`),
      );
      // It may be gone before it has read.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });

  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const why = await runOne(job);
      if (why !== null) onFailure(why);
    }
    working = null;
  };

  return {
    run(args, input = '') {
      waiting.push({ args, input });
      if (waiting.length > MAX_WAITING) waiting.shift();
      working ??= work();
    },
    async idle() {
      while (working !== null) await working;
    },
  };
}
