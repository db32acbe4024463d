// The command line's options, made from the table of settings in the form yargs takes.

import { DEFAULT_CONFIG_PATH } from './file.ts';
import { type Command, SETTING_NAMES, type SettingName, SHORTHANDS, settingOf } from './settings.ts';
import { defaultText } from './show.ts';
import { COMMAND_FLAGS } from './sources.ts';

/**
 * An option as yargs takes it. There is no `default` and there are no `choices`: what is not given must stay
 * undefined, and a wrong value is told together with all others, by `resolveConfig`.
 */
export interface FlagDescriptor {
  readonly type: 'string' | 'boolean';
  readonly describe: string;
  readonly group: string;
  readonly defaultDescription?: string;
  /** Given repeatedly, it becomes an array; one value each time. */
  readonly array?: true;
  readonly nargs?: 1;
}

const COMMAND_DESCRIPTORS: Readonly<Record<string, FlagDescriptor>> = {
  config: {
    type: 'string',
    describe: 'YAML file with settings',
    group: 'Settings:',
    defaultDescription: `${DEFAULT_CONFIG_PATH}, when it exists`,
  },
  'show-config': {
    type: 'boolean',
    describe: 'Print every setting, its value and where it came from',
    group: 'Settings:',
  },
  simulate: {
    type: 'string',
    describe: 'Diagnose an embedded instance instead of this one',
    group: 'Settings:',
  },
  once: { type: 'boolean', describe: 'One cycle, published, then stop', group: 'Agent:' },
};

/** Every option of a command by its name, in the order of the table. */
export function flagsFor(command: Command): Readonly<Record<string, FlagDescriptor>> {
  const flags: Record<string, FlagDescriptor> = {};
  for (const [name, commands] of Object.entries(COMMAND_FLAGS)) {
    const descriptor = COMMAND_DESCRIPTORS[name];
    if (commands.includes(command) && descriptor !== undefined) flags[name] = descriptor;
  }
  for (const name of SETTING_NAMES) {
    if (settingOf(name).commands.includes(command)) flags[name] = descriptorOf(name, command);
  }
  for (const [name, { setting, value }] of Object.entries(SHORTHANDS)) {
    const row = settingOf(setting);
    if (!row.commands.includes(command)) continue;
    flags[name] = { type: 'boolean', describe: `Short for --${setting} ${value}`, group: `${row.group}:` };
  }
  return flags;
}

function descriptorOf(name: SettingName, command: Command): FlagDescriptor {
  const row = settingOf(name);
  const { flag, placeholder, values } = row.kind;
  const group = `${row.group}:`;
  if (flag === true) return { type: 'boolean', describe: row.describe, group };
  return {
    type: 'string',
    describe: `${row.describe} (${row.words?.[command]?.join(', ') ?? (values === undefined ? placeholder : row.kind.allowed)})`,
    group,
    defaultDescription: defaultText(name),
    ...(row.many ? { array: true, nargs: 1 } : {}),
  };
}

/** What a shell can offer behind an option; empty where anything goes. */
export function valuesFor(flag: string): readonly string[] {
  const name = SETTING_NAMES.find((candidate) => candidate === flag);
  return name === undefined ? [] : (settingOf(name).kind.values ?? []);
}
