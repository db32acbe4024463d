// What a section header of a shared file names, by the rules of its file.
import type { SharedFileKind } from '../core/chain.ts';
import { shownText } from '../core/text.ts';
import { isIdentifier, trimBlanks } from './ini-text.ts';

export type SectionType = 'profile' | 'sso-session' | 'services' | 'none';

export interface NamedSection {
  /** `none`: nobody reads it as any of these. */
  readonly type: SectionType;
  readonly name: string;
  readonly readBy: 'all' | 'cli' | 'sdks';
  /** Written with its type in front. */
  readonly prefixed: boolean;
  readonly note: { readonly kind: 'ignored' | 'disagreement'; readonly what: string } | null;
}

/** Sections of the AWS CLI itself, which are no profiles and no mistakes. */
const CLI_SECTIONS = ['plugins', 'preview'];

const MAX_SHOWN_NAME = 80;

/** Names what stands between the brackets, untrimmed. */
export function nameSection(kind: SharedFileKind, header: string): NamedSection {
  const named = kind === 'config' ? inConfig(header) : inCredentials(header);
  return named.type === 'none' || named.readBy !== 'all' ? named : withBlanksJudged(kind, header, named);
}

function inConfig(header: string): NamedSection {
  const text = trimBlanks(header);
  if (text === 'default') return profile('default', 'all');
  const [, prefix, more, rest] = /^(profile|sso-session|services)(\S*)[ \t]+(.*)$/s.exec(text) ?? [];
  if (prefix === undefined || more === undefined || rest === undefined) return unknownInConfig(text);
  const type = prefix as SectionType;
  if (more === '' && isIdentifier(rest)) {
    return { type, name: rest, readBy: 'all', prefixed: true, note: null };
  }
  const [, , quoted] = /^(["'])([^"']+)\1$/.exec(rest) ?? [];
  // botocore splits the header like a shell: quotes hold a name together.
  const name = quoted ?? (/[\s"'\\]/.test(rest) ? null : rest);
  if (name === null) {
    return none({ kind: 'ignored', what: `[${shown(text)}] is ignored: not a valid name` });
  }
  const what = `[${shown(text)}]: the AWS CLI and boto3 read a name written like this, most SDKs do not`;
  return { type, name, readBy: 'cli', prefixed: true, note: { kind: 'disagreement', what } };
}

function unknownInConfig(text: string): NamedSection {
  if (CLI_SECTIONS.includes(text)) return none(null);
  if (text === 'DEFAULT') return none(DEFAULT_IN_CAPITALS);
  const what = isIdentifier(text)
    ? `[${shown(text)}] is ignored: in the config file a profile is written [profile ${shown(text)}]`
    : `[${shown(text)}] is ignored: it is neither a profile, an sso-session nor a services section`;
  return none({ kind: 'ignored', what });
}

function inCredentials(header: string): NamedSection {
  const text = trimBlanks(header);
  const [, prefix, rest] = /^(profile|sso-session|services)[ \t]+(.*)$/s.exec(text) ?? [];
  if (prefix !== undefined) {
    const what =
      prefix === 'profile'
        ? `[${shown(text)}] is ignored: in the credentials file a profile is written [${shown(rest ?? '')}]`
        : `[${shown(text)}] is ignored: such sections belong into the config file`;
    return none({ kind: 'ignored', what });
  }
  // configparser keeps DEFAULT for itself, so the CLI sees no profile there.
  if (text === 'DEFAULT') return { ...profile(text, 'sdks'), note: DEFAULT_IN_CAPITALS };
  if (isIdentifier(text)) return profile(text, 'all');
  if (text !== header)
    return none({ kind: 'ignored', what: `[${shown(text)}] is ignored: not a valid name` });
  const what = `[${shown(text)}]: the AWS CLI and boto3 read a name with such characters, most SDKs do not`;
  return { ...profile(text, 'cli'), note: { kind: 'disagreement', what } };
}

const DEFAULT_IN_CAPITALS = {
  kind: 'disagreement',
  what: '[DEFAULT] in capitals: the AWS CLI and boto3 give its keys to every section; write [default]',
} as const;

/** Blanks that the SDKs trim and botocore or the JavaScript SDK do not. */
function withBlanksJudged(kind: SharedFileKind, header: string, named: NamedSection): NamedSection {
  const bare = kind === 'credentials' || !named.prefixed;
  if (bare ? header !== named.name : /^[ \t]/.test(header)) {
    const what = 'blanks inside the brackets: the AWS CLI and boto3 do not find this section';
    return { ...named, readBy: 'sdks', note: { kind: 'disagreement', what } };
  }
  if (!bare && !/^[\w-]+[ \t][^ \t]+$/.test(header)) {
    const what = 'more than one blank in the brackets: the JavaScript SDK does not find this section';
    return { ...named, note: { kind: 'disagreement', what } };
  }
  return named;
}

function profile(name: string, readBy: NamedSection['readBy']): NamedSection {
  return { type: 'profile', name, readBy, prefixed: false, note: null };
}

function none(note: NamedSection['note']): NamedSection {
  return { type: 'none', name: '', readBy: 'all', prefixed: false, note };
}

function shown(text: string): string {
  return shownText(text, MAX_SHOWN_NAME);
}
