import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { plantedTree } from './planted-tree.js';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

let totals: (files: readonly string[]) => Totals = () => ({ passed: 0, failed: 0, skipped: 0 });

beforeAll(async () => {
  ({ totals } = await import(path.resolve('.ci/totals.mjs')));
});

/** As vitest's JSON reporter writes it, as far as the sum reads it. */
const results = (over: object = {}) =>
  JSON.stringify({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...over,
  });

function totalsOf(...texts: readonly string[]): Totals {
  using tree = plantedTree();
  for (const [i, text] of texts.entries()) tree.plant(`${i}.json`, text);
  return totals(texts.map((_, i) => path.join(tree.root, `${i}.json`)));
}

test('adds up what every run counted', () => {
  const unit = results({ numPassedTests: 7, numPendingTests: 1 });
  const system = results({ numPassedTests: 2, numFailedTests: 1, numTodoTests: 1 });
  expect(totalsOf(unit, system)).toEqual({ passed: 9, failed: 1, skipped: 2 });
});

test('a file that failed before its tests counts as one failure', () => {
  const broken = { status: 'failed', assertionResults: [] };
  const counted = { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] };
  const run = results({ numPassedTests: 1, numFailedTests: 1, testResults: [broken, counted] });
  expect(totalsOf(run)).toEqual({ passed: 1, failed: 2, skipped: 0 });
});

test.for([
  ['a run that left nothing', ''],
  ['a run that was cut short', results().slice(0, 20)],
] as const)('%s counts as one failure', ([, text]) => {
  expect(totalsOf(text)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('a run whose results are not there counts as one failure', () => {
  expect(totals(['/nowhere/results.json'])).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
