// Prints one closing line a suite and one for all, from vitest's JSON; exits 1 where nothing ran or something failed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const folder = process.argv[2] ?? '.';
const all = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const totals = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Totals;
  all.passed += totals.numPassedTests;
  all.failed += totals.numFailedTests;
  all.skipped += totals.numPendingTests;
  console.log(
    `${path.basename(file, '.json')}: ${totals.numPassedTests} passed, ${totals.numFailedTests} failed, ${totals.numPendingTests} skipped`,
  );
}
console.log(`${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped`);
if (all.failed > 0 || all.passed === 0) process.exitCode = 1;
