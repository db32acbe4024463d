// Settles every setting: the highest source wins, every mistake of ours is told at once.

import { type Config, configOf, type Origins } from './config.ts';
import type { ConfigError } from './error.ts';
import { nearest, shownValue } from './error.ts';
import type { ConfigFile } from './file.ts';
import { type Command, SETTING_NAMES, type SettingName, settingOf, type Values } from './settings.ts';
import {
  type AwsShared,
  fromAwsVariables,
  fromBox,
  fromEnv,
  fromFile,
  fromFlags,
  fromShared,
  type Given,
  type Source,
} from './sources.ts';

/** Where settings come from, the highest first. */
export interface ConfigSources {
  /** As yargs parsed them: raw texts. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** IMDS_PROBE_* and AWS variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The embedded instance's environment, for `--simulate`: below IMDS_PROBE_*, above the file. */
  readonly box: Readonly<Record<string, string>> | null;
  readonly file: ConfigFile | null;
  readonly aws: AwsShared | null;
}

export interface ConfigContext {
  readonly command: Command;
  /** Ids and groups that `only` and `skip` may name. */
  readonly catalogue: readonly { readonly id: string; readonly group: string }[];
  /** Arguments the command line handles itself. */
  readonly knownFlags?: readonly string[];
}

export type Resolved =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** Longest list a setting may have. */
const MAX_ITEMS = 100;

/** Settles all settings for one command; never throws. */
export function resolveConfig(sources: ConfigSources, context: ConfigContext): Resolved {
  const errors: ConfigError[] = [];
  // A wrong value in a source of ours is told even where a higher one hides it; someone will rely on it.
  const ours = [
    fromFlags(sources.flags, context.command, context.knownFlags ?? [], errors),
    fromEnv(sources.env, errors),
    fromBox(sources.box),
    fromFile(sources.file, errors),
  ].map((source) => parseAll(source, context.command, errors));

  const variables = fromAwsVariables(sources.env);
  const settle = (name: SettingName, aws: readonly Source[]): Settled => {
    for (const source of ours) {
      const settled = source.get(name);
      if (settled !== undefined) return settled;
    }
    // AWS variables and keys are other programs' settings first: only what is in force here can be wrong here.
    for (const source of aws) {
      const given = source.get(name);
      if (given !== undefined) return parseGiven(name, given, context.command, errors) ?? defaultOf(name);
    }
    return defaultOf(name);
  };
  const profile = settle('profile', [variables]);
  const shared = fromShared(sources.aws, typeof profile.value === 'string' ? profile.value : 'default');
  const settled = SETTING_NAMES.map(
    (name) => [name, name === 'profile' ? profile : settle(name, [variables, shared])] as const,
  ).map(([name, value]) => [name, inCommandsWords(name, value, context.command, errors)] as const);
  // Every row was settled by its own kind just above.
  const all = {
    values: Object.fromEntries(settled.map(([name, { value }]) => [name, value])) as Values,
    origins: Object.fromEntries(settled.map(([name, { origin }]) => [name, origin])) as Origins,
  };
  judgeThresholds(all, errors);
  judgePublishing(all, errors);
  judgeFindings(all, context.catalogue, errors);
  if (errors.length > 0) return { ok: false, errors };
  const sdk = (name: SettingName): Given | undefined => variables.get(name) ?? shared.get(name);
  return { ok: true, config: configOf(all.values, all.origins, sdk) };
}

interface Settled {
  readonly value: unknown;
  readonly origin: string;
}

function defaultOf(name: SettingName): Settled {
  return { value: settingOf(name).default, origin: 'default' };
}

/** A word of another command: a mistake as a flag, and nothing to do with this one in what serves several commands. */
function inCommandsWords(
  name: SettingName,
  settled: Settled,
  command: Command,
  errors: ConfigError[],
): Settled {
  const words = settingOf(name).words?.[command];
  const word = String(settled.value);
  if (words === undefined || words.includes(word)) return settled;
  if (settled.origin.startsWith('--'))
    errors.push({
      setting: name,
      origin: settled.origin,
      what: `${name} of ${command} cannot be ${shownValue(word)}`,
      allowed: wordsText(words),
    });
  return defaultOf(name);
}

