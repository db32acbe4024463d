// The end of the program: by itself, past a thread that never comes back, and not before what was written is out.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-leave-'));
afterAll(() => rmSync(folder, { recursive: true }));
const LEAVE = path.resolve(import.meta.dirname, '../../../src/clients/host/leave.ts');
const pipe = path.join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);

let scripts = 0;
function started(script: string) {
  scripts += 1;
  const file = path.join(folder, `${scripts}.mjs`);
  writeFileSync(
    file,
    `import { open } from 'node:fs'; import { leave, leaveNow } from ${JSON.stringify(LEAVE)};\n${script}`,
  );
  const child = spawn(process.execPath, ['--no-warnings', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { child, ended };
}

it.each<[string, string, number]>([
  ['when nothing is left to do', 'leave(3)', 3],
  // Nobody ever writes to the pipe, so a thread waits in open(2) for ever.
  ['past a thread that waits for ever', `open(${JSON.stringify(pipe)}, 'r', () => {}); leave(4)`, 4],
  ['at once', `open(${JSON.stringify(pipe)}, 'r', () => {}); setTimeout(() => leaveNow(5), 50)`, 5],
])('it ends %s', async (_how, script, code) => {
  const { child, ended } = started(script);
  child.stdout.resume();
  child.stderr.resume();
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  expect(await ended).toBe(code);
  clearTimeout(timer);
});

it('lets out what was written, however slowly it is read', async () => {
  const { child, ended } = started(`process.stdout.write('x'.repeat(500_000)); leave(6);`);
  child.stderr.resume();
  await new Promise((resolve) => setTimeout(resolve, 900));
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  expect(await ended).toBe(6);
  expect(length).toBe(500_000);
});
