// Reads shared files line by line, keeping both readings of a value: the SDKs' and the AWS CLI's.
import type { SharedFileKind } from '../core/chain.ts';
import { type NamedSection, nameSection, type SectionType } from './ini-section.ts';
import { isIdentifier, shownKey, trimBlanks } from './ini-text.ts';
import type { SharedProblem, SharedSection, SharedValue } from './ini-types.ts';

export const MAX_PROBLEMS = 100;

/** A key while its lines are still coming. */
export interface Value {
  readonly name: string;
  readonly line: number;
  readonly indent: number;
  /** No value on the key's own line: indented lines are nested keys. */
  readonly opensBlock: boolean;
  readonly lines: string[];
  readonly cliLines: string[];
  nested: Map<string, SharedValue> | null;
}

export interface Section {
  readonly name: string;
  readonly line: number;
  readBy: SharedSection['readBy'];
  readonly keys: Map<string, Value>;
  /** An indented key was already told. */
  toldIndent: boolean;
}

export interface Reading {
  readonly kind: SharedFileKind;
  readonly sections: Map<string, { readonly type: SectionType; readonly section: Section }>;
  readonly problems: SharedProblem[];
  /** Headers as botocore compares them: character by character. */
  readonly headers: Set<string>;
  section: Section | null;
  key: Value | null;
  keys: number;
}

export function newState(kind: SharedFileKind): Reading {
  return {
    kind,
    sections: new Map(),
    problems: [],
    headers: new Set(),
    section: null,
    key: null,
    keys: 0,
  };
}

/** Notes a problem; those beyond the limit are dropped. */
export function tell(
  state: Reading,
  line: number,
  kind: SharedProblem['kind'],
  what: string,
  fatal: 'fatal' | '' = '',
): void {
  if (state.problems.length >= MAX_PROBLEMS) return;
  state.problems.push({ line, kind, what, fatal: fatal === 'fatal' });
}

/** Takes the next line; `line` is its number from 1. */
export function readLine(state: Reading, raw: string, line: number): void {
  const body = trimBlanks(raw);
  if (body === '') {
    // configparser keeps blank lines inside a value.
    state.key?.cliLines.push('');
    return;
  }
  const indent = raw.length - raw.replace(/^[ \t]+/, '').length;
  if (body.startsWith('#') || body.startsWith(';')) {
    if (indent > 0) readIndentedComment(state, body, line);
    return;
  }
  if (state.key !== null && indent > state.key.indent) {
    readContinuation(state, state.key, body, line);
    return;
  }
  if (body.startsWith('[')) {
    readHeader(state, body, line);
    if (indent > 0) {
      tell(state, line, 'disagreement', 'the section header is indented: some SDKs refuse the file for it');
    }
    return;
  }
  readProperty(state, body, line, indent);
}

function readIndentedComment(state: Reading, body: string, line: number): void {
  if (state.key === null) {
    tell(state, line, 'disagreement', 'the comment is indented: some SDKs refuse the file for it');
    return;
  }
  const owner = shownKey(state.key.name);
  tell(
    state,
    line,
    'disagreement',
    `the comment is indented: the AWS CLI skips it, some SDKs make it part of ${owner}`,
  );
  if (!state.key.opensBlock) state.key.lines.push(body);
}

function readContinuation(state: Reading, key: Value, body: string, line: number): void {
  key.cliLines.push(body);
  if (key.opensBlock) {
    readNested(state, key, body, line);
    return;
  }
  key.lines.push(body);
  const owner = shownKey(key.name);
  const what = body.startsWith('[')
    ? `the line is indented, so it is no section header but more of ${owner}`
    : body.includes('=')
      ? `the line is indented, so most read it as more of ${owner}; the JavaScript SDK reads a key`
      : `the line is indented and continues ${owner}; the JavaScript SDK leaves it out`;
  tell(state, line, 'disagreement', what);
}

function readNested(state: Reading, key: Value, body: string, line: number): void {
  key.nested ??= new Map();
  const equals = body.indexOf('=');
  if (equals === -1) {
    const what = body.startsWith('[')
      ? `the section header is indented below ${shownKey(key.name)}, which has no value`
      : `expected "key = value" below ${shownKey(key.name)}, which has no value`;
    tell(state, line, 'error', what, 'fatal');
    return;
  }
  const name = trimBlanks(body.slice(0, equals));
  if (name === '') tell(state, line, 'error', `a nested key below ${shownKey(key.name)} has no name`);
  else if (!isIdentifier(name)) tell(state, line, 'ignored', 'a nested key has characters no key may have');
  else {
    state.keys += 1;
    key.nested.set(name.toLowerCase(), { value: trimBlanks(body.slice(equals + 1)), line });
  }
}

