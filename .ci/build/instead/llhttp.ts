// Undici's HTTP parser, from a file beside the bundle, and never optimised by V8: it parses a few answers an hour.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/** V8's own value of --wasm-tiering-budget in Node 22, 24 and 26 (`node --v8-options`). */
const USUAL_BUDGET = 13_000_000;

/**
 * V8 validates all of a module when it is made; of this one, which comes from this very build, it need not.
 *
 * V8 optimises WebAssembly in the background once it has run for a while, and at its end the process waits for that.
 * It takes the length of that while when a module is made, which undici does right after it was given these bytes.
 * Then the flag goes back: under another value, V8 takes no code from any cache, not even Node's own.
 */
setFlagsFromString('--wasm-lazy-validation');
setFlagsFromString(`--wasm-tiering-budget=${2 ** 30}`);
queueMicrotask(() => {
  setFlagsFromString('--no-wasm-lazy-validation');
  setFlagsFromString(`--wasm-tiering-budget=${USUAL_BUDGET}`);
});

/** `__dirname` is the folder of the chunk. */
const wasm = readFileSync(`${__dirname}/llhttp.wasm`);

export { wasm as 'module.exports' };
