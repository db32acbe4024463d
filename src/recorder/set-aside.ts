// Renames a file that the recorder can't go on with, so that it can be looked at; of damaged ones only the latest stay.
import fs from 'node:fs';
import path from 'node:path';

/** What SQLite puts beside a database, by the same name. */
const COMPANIONS = ['', '-wal', '-shm', '-journal'];
/** A disk that damages one file a day must not be filled by them. */
const KEPT_DAMAGED = 3;

/** Answers the name it has now. */
export function setAside(file: string, why: 'damaged' | 'foreign' | 'newer', nowMs: number): string {
  const stamp = new Date(nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const aside = unused(`${file}.${why}-${stamp}`);
  for (const companion of COMPANIONS) {
    if (fs.existsSync(file + companion)) fs.renameSync(file + companion, aside + companion);
  }
  if (why === 'damaged') dropOldest(file);
  return aside;
}

function unused(name: string): string {
  if (!fs.existsSync(name)) return name;
  for (let count = 2; ; count++) if (!fs.existsSync(`${name}.${count}`)) return `${name}.${count}`;
}

/** What is foreign or newer is somebody's: it is never removed. */
function dropOldest(file: string): void {
  const folder = path.dirname(file);
  const prefix = `${path.basename(file)}.damaged-`;
  const damaged = fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && !COMPANIONS.some((end) => end !== '' && name.endsWith(end)))
    .map((name) => ({ name, at: fs.statSync(path.join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { name } of damaged.slice(KEPT_DAMAGED)) {
    for (const companion of COMPANIONS) fs.rmSync(path.join(folder, name + companion), { force: true });
  }
}
