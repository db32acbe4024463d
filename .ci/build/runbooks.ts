// What `explain` tells of each finding is not compiled by a run that does not explain: 40 KiB of texts.
import { parseAst } from 'rolldown/parseAst';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A check's source with its `runbook` made when it is read, as an object that is new each time. Null where there is none.
 * `code` is TypeScript.
 */
export function withLateRunbook(code: string): string | null {
  const found = runbookIn(parseAst(code, { lang: 'ts' }));
  if (found === null) return null;
  const { start, end, value } = found;
  return `${code.slice(0, start)}get runbook() { return ${code.slice(value.start, value.end)}; }${code.slice(end)}`;
}

/** The first property of that name, wherever it is. */
function runbookIn(node: unknown): (Node & { readonly value: Node }) | null {
  if (typeof node !== 'object' || node === null) return null;
  if (isRunbook(node)) return node;
  for (const child of Object.values(node)) {
    const found = runbookIn(child);
    if (found !== null) return found;
  }
  return null;
}

function isRunbook(node: object): node is Node & { readonly value: Node } {
  const { type, key, value } = node as { type?: unknown; key?: { name?: unknown }; value?: Node };
  return type === 'Property' && key?.name === 'runbook' && value?.type === 'ObjectExpression';
}
