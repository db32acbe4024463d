// Records cycle after cycle as fast as it can, and prints each number once it is kept; to be killed.
import fs from 'node:fs';
import { aCycle, opened } from '../../support/recorder.ts';

const [folder = '', from = '1'] = process.argv.slice(2);
const { recorder } = opened(folder);
// One after another without ever coming back to the event loop: the kill falls anywhere.
for (let at = Number(from); ; at++) {
  recorder.record(aCycle(at));
  if (at % 5 === 0) recorder.outbox.accepted(recorder.outbox.newest(2).map(({ id }) => id));
  fs.writeSync(1, `${at}\n`);
}
