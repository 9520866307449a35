/** Adds up what vitest's JSON reporter wrote. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A file that failed before its tests could run counts as one failed test, and so does a run that left no results:
 * silence is never success. `broken` names each failure with its first line, so that the end of a long output says it all.
 */
export function totals(files) {
  const sum = { passed: 0, failed: 0, skipped: 0, broken: [] };
  for (const file of files) {
    let results;
    try {
      results = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      sum.failed += 1; // no results, or cut short
      sum.broken.push(`${file}: no results`);
      continue;
    }
    sum.passed += results.numPassedTests;
    sum.failed += results.numFailedTests;
    sum.skipped += results.numPendingTests + results.numTodoTests;
    for (const { name, status, message, assertionResults } of results.testResults) {
      const file = path.relative('.', name);
      const failed = assertionResults.filter((test) => test.status === 'failed');
      for (const test of failed) sum.broken.push(`${file}: ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
      if (status !== 'failed' || failed.length > 0) continue;
      sum.failed += 1;
      sum.broken.push(`${file}: ${firstLine(message)}`);
    }
  }
  return sum;
}

const firstLine = (text = '') => text.split('\n', 1)[0];
