// Assertions as undici and yargs use them.

function assert(condition: unknown, message?: string | Error): asserts condition {
  if (!condition) throw message instanceof Error ? message : new Error(message ?? 'assertion failed');
}

export const strictEqual = (left: unknown, right: unknown, message?: string | Error): void =>
  assert(Object.is(left, right), message);
export const notStrictEqual = (left: unknown, right: unknown, message?: string | Error): void =>
  assert(!Object.is(left, right), message);

const callable = Object.assign(assert, { ok: assert, equal: strictEqual, strictEqual, notStrictEqual });

export { callable as 'module.exports' };