const wordsText = (words: readonly string[] | undefined): string | null =>
  words === undefined ? null : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;

function parseAll(
  source: Source,
  command: Command,
  errors: ConfigError[],
): ReadonlyMap<SettingName, Settled> {
  const parsed = new Map<SettingName, Settled>();
  for (const [name, given] of source)
    parsed.set(name, parseGiven(name, given, command, errors) ?? defaultOf(name));
  return parsed;
}

/** The value, or undefined after telling what is wrong with it. */
function parseGiven(
  name: SettingName,
  given: Given,
  command: Command,
  errors: ConfigError[],
): Settled | undefined {
  const row = settingOf(name);
  const allowed = wordsText(row.words?.[command]) ?? row.kind.allowed;
  const wrong = (what: string): undefined => {
    errors.push({ setting: name, origin: given.origin, what, allowed });
  };
  const texts = row.many ? given.texts.flatMap((text) => text.split(',')) : given.texts;
  if (!row.many && texts.length !== 1) return wrong(`${name} takes one value, not ${texts.length}`);
  if (texts.length > MAX_ITEMS) return wrong(`${name} takes up to ${MAX_ITEMS} values`);
  const values: unknown[] = [];
  for (const text of texts.map((raw) => raw.trim())) {
    const value = row.kind.parse(text);
    if (value === undefined)
      return wrong(text === '' ? `${name} needs a value` : `${name} cannot be ${shownValue(text)}`);
    values.push(value);
  }
  return { value: row.many ? values : values[0], origin: given.origin };
}

interface All {
  readonly values: Values;
  readonly origins: Origins;
}

/** Pairs that make no sense in another order. */
const ORDERED: readonly (readonly [SettingName, SettingName])[] = [
  ['margin-critical', 'margin-warning'],
  ['clock-warning', 'clock-critical'],
];

function judgeThresholds({ values, origins }: All, errors: ConfigError[]): void {
  for (const [lower, upper] of ORDERED) {
    const [low, high] = [Number(values[lower]), Number(values[upper])];
    if (low <= high || errors.some(({ setting }) => setting === lower || setting === upper)) continue;
    // The one that was set is the one to change; where both were, the first is named and the second explained.
    const raise = origins[lower] === 'default';
    const [setting, other] = raise ? [upper, lower] : [lower, upper];
    const bound = `${values[other]} s`;
    errors.push({
      setting,
      origin: origins[setting],
      what: `${setting} cannot be ${raise ? 'less' : 'more'} than ${other}, which is ${bound} (${fromWhere(origins[other])})`,
      allowed: `${raise ? 'at least' : 'at most'} ${bound}`,
    });
  }
}

const fromWhere = (origin: string): string => (origin === 'default' ? 'the default' : `from ${origin}`);

function judgePublishing({ values, origins }: All, errors: ConfigError[]): void {
  if (!values.publish || !values.offline) return;
  const what = `publish needs CloudWatch, and offline (${fromWhere(origins.offline)}) leaves it out`;
  errors.push({ setting: 'publish', origin: origins.publish, what, allowed: 'one of the two' });
}

function judgeFindings(
  { values, origins }: All,
  catalogue: ConfigContext['catalogue'],
  errors: ConfigError[],
): void {
  const names = [...new Set(catalogue.flatMap(({ id, group }) => [group, id]))];
  for (const setting of ['only', 'skip'] as const) {
    for (const name of new Set(values[setting])) {
      if (names.includes(name)) continue;
      const meant = nearest(name, names);
      const what = `${setting} cannot be ${shownValue(name)}${meant === null ? '' : `; did you mean ${meant}?`}`;
      const allowed = settingOf(setting).kind.allowed;
      errors.push({ setting, origin: origins[setting], what, allowed });
    }
  }
  if (errors.length > 0 || catalogue.length === 0) return;
  const named = (list: readonly string[], check: { readonly id: string; readonly group: string }): boolean =>
    list.includes(check.id) || list.includes(check.group);
  const { only, skip } = values;
  if (!catalogue.some((check) => (only.length === 0 || named(only, check)) && !named(skip, check))) {
    const what = `skip leaves nothing of what only asks for (${fromWhere(origins.only)})`;
    errors.push({ setting: 'skip', origin: origins.skip, what, allowed: 'something to judge' });
  }
}
