// `history`: what the flight recorder saw on this instance.
import type { Config } from '../config/config.ts';
import type { History, HistoryTrouble } from '../core/history.ts';
import { shownText } from '../core/text.ts';
import { EXIT_CODES } from '../report/summary.ts';
import { type Flags, settle } from './settle.ts';
import { styleOf } from './style.ts';
import { EXIT_USAGE, type World } from './world.ts';

export async function history(world: World, flags: Flags): Promise<number> {
  const settled = await settle(world, 'history', flags, null);
  if (settled === null) return EXIT_USAGE;
  const { config } = settled;
  const file = config.file ?? `${config.stateDir}/recorder.db`;
  // A copy tells about the time it was made, this machine's own recording about now.
  const end = config.file === null ? Math.floor(world.clock.wallMs() / 1000) : null;
  const read = await world.readHistory(file, { seconds: config.sinceSeconds, end });
  if (read.ok) {
    world.out(await render(world, config, read.history));
    return 0;
  }
  const why = WHY[read.trouble]({
    file: shownText(file),
    copied: config.file !== null,
    elsewhere: config.origins['state-dir'] !== 'default',
    detail: read.detail,
  });
  world.err(`imds-probe: history: ${why}\n`);
  return ANOTHER_HELPS.has(read.trouble) ? EXIT_USAGE : EXIT_CODES.unknown;
}

/** There another command line, user or setting helps; with the rest, nobody can tell what happened. */
const ANOTHER_HELPS: ReadonlySet<HistoryTrouble> = new Set(['absent', 'permission', 'foreign', 'newer']);

interface Place {
  readonly file: string;
  /** Named by `--file`. */
  readonly copied: boolean;
  /** In a folder that a setting names. */
  readonly elsewhere: boolean;
  readonly detail: string;
}

/** One line each, with what to do about it. */
const WHY: Readonly<Record<HistoryTrouble, (place: Place) => string>> = {
  absent: ({ file, copied }) =>
    copied
      ? `there is no file ${file}`
      : `there is no recording at ${file}: the agent makes it (systemctl enable --now imds-probe); --state-dir or --file names another place`,
  permission: ({ file, copied, elsewhere }) =>
    copied || elsewhere
      ? `this user may not read ${file}; type: sudo imds-probe history --file '${file.replaceAll("'", "'\\''")}'`
      : `this user may not read ${file}; type: sudo -u imds-probe imds-probe history, or for good: sudo usermod -aG imds-probe $USER`,
  foreign: ({ file, detail }) => `${file} is not a recording of imds-probe: ${detail}`,
  newer: ({ file, detail }) => `${file} was written by a newer imds-probe (${detail}); read it with that one`,
  damaged: ({ file, detail }) => `${file} is damaged: ${detail}`,
  unsupported: ({ detail }) => detail,
  failing: ({ file, detail }) => `${file} could not be read: ${detail}`,
};

async function render(world: World, { format }: Config, recorded: History): Promise<string> {
  const { renderHistory, renderHistoryCsv, renderHistoryJson } = await import('../report/history.ts');
  if (format === 'json') return renderHistoryJson(recorded);
  return format === 'csv' ? renderHistoryCsv(recorded) : renderHistory(recorded, styleOf(world));
}
