// The settings in use, and the table of all there are, as text and as data.
import type { Config } from './config.ts';
import { envName, SETTING_NAMES, type SettingName, SHORTHANDS, settingOf } from './settings.ts';

const MAX_WIDTH = 80;
const GAP = '  ';

/** `--show-config` for a person: setting, value, origin; within 80 columns where the values allow it. */
export function showConfigText(config: Config): string {
  const rows = config.shown.map(({ setting, text, origin }) => [setting, text, origin] as const);
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const originWidth = Math.max(...rows.map(([, , origin]) => origin.length));
  const most = Math.max(...rows.map(([, text]) => text.length));
  // One long value must not push every origin to the right.
  const room = MAX_WIDTH - nameWidth - originWidth - 2 * GAP.length;
  const valueWidth = Math.min(most, Math.max(room, 24));
  return rows
    .map(([name, text, origin]) => [name.padEnd(nameWidth), text.padEnd(valueWidth), origin].join(GAP))
    .join('\n');
}

/** `--show-config --format json`. Values have the unit of their flag. */
export function showConfigJson(config: Config): string {
  const settings = config.shown.map(({ setting, value, origin }) => ({ name: setting, value, origin }));
  return JSON.stringify({ schema: 'imds-probe/config/v1', settings }, null, 2);
}

/** One row of the documentation. */
export interface SettingRow {
  readonly group: string;
  readonly flag: string;
  readonly env: string;
  readonly default: string;
  readonly alsoRead: readonly string[];
  readonly describe: string;
  readonly allowed: string;
  readonly commands: readonly string[];
}

/** Every setting, in the order of the table. */
export function settingRows(): readonly SettingRow[] {
  return SETTING_NAMES.map((name) => {
    const row = settingOf(name);
    return {
      group: row.group,
      flag: `--${name}${row.kind.flag === true ? '' : ` <${row.kind.placeholder}>`}`,
      env: envName(name),
      default: defaultText(name),
      alsoRead: [...(row.variables ?? []), ...(row.sharedKey === undefined ? [] : [row.sharedKey])],
      describe: row.many ? `${row.describe}; comma-separated or repeated` : row.describe,
      allowed: row.kind.allowed,
      commands: row.commands,
    };
  });
}

/** The default as documentation and help name it. */
export function defaultText(name: SettingName): string {
  const row = settingOf(name);
  if (row.defaultText !== undefined) return row.defaultText;
  if (row.many) return row.default.map((item) => row.kind.show(item)).join(', ');
  if (row.default === null) return 'none';
  return row.kind.flag === true ? (row.default === true ? 'on' : 'off') : row.kind.show(row.default);
}

/** The settings table of the README. */
export function settingsMarkdown(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = settingRows().map((row) => {
    const also = row.alsoRead.map((source) => `\`${source}\``).join(', ');
    return `| \`${cell(row.flag)}\` | ${cell(row.default)} | ${also} | ${cell(row.describe)} |`;
  });
  const shorthands = Object.entries(SHORTHANDS).map(
    ([name, { setting, value }]) => `| \`--${name}\` | off | | Short for \`--${setting} ${value}\` |`,
  );
  return ['| flag | default | also read | |', '| --- | --- | --- | --- |', ...lines, ...shorthands].join(
    '\n',
  );
}
