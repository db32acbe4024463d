// Metrics on standard output: a line a cycle, and none where nobody reads.
import { expect, it } from 'vitest';
import { createEmfSink } from '../../src/sinks/emf.ts';
import { aReport } from '../support/report-builder.ts';

const signal = new AbortController().signal;

it('writes a line a cycle, and nothing where there is none', async () => {
  const lines: string[] = [];
  let line = '{}\n';
  const sink = createEmfSink({ render: () => line, write: (text) => lines.push(text), waiting: () => 0 });
  await sink.deliver(aReport(), signal);
  line = '';
  await sink.deliver(aReport(), signal);
  expect(lines).toEqual(['{}\n']);
});

it('keeps no memory for a reader that stands still', async () => {
  const lines: string[] = [];
  const sink = createEmfSink({
    render: () => '{}\n',
    write: (text) => lines.push(text),
    waiting: () => 2_000_000,
  });
  await expect(sink.deliver(aReport(), signal)).rejects.toThrow('nobody reads standard output');
  expect(lines).toEqual([]);
});
