// Reads both shared files of a subject: where they lie, how reading went, and their profiles, still raw.
import { parseSharedFile, type SharedFile, type SharedSection } from '../../../chain/ini.ts';
import type { RawFiles, RawSections } from '../../../chain/profiles.ts';
import type { ChainFile, SharedFileKind } from '../../../core/chain.ts';
import { shownText } from '../../../core/text.ts';
import { type FileReading, readWithin } from './reach.ts';
import type { Subject } from './subject.ts';

const MAX_FILE_BYTES = 1024 * 1024;
/** Problems kept of a file; the first ones say what is wrong. */
const MAX_PROBLEMS = 20;

const PLACES: Readonly<Record<SharedFileKind, { readonly variable: string; readonly name: string }>> = {
  config: { variable: 'AWS_CONFIG_FILE', name: 'config' },
  credentials: { variable: 'AWS_SHARED_CREDENTIALS_FILE', name: 'credentials' },
};

/** `~` and `~/…` become the home; null where there is none. */
export function withHome(path: string, home: string | null): string | null {
  if (path !== '~' && !path.startsWith('~/')) return path;
  return home === null ? null : `${home}${path.slice(1)}`;
}

export interface SharedFiles {
  readonly files: readonly ChainFile[];
  readonly raw: RawFiles;
}

export async function readSharedFiles(subject: Subject): Promise<SharedFiles> {
  const config = await readOne(subject, 'config');
  const credentials = await readOne(subject, 'credentials');
  return {
    files: [config.file, credentials.file],
    raw: {
      config: asTheCliReads(config.parsed?.profiles),
      credentials: asTheCliReads(credentials.parsed?.profiles),
      ssoSessions: asTheCliReads(config.parsed?.ssoSessions),
    },
  };
}

async function readOne(
  subject: Subject,
  kind: SharedFileKind,
): Promise<{ file: ChainFile; parsed: SharedFile | null }> {
  const { variable, name } = PLACES[kind];
  const named = subject.environment.get(variable);
  const { home } = subject.shown;
  const path = withHome(named !== undefined && named !== '' ? named : `~/.aws/${name}`, home);
  if (path === null)
    return { file: { kind, path: `~/.aws/${name}`, state: 'absent', problems: [] }, parsed: null };
  const reading = await readWithin(subject.reach, path, MAX_FILE_BYTES);
  const text = textOf(reading);
  const shown = shownText(path);
  if (reading.state !== 'read')
    return { file: { kind, path: shown, state: reading.state, problems: [] }, parsed: null };
  if (text === null) return { file: { kind, path: shown, state: 'binary', problems: [] }, parsed: null };
  const parsed = parseSharedFile(text, kind);
  const problems = parsed.problems.slice(0, MAX_PROBLEMS).map(({ line, kind: what, what: says, fatal }) => ({
    line,
    kind: what,
    text: says,
    fatal,
  }));
  return { file: { kind, path: shown, state: 'read', problems }, parsed };
}

/** The text, or null where the bytes are none: not UTF-8, or holding NUL. */
function textOf(reading: FileReading): string | null {
  if (reading.state !== 'read' || reading.bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reading.bytes);
  } catch {
    return null;
  }
}

/** Sections as the AWS CLI reads them, since it is its winner that is reported; the problems tell who differs. */
function asTheCliReads(sections: ReadonlyMap<string, SharedSection> | undefined): RawSections {
  const raw = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, section] of sections ?? []) {
    if (section.readBy === 'sdks') continue;
    const values = [...section.keys]
      .filter(([, value]) => value.nested === undefined)
      .map(([key, value]) => [key, value.cliValue ?? value.value] as const);
    raw.set(name, new Map(values));
  }
  return raw;
}
