// Runs inside a namespace: puts every case on standard input to one real client, and prints where that client went.
// Usage: node runner.ts each COMMAND... (one process a case, the URL last) | lines COMMAND... (one process for all)
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startRecorder } from './recorder.ts';

interface Case {
  readonly variables: Readonly<Record<string, string>>;
  readonly url: string;
}

/** How a client took a case: its own words where it failed. */
type Ask = (asked: Case) => Promise<string | null>;

const [mode, command = '', ...args] = process.argv.slice(2);
const BASE = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8' };

const askEach: Ask = async ({ variables, url }) => {
  const child = spawn(command, [...args, url], {
    env: { ...BASE, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? null : said.trim().slice(0, 300);
};

function askLines(): Ask {
  const child: ChildProcess = spawn(command, args, {
    env: { ...BASE, ...pick(['NODE_OPTIONS', 'IMDS_PROBE_TEST_NAMESPACE']) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdin === null || child.stdout === null) throw new Error('no pipes to the driver');
  const { stdin, stdout } = child;
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return async (asked) => {
    stdin.write(`${JSON.stringify(asked)}\n`);
    const answer = await answers.next();
    if (answer.done === true) throw new Error(`the driver ended at ${JSON.stringify(asked)}`);
    return (JSON.parse(answer.value) as { error: string | null }).error;
  };
}

function pick(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

const recorder = await startRecorder();
const ask = mode === 'each' ? askEach : askLines();
for await (const line of createInterface({ input: process.stdin })) {
  const error = await ask(JSON.parse(line) as Case);
  process.stdout.write(`${JSON.stringify({ contacts: await recorder.take(), error })}\n`);
}
process.exit(0);