function readProperty(state: Reading, body: string, line: number, indent: number): void {
  const section = state.section;
  if (section === null) {
    const first = !state.problems.some((problem) => problem.fatal);
    if (first) tell(state, line, 'error', 'expected a [section] before the first key', 'fatal');
    return;
  }
  if (indent > 0 && !section.toldIndent) {
    section.toldIndent = true;
    tell(
      state,
      line,
      'disagreement',
      'keys are indented: the AWS CLI and the JavaScript SDK read them, others refuse the file or skip them',
    );
  }
  const comment = body.search(/[ \t][#;]/);
  const read = comment === -1 ? body : trimBlanks(body.slice(0, comment));
  const equals = read.indexOf('=');
  const cliEnd = body.search(/[=:]/);
  if (equals === -1) {
    readWithoutEquals(state, section, { body, line, indent, cliEnd });
    return;
  }
  const name = trimBlanks(read.slice(0, equals));
  if (name === '') {
    tell(state, line, 'error', 'a key has no name', 'fatal');
    return;
  }
  const value = trimBlanks(read.slice(equals + 1));
  const cliValue = body.slice(cliEnd + 1).trim();
  noteValue(state, line, { name, value, cliValue, commented: comment !== -1, colonFirst: cliEnd < equals });
  // Where a colon comes first the CLI reads another key; its value belongs to nothing here.
  addKey(state, section, { name, line, indent, value, cliValue: cliEnd < equals ? value : cliValue });
}

/** `key: value`, or no delimiter at all. */
function readWithoutEquals(
  state: Reading,
  section: Section,
  at: { readonly body: string; readonly line: number; readonly indent: number; readonly cliEnd: number },
): void {
  if (at.cliEnd === -1) {
    tell(state, at.line, 'error', 'expected "key = value"', 'fatal');
    return;
  }
  tell(state, at.line, 'error', 'a colon instead of "=": the AWS CLI and Go read it, the other SDKs do not');
  const name = trimBlanks(at.body.slice(0, at.cliEnd));
  const value = at.body.slice(at.cliEnd + 1).trim();
  addKey(state, section, { name, line: at.line, indent: at.indent, value, cliValue: value });
}

function noteValue(
  state: Reading,
  line: number,
  seen: {
    readonly name: string;
    readonly value: string;
    readonly cliValue: string;
    readonly commented: boolean;
    readonly colonFirst: boolean;
  },
): void {
  const key = shownKey(seen.name);
  const disagreement = (what: string): void => tell(state, line, 'disagreement', what);
  if (seen.commented) {
    disagreement(`a comment behind ${key}: the AWS CLI and boto3 take it for part of the value`);
  }
  if (seen.colonFirst) disagreement('a colon in a key: the AWS CLI and boto3 end the key there');
  if (seen.name !== seen.name.toLowerCase() && isIdentifier(seen.name)) {
    disagreement(`${key} has capital letters: the JavaScript SDK does not find it`);
  }
  if (/^(["']).+\1$/s.test(seen.value)) {
    disagreement(`quotes around the value of ${key}: the Go SDK drops them, all others keep them`);
  }
  if (seen.value !== seen.value.trim()) {
    disagreement(`invisible blank space around the value of ${key}: some SDKs keep it`);
  }
}

function addKey(
  state: Reading,
  section: Section,
  at: {
    readonly name: string;
    readonly line: number;
    readonly indent: number;
    readonly value: string;
    readonly cliValue: string;
  },
): void {
  const name = at.name.toLowerCase();
  const key: Value = {
    name,
    line: at.line,
    indent: at.indent,
    opensBlock: at.value === '',
    lines: [at.value],
    cliLines: [at.cliValue],
    nested: null,
  };
  state.key = key;
  state.keys += 1;
  if (!isIdentifier(name)) {
    tell(state, at.line, 'ignored', 'a key has characters no key may have');
    return;
  }
  if (section.keys.has(name)) {
    const what = `${shownKey(name)} is set twice: SDKs take the last one, the AWS CLI and boto3 refuse the file`;
    tell(state, at.line, 'disagreement', what, 'fatal');
  }
  section.keys.set(name, key);
}

function readHeader(state: Reading, body: string, line: number): void {
  state.key = null;
  const close = body.indexOf(']');
  if (close <= 1) {
    const what = close === -1 ? 'a section header must end with "]"' : 'a section needs a name';
    tell(state, line, 'error', what, 'fatal');
    state.section = newSection('', line, 'all');
    return;
  }
  const header = body.slice(1, close);
  const rest = trimBlanks(body.slice(close + 1));
  if (rest !== '' && !rest.startsWith('#') && !rest.startsWith(';')) {
    tell(state, line, 'disagreement', 'text behind "]": some SDKs refuse the file for it');
  }
  // configparser is greedy: the name ends at the last bracket of the line.
  const cliHeader = body.slice(1, body.lastIndexOf(']'));
  if (state.headers.has(cliHeader)) {
    const what = 'the section appears twice: SDKs merge both, the AWS CLI and boto3 refuse the file';
    tell(state, line, 'disagreement', what, 'fatal');
  }
  // configparser has a place of its own for this one, and lets it come back.
  if (cliHeader !== 'DEFAULT') state.headers.add(cliHeader);

  const named = nameSection(state.kind, header);
  if (named.note !== null) tell(state, line, named.note.kind, named.note.what);
  let readBy = named.readBy;
  if (cliHeader !== header) {
    readBy = 'sdks';
    tell(state, line, 'disagreement', 'a second "]": the AWS CLI and boto3 read another name');
  }
  state.section = openSection(state, { ...named, readBy }, line);
}

function openSection(state: Reading, named: NamedSection, line: number): Section {
  const id = `${named.type} ${named.prefixed && named.name === 'default'} ${named.name}`;
  const known = named.type === 'none' ? undefined : state.sections.get(id);
  if (known !== undefined) {
    if (known.section.readBy !== named.readBy) known.section.readBy = 'all';
    return known.section;
  }
  const section = newSection(named.name, line, named.readBy);
  if (named.type !== 'none') state.sections.set(id, { type: named.type, section });
  return section;
}

function newSection(name: string, line: number, readBy: SharedSection['readBy']): Section {
  return { name, line, readBy, keys: new Map(), toldIndent: false };
}
