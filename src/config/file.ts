// The YAML file: a flat mapping of settings. Only what a setting can be is taken from it, with its line.
import type { FileRead } from '../core/host.ts';
import { shownText } from '../core/text.ts';
import type { ConfigError } from './error.ts';

export const DEFAULT_CONFIG_PATH = '/etc/imds-probe/config.yaml';

/** Longest file that is read, in bytes. */
export const MAX_CONFIG_FILE = 64 * 1024;

export interface FileEntry {
  /** 1-based. */
  readonly line: number;
  /** As written; a list has several. */
  readonly texts: readonly string[];
}

export interface ConfigFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
  /** What can't be read as settings at all. */
  readonly errors: readonly ConfigError[];
}

export interface ConfigLocation {
  readonly path: string;
  /** `--config`, `IMDS_PROBE_CONFIG` or `default`; where it was asked for, it must be there. */
  readonly origin: string;
}

/** Where the file is: `--config`, else IMDS_PROBE_CONFIG, else the default path. */
export function configLocation(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): ConfigLocation {
  const flag = flags['config'];
  if (flag !== undefined) {
    return { path: Array.isArray(flag) ? String(flag.at(-1)) : String(flag), origin: '--config' };
  }
  const variable = env['IMDS_PROBE_CONFIG'];
  if (variable !== undefined && variable !== '') return { path: variable, origin: 'IMDS_PROBE_CONFIG' };
  return { path: DEFAULT_CONFIG_PATH, origin: 'default' };
}

const READABLE = `a readable YAML file of up to ${MAX_CONFIG_FILE / 1024} KiB`;

/** Makes settings of what was read from there; null where the default file does not exist. Never rejects. */
export async function readConfigFile(location: ConfigLocation, read: FileRead): Promise<ConfigFile | null> {
  const { path, origin } = location;
  if (read.state === 'read') return parseConfigFile(path, read.text);
  if (read.state === 'absent' && origin === 'default') return null;
  // The default file is its own origin; one that was asked for is named behind what asked for it.
  const where = origin === 'default' ? '' : `${shownText(path)}: `;
  if (path === '') {
    const what = 'config needs a value';
    return { path, entries: new Map(), errors: [{ setting: 'config', origin, what, allowed: READABLE }] };
  }
  const error: ConfigError = {
    setting: 'config',
    origin: origin === 'default' ? path : origin,
    what: `${where}${read.state === 'absent' ? 'there is no such file' : read.detail}`,
    allowed: READABLE,
  };
  return { path, entries: new Map(), errors: [error] };
}

/** Parses the file's text. Nothing of it gets into an error but names of settings. */
export async function parseConfigFile(path: string, text: string): Promise<ConfigFile> {
  const shownPath = shownText(path);
  const broken = (line: number, what: string, allowed: string | null = null): ConfigError => ({
    setting: 'config',
    origin: `${shownPath}:${line}`,
    what,
    allowed,
  });
  const none = (errors: readonly ConfigError[]): ConfigFile => ({ path, entries: new Map(), errors });
  if (text.length > MAX_CONFIG_FILE) return none([broken(1, 'the file is too large')]);
  const deep = nestedLine(text);
  if (deep !== null) return none([broken(deep, 'the file is nested too deeply')]);

  // Loaded here, because most runs have no file.
  const yaml = await import('./yaml.ts');
  const lineCounter = new yaml.LineCounter();
  const lineOf: LineOf = (offset) => lineCounter.linePos(offset ?? 0).line || 1;
  const document = yaml.parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const mistakes = [...document.errors, ...document.warnings].slice(0, MAX_YAML_MISTAKES);
  if (mistakes.length > 0) {
    return none(
      mistakes.map(({ code, pos }) =>
        broken(lineOf(pos[0]), YAML_MISTAKES[code] ?? 'this is not valid YAML'),
      ),
    );
  }
  const { contents } = document;
  if (contents === null || (yaml.isScalar(contents) && contents.value === null)) return none([]);
  if (!yaml.isMap(contents)) {
    return none([broken(1, 'the file is no list of settings', 'lines such as "timeout: 2"')]);
  }
  const entries = new Map<string, FileEntry>();
  const errors: ConfigError[] = [];
  for (const { key, value } of contents.items) {
    const name = plainText(yaml, key);
    const line = lineOf(yaml.isScalar(key) ? key.range?.[0] : undefined);
    const texts = (yaml.isSeq(value) ? value.items : [value]).map((item) => plainText(yaml, item));
    if (typeof name !== 'string') errors.push(broken(line, 'a setting needs a plain name'));
    else if (texts.includes(undefined)) {
      const what = `${shownText(name, 64)} has a value of another form`;
      errors.push({ ...broken(line, what, 'a plain value or a list of such'), setting: name });
    } else if (yaml.isSeq(value) || texts[0] !== null) {
      entries.set(name, { line, texts: texts.map((item) => item ?? '') });
    }
    // What is left is `region:` with nothing behind it: not set, like an empty variable.
  }
  return { path, entries, errors };
}

type LineOf = (offset: number | undefined) => number;

/** A scalar as it was written, so that numbers keep their form; null where it is empty, undefined for the rest. */
function plainText(yaml: typeof import('./yaml.ts'), node: unknown): string | null | undefined {
  if (node === null) return null;
  if (!yaml.isScalar(node) || node.tag !== undefined) return undefined;
  if (node.value === null) return null;
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

const MAX_YAML_MISTAKES = 10;

const YAML_MISTAKES: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this setting is in the file twice',
  TAB_AS_INDENT: 'YAML must not be indented with tabs',
  MULTIPLE_DOCS: 'the file must hold one YAML document only',
  BAD_INDENT: 'the indentation is not valid YAML',
  TAG_RESOLVE_FAILED: 'YAML tags are not allowed here',
};

// The parser calls itself for every level, and a stack that runs out inside V8 can end the process. Settings are
// flat, so deep nesting is refused before: by brackets, by blanks in front, and by indicators within one line.
const MAX_BRACKETS = 16;
const MAX_INDENT = 64;
const MAX_INDICATORS = 16;

/** The first line that nests too deeply, or null. */
function nestedLine(text: string): number | null {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const indent = line.length - line.trimStart().length;
    const indicators = line.match(/[-?:](?=\s|$)/g)?.length ?? 0;
    for (const char of line) {
      if (char === '[' || char === '{') depth += 1;
      else if ((char === ']' || char === '}') && depth > 0) depth -= 1;
      if (depth > MAX_BRACKETS) return index + 1;
    }
    if (line.trim() !== '' && (indent > MAX_INDENT || indicators > MAX_INDICATORS)) return index + 1;
  }
  return null;
}
