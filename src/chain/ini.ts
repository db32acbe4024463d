// Reads the AWS shared config and credentials files as the SDKs' common parser does, and says where others differ.
//
// "SDKs" below are those that keep to the parser the AWS SDKs share (its published test vectors): Java, Rust,
// Ruby, C++, .NET. The AWS CLI and boto3 read with botocore, which is Python's configparser; the JavaScript and Go
// SDKs have readers of their own. Values hold secrets: no value ever gets into a problem's text.
import type { SharedFileKind } from '../core/chain.ts';
import { newState, type Reading, readLine, type Section, tell, type Value } from './ini-lines.ts';
import type { SectionType } from './ini-section.ts';
import type { SharedFile, SharedSection, SharedValue } from './ini-types.ts';

/** Longest file that is read, in UTF-16 units; and how many lines and keys of it. */
export const MAX_SHARED_FILE = 1024 * 1024;
export const MAX_LINES = 20_000;
export const MAX_KEYS = 10_000;

export type { SharedFile, SharedProblem, SharedSection, SharedValue } from './ini-types.ts';

/**
 * Parses one shared file; never throws. Lines the SDKs would refuse the file for become problems of kind `error`,
 * and reading goes on as the AWS CLI would.
 */
export function parseSharedFile(text: string, kind: SharedFileKind): SharedFile {
  const state = newState(kind);
  for (const [index, line] of splitLines(state, text).entries()) {
    readLine(state, line, index + 1);
    if (state.keys > MAX_KEYS) {
      tell(state, index + 1, 'ignored', `there are more than ${MAX_KEYS} keys; the rest is not read here`);
      break;
    }
  }
  return finish(state);
}

function splitLines(state: Reading, text: string): readonly string[] {
  let bounded = text.slice(0, MAX_SHARED_FILE);
  if (text.length > MAX_SHARED_FILE) {
    tell(state, 1, 'ignored', 'the file is larger than 1 MiB; the rest is not read here');
  }
  if (bounded.startsWith('\ufeff')) {
    bounded = bounded.slice(1);
    tell(state, 1, 'error', 'the file begins with a byte order mark; save it as UTF-8 without one', 'fatal');
  }
  if (/\r(?!\n)/.test(bounded)) {
    tell(
      state,
      1,
      'disagreement',
      'lines end with a bare carriage return, which some SDKs take for blank space',
    );
  }
  const lines = bounded.split(/\r\n|\n|\r/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) {
    lines.pop();
    tell(state, MAX_LINES, 'ignored', `there are more than ${MAX_LINES} lines; the rest is not read here`);
  }
  return lines;
}

function finish(state: Reading): SharedFile {
  const maps: Record<SectionType, Map<string, SharedSection>> = {
    profile: new Map(),
    'sso-session': new Map(),
    services: new Map(),
    none: new Map(),
  };
  for (const { type, section } of inDefaultOrder(state)) {
    const keys = new Map([...section.keys].map(([name, value]) => [name, finishValue(value)] as const));
    maps[type].set(section.name, { name: section.name, line: section.line, readBy: section.readBy, keys });
  }
  return {
    kind: state.kind,
    profiles: maps.profile,
    ssoSessions: maps['sso-session'],
    services: maps.services,
    problems: [...state.problems].sort((a, b) => a.line - b.line),
  };
}

/** Where both [default] and [profile default] stand in a config file, the second alone counts. */
function inDefaultOrder(state: Reading): { readonly type: SectionType; readonly section: Section }[] {
  const bare = state.sections.get('profile false default');
  const prefixed = state.sections.get('profile true default');
  if (state.kind === 'credentials' || bare === undefined || prefixed === undefined) {
    return [...state.sections.values()];
  }
  const later = bare.section.line > prefixed.section.line;
  tell(
    state,
    bare.section.line,
    later ? 'disagreement' : 'ignored',
    later
      ? 'SDKs prefer [profile default] to [default]; the AWS CLI and boto3 take [default], because it comes last'
      : '[default] is ignored, because there is a [profile default]',
  );
  return [...state.sections.values()].filter((entry) => entry !== bare);
}

function finishValue(built: Value): SharedValue {
  const value = built.lines.join('\n');
  // The CLI reads the nested block from the same lines, so its text is no second reading.
  const cliText = built.cliLines.join('\n').trimEnd();
  const cliValue = built.opensBlock && (cliText === '' || cliText.startsWith('\n')) ? value : cliText;
  return {
    value,
    line: built.line,
    ...(cliValue === value ? {} : { cliValue }),
    ...(built.nested === null ? {} : { nested: built.nested }),
  };
}
