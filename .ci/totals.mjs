/** Adds up what vitest's JSON reporter wrote. */
import { readFileSync } from 'node:fs';

/**
 * A file that failed before its tests could run counts as one failed test, and so does a run that left no results:
 * silence is never success.
 */
export function totals(files) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    let results;
    try {
      results = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      sum.failed += 1; // no results, or cut short
      continue;
    }
    sum.passed += results.numPassedTests;
    sum.failed += results.numFailedTests;
    sum.skipped += results.numPendingTests + results.numTodoTests;
    sum.failed += results.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    ).length;
  }
  return sum;
}
