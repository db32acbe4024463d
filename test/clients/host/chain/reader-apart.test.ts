// What becomes of a reading that another process makes: its answer, its silence, and who is sent after it.
import { expect, it } from 'vitest';
import type { Apart, ApartEnd } from '../../../../src/clients/host/apart.ts';
import { createChainReader } from '../../../../src/clients/host/chain/reader.ts';
import { succeeded } from '../../../../src/core/outcome.ts';

const never = new AbortController().signal;

/** A reader of this process's chain that asks `answers` one by one, the last of them for ever. */
function readerAsking(...answers: readonly ApartEnd<'world' | 'processes'>[]) {
  const asked: string[] = [];
  const apart: Apart = async (kind, task) => {
    // As the real one does: what can't be cloned can't be handed over.
    structuredClone(task);
    asked.push(kind);
    return (answers[asked.length - 1] ?? answers.at(-1)) as never;
  };
  const reader = createChainReader({
    environment: { AWS_SECRET_ACCESS_KEY: 'x' },
    home: null,
    profile: null,
    pid: process.pid,
    allProcesses: true,
    runCredentialProcess: false,
    askContainers: false,
    networkCommand: null,
    wallMs: Date.now,
    apart,
  });
  const world = async () => {
    reader.beginCycle();
    return await reader.world(never);
  };
  return { reader, world, asked };
}

const silent = (path: string | null, over = new Promise<void>(() => {})): ApartEnd<'world'> => ({
  state: 'silent',
  path,
  over,
});

it.each<[string, ApartEnd<'world'>, string, RegExp]>([
  [
    'where it was when it fell silent',
    silent('/home/a/.aws/config'),
    'response-timeout',
    /^\/home\/a\/\.aws\/config: its file system/,
  ],
  ['that it fell silent', silent(null), 'response-timeout', /^process \d+ could not be read/],
  ['that it could not be started', { state: 'failed' }, 'permission', /could not be started/],
])('tells %s', async (_what, end, kind, detail) => {
  const { world } = readerAsking(end);
  expect(await world()).toMatchObject({
    ok: false,
    failure: { kind, detail: expect.stringMatching(detail) },
  });
});

it('sends nobody after one that still stands there, and somebody once it has ended', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { world, asked } = readerAsking(silent('/far', promise), { state: 'failed' });
  await world();
  expect((await world()).ok).toBe(false);
  expect(asked).toEqual(['world']);
  resolve();
  await promise;
  expect(await world()).toMatchObject({ failure: { kind: 'permission' } });
  expect(asked).toEqual(['world', 'world']);
});

it('keeps what signs for the processes, and the silence of one task from the other', async () => {
  const signing = new Map([[7, { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' }]]);
  const none = { asked: true, looked: 1, hidden: 0, processes: [], more: 0 };
  const { reader, world } = readerAsking(silent(null), {
    state: 'answered',
    value: { processes: succeeded(none), signing },
  });
  await world();
  expect(await reader.processes(never)).toMatchObject({ ok: true, value: none });
  expect(reader.processSigning(7)?.accessKeyId).toBe('ASIA');
  reader.beginCycle();
  expect(reader.processSigning(7)).toBeNull();
});
