// Where settings are given: each source turned into texts with their origin. Unknown names are errors here.
import type { SharedFile } from '../chain/ini.ts';
import { shownText } from '../core/text.ts';
import { type ConfigError, nearest } from './error.ts';
import type { ConfigFile } from './file.ts';
import {
  type Command,
  ENV_PREFIX,
  envName,
  isSettingName,
  SETTING_NAMES,
  type SettingName,
  SHORTHANDS,
  settingOf,
} from './settings.ts';

/** A setting as one source gives it. */
export interface Given {
  readonly origin: string;
  readonly texts: readonly string[];
}

export type Source = ReadonlyMap<SettingName, Given>;

/** Flags that say what to do, not how: they come from the command line only (`--config` from a variable, too). */
export const COMMAND_FLAGS: Readonly<Record<string, readonly Command[]>> = {
  config: ['check', 'agent', 'history'],
  'show-config': ['check', 'agent'],
  simulate: ['check'],
  once: ['agent'],
};

/** What yargs adds by itself. */
const YARGS_OWN = ['_', '$0', 'help', 'version'];

/** A source being filled: the shorthand's word against the setting's own is told, not guessed. */
class Filling {
  readonly source = new Map<SettingName, Given>();
  readonly errors: ConfigError[];

  constructor(errors: ConfigError[]) {
    this.errors = errors;
  }

  add(name: string, given: Given): boolean {
    const shorthand = Object.hasOwn(SHORTHANDS, name) ? SHORTHANDS[name] : undefined;
    if (shorthand === undefined) {
      if (!isSettingName(name)) return false;
      this.put(name, given);
      return true;
    }
    const on = settingOf('publish').kind.parse(given.texts[0] ?? 'true');
    if (typeof on !== 'boolean' || given.texts.length > 1) {
      this.errors.push({
        setting: name,
        origin: given.origin,
        what: `${name} is a switch`,
        allowed: settingOf('publish').kind.allowed,
      });
    } else if (on) this.put(shorthand.setting, { origin: given.origin, texts: [shorthand.value] });
    return true;
  }

  private put(name: SettingName, given: Given): void {
    const other = this.source.get(name);
    if (other !== undefined && other.texts.join() !== given.texts.join()) {
      this.errors.push({
        setting: name,
        origin: given.origin,
        what: `${name} is given differently by ${other.origin}`,
        allowed: 'one of the two',
      });
    }
    this.source.set(name, given);
  }
}

const texts = (raw: unknown): readonly string[] =>
  (Array.isArray(raw) ? raw : [raw]).map((item: unknown) =>
    typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean' ? String(item) : '',
  );

/** Flags as yargs hands them over; its camel-case doubles count once. `known` are the command's own arguments. */
export function fromFlags(
  flags: Readonly<Record<string, unknown>>,
  command: Command,
  known: readonly string[],
  errors: ConfigError[],
): Source {
  const filling = new Filling(errors);
  const seen = new Set<string>([...YARGS_OWN, ...known]);
  for (const [key, raw] of Object.entries(flags)) {
    const name = key.replace(/(?!^)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (raw === undefined || seen.has(key) || seen.has(name)) continue;
    seen.add(name);
    const flag = `${key.length === 1 ? '-' : '--'}${shownText(name, 64)}`;
    const commands = commandsOf(name);
    if (commands === null) {
      const meant = nearest(name, flagNames(command));
      errors.push(unknownName(flag, flag, meant === null ? null : `--${meant}`));
    } else if (!commands.includes(command) && !isAlsoTaken(name, command)) {
      const what = `${command} has no such option; it belongs to ${commands.join(' and ')}`;
      errors.push({ setting: name, origin: flag, what, allowed: null });
    } else if (!Object.hasOwn(COMMAND_FLAGS, name)) filling.add(name, { origin: flag, texts: texts(raw) });
  }
  return filling.source;
}

function commandsOf(name: string): readonly Command[] | null {
  if (Object.hasOwn(COMMAND_FLAGS, name)) return COMMAND_FLAGS[name] ?? null;
  const setting = Object.hasOwn(SHORTHANDS, name) ? SHORTHANDS[name]?.setting : name;
  return setting !== undefined && isSettingName(setting) ? settingOf(setting).commands : null;
}

const isAlsoTaken = (name: string, command: Command): boolean =>
  isSettingName(name) && settingOf(name).alsoTakenBy?.includes(command) === true;

function flagNames(command: Command): string[] {
  return [...NAMES, ...Object.keys(COMMAND_FLAGS)].filter((name) => commandsOf(name)?.includes(command));
}

const NAMES: readonly string[] = [...SETTING_NAMES, ...Object.keys(SHORTHANDS)];

const LISTED = 'what imds-probe check --show-config lists';

function unknownName(setting: string, origin: string, meant: string | null): ConfigError {
  const what = `there is no such setting${meant === null ? '' : `; did you mean ${meant}?`}`;
  return { setting, origin, what, allowed: LISTED };
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Variables with our prefix that are not meant for us: those Kubernetes and Docker links set in every pod beside a
 * service that is itself called imds-probe, and those the tests use.
 */
const NOT_OURS =
  /^IMDS_PROBE_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?|TEST_\w+)$/;

/** IMDS_PROBE_* variables. An empty one is not set: that is how an environment file leaves something out. */
export function fromEnv(env: Env, errors: ConfigError[]): Source {
  const filling = new Filling(errors);
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(ENV_PREFIX) || value === undefined || NOT_OURS.test(variable)) continue;
    const name = variable.slice(ENV_PREFIX.length).toLowerCase().replaceAll('_', '-');
    if (envName(name) === variable && name === 'config') continue;
    const known =
      envName(name) === variable && commandsOf(name) !== null && !Object.hasOwn(COMMAND_FLAGS, name);
    if (!known) {
      const shown = shownText(variable, 80);
      const meant = nearest(name, [...NAMES, 'config']);
      errors.push(
        Object.hasOwn(COMMAND_FLAGS, name)
          ? { setting: name, origin: shown, what: `only the command line can say --${name}`, allowed: null }
          : unknownName(shown, shown, meant === null ? null : envName(meant)),
      );
    } else if (value !== '') filling.add(name, { origin: variable, texts: [value] });
  }
  return filling.source;
}

