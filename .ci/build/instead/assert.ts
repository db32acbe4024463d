// Assertions as undici uses them.

function assert(condition: unknown, message?: string | Error): asserts condition {
  if (!condition) throw message instanceof Error ? message : new Error(message ?? 'undici: assertion failed');
}

assert.ok = assert;
assert.equal = (left: unknown, right: unknown, message?: string): void => {
  assert(Object.is(left, right), message);
};
assert.strictEqual = assert.equal;
assert.notStrictEqual = (left: unknown, right: unknown, message?: string): void => {
  assert(!Object.is(left, right), message);
};

export { assert as 'module.exports' };
