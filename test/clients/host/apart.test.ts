// A process that reads for us: its answer, its silence, and what becomes of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Apart, createApart } from '../../../src/clients/host/apart.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'imds-probe-apart-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
const task = { path: path.join(folder, 'file'), limitBytes: 100 };
writeFileSync(task.path, 'text');

let scripts = 0;
/** One that runs this script instead of the program. */
function running(script: string): Apart {
  scripts += 1;
  const file = path.join(folder, `${scripts}.mjs`);
  writeFileSync(file, script);
  return createApart([process.execPath, file]);
}

const READING = `process.on('message', () => process.send({ reading: '/far/away' }));`;
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('is this program once more', async () => {
  const program = path.resolve(import.meta.dirname, '../../../src/main.ts');
  const apart = createApart([process.execPath, '--no-warnings', program]);
  expect(await apart('file', task, { signal: never })).toEqual({
    state: 'answered',
    value: { state: 'read', text: 'text' },
  });
});

it('hands over what it is given, functions apart, and nothing of the environment but what Node needs', async () => {
  process.env['AWS_SECRET_ACCESS_KEY'] = 'pLaNtEd';
  const apart = running(
    `process.on('message', (m) => process.send({ answer: { m, env: JSON.stringify(process.env) } }));`,
  );
  const end = await apart('file', task, { signal: never });
  delete process.env['AWS_SECRET_ACCESS_KEY'];
  expect(end).toMatchObject({ state: 'answered', value: { m: { kind: 'file', task } } });
  expect(JSON.stringify(end)).not.toContain('pLaNtEd');
});

it.each<[string, string | null]>([
  ['', null],
  [READING, '/far/away'],
])('is left behind when its time is over, and ends then: %s', async (script, at) => {
  const apart = running(`${script} setInterval(() => {}, 1000);`);
  const end = await apart('file', task, { signal: never, withinMs: 700 });
  expect(end).toMatchObject({ state: 'silent', path: at });
  if (end.state === 'silent') await end.over;
});

it('is left behind at the end of the cycle, even where it hears nothing', async () => {
  const pidFile = path.join(folder, 'pid');
  const apart = running(
    `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
     ${READING} process.on('disconnect', () => {}); setTimeout(() => { for (;;); }, 100);`,
  );
  const end = await apart('file', task, { signal: AbortSignal.timeout(600) });
  expect(end.state).toBe('silent');
  if (end.state === 'silent') await end.over;
  const { readFileSync } = await import('node:fs');
  expect(alive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
});

it.each<[string, Apart]>([
  ['ends without a word', running('process.exit(1)')],
  ['is not there', createApart(['/nonexistent/program'])],
])('fails where the process %s', async (_how, apart) => {
  expect(await apart('file', task, { signal: never })).toEqual({ state: 'failed' });
});