/** The embedded instance's values, under the names of its environment. What has no setting is for others. */
export function fromBox(box: Readonly<Record<string, string>> | null): Source {
  const source = new Map<SettingName, Given>();
  if (box === null) return source;
  for (const name of SETTING_NAMES) {
    const variable = [envName(name), ...(settingOf(name).variables ?? [])].find((candidate) =>
      Object.hasOwn(box, candidate),
    );
    if (variable !== undefined) source.set(name, { origin: '--simulate', texts: [box[variable] ?? ''] });
  }
  return source;
}

export function fromFile(file: ConfigFile | null, errors: ConfigError[]): Source {
  const filling = new Filling(errors);
  if (file === null) return filling.source;
  errors.push(...file.errors);
  for (const [name, entry] of file.entries) {
    const origin = `${shownText(file.path)}:${entry.line}`;
    if (filling.add(name, { origin, texts: entry.texts })) continue;
    const shown = shownText(name, 64);
    const meant = nearest(shown, NAMES);
    const [what, allowed] = Object.hasOwn(COMMAND_FLAGS, name)
      ? [`only the command line can say --${name}`, null]
      : [`there is no setting ${shown}${meant === null ? '' : `; did you mean ${meant}?`}`, LISTED];
    errors.push({ setting: shown, origin, what, allowed });
  }
  return filling.source;
}

/** AWS variables. SDKs take an empty one for one that is not set. */
export function fromAwsVariables(env: Env): Source {
  const source = new Map<SettingName, Given>();
  for (const name of SETTING_NAMES) {
    const variable = settingOf(name).variables?.find((candidate) => (env[candidate] ?? '') !== '');
    if (variable === undefined) continue;
    const value = env[variable] ?? '';
    // systemd.exec(5): several folders are joined with colons.
    const text = variable === 'STATE_DIRECTORY' ? (value.split(':')[0] ?? '') : value;
    source.set(name, { origin: variable, texts: [text] });
  }
  return source;
}

/** A shared file with the path it was read from. */
export interface SharedSource {
  readonly path: string;
  readonly file: SharedFile;
}

export interface AwsShared {
  readonly config: SharedSource | null;
  readonly credentials: SharedSource | null;
}

/** Keys of the profile's section; the credentials file wins, as in the SDKs. No other key is looked at. */
export function fromShared(shared: AwsShared | null, profile: string): Source {
  const source = new Map<SettingName, Given>();
  for (const name of SETTING_NAMES) {
    const { sharedKey } = settingOf(name);
    if (sharedKey === undefined) continue;
    for (const from of [shared?.credentials, shared?.config]) {
      const found = from?.file.profiles.get(profile)?.keys.get(sharedKey);
      if (!from || found === undefined || found.value === '') continue;
      source.set(name, {
        origin: `${shownText(from.path)}:${found.line} (${sharedKey})`,
        texts: [found.value],
      });
      break;
    }
  }
  return source;
}
