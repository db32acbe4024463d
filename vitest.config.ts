import { defineConfig } from 'vitest/config';

// Three suites: `unit` needs Node only; `e2e` needs real peers (chrony, moto, namespaces …);
// `system` boots machines and runs the long fault tables: one file after the other, each has the machine to itself.
const suite = (
  name: string,
  include: string[],
  exclude: string[],
  testTimeout: number,
  fileParallelism = true,
) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', ...exclude],
    testTimeout,
    hookTimeout: testTimeout,
    fileParallelism,
    // Thousands of real sockets and processes on a busy machine: in CI what fails is tried once more, and the closing lines
    // name it. At a desk nothing is.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    setupFiles: ['test/support/loopback-only.ts'],
  },
});

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      suite('unit', ['test/**/*.test.ts'], ['test/e2e/**', 'test/system/**'], 20_000),
      suite('e2e', ['test/e2e/**/*.test.ts'], [], 120_000),
      suite('system', ['test/system/**/*.test.ts'], [], 900_000, false),
    ],
  },
});
