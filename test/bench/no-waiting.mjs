// Loaded before the program by growth.ts: timers of a minute and more fire at once, so that an agent's cycles come one
// right after the other. Clocks, time-outs and back-off stay as they are.
const LONG_MS = 60_000;
const real = globalThis.setTimeout;
globalThis.setTimeout = Object.assign(
  (callback, ms, ...args) => real(callback, ms >= LONG_MS ? 0 : ms, ...args),
  real,
);
