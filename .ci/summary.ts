// Prints one closing line a suite and one for all, from vitest's JSON, and names what passed only when it was tried again;
// exits 1 where nothing ran or something failed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly assertionResults: readonly Test[] }[];
}

interface Test {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

const folder = process.argv[2] ?? '.';
const all = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const totals = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Totals;
  all.passed += totals.numPassedTests;
  all.failed += totals.numFailedTests;
  all.skipped += totals.numPendingTests;
  for (const { fullName, status, failureMessages } of totals.testResults.flatMap(
    (one) => one.assertionResults,
  )) {
    if (status !== 'passed' || failureMessages.length === 0) continue;
    console.log(`passed only when tried again: ${fullName}: ${failureMessages[0]?.split('\n')[0]}`);
  }
  console.log(
    `${path.basename(file, '.json')}: ${totals.numPassedTests} passed, ${totals.numFailedTests} failed, ${totals.numPendingTests} skipped`,
  );
}
console.log(`${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped`);
if (all.failed > 0 || all.passed === 0) process.exitCode = 1;
