// The clock of `performance`, without what its global brings along: observers, histograms, timings of resources.

const real = () => globalThis.performance;

const [startSeconds, startNanoseconds] = process.hrtime();

/** Milliseconds since this module was loaded; the same clock as the real one's, from another start. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return (seconds - startSeconds) * 1000 + (nanoseconds - startNanoseconds) / 1e6;
}

export const performance = {
  now,
  /** Epoch milliseconds of that start. Only the simulator asks. */
  get timeOrigin(): number {
    return real().timeOrigin + real().now() - now();
  },
};
