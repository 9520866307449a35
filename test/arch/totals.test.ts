import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { plantedTree } from './planted-tree.js';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly broken: readonly string[];
}

let totals: (files: readonly string[]) => Totals = () => ({ passed: 0, failed: 0, skipped: 0, broken: [] });

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
  expect(totalsOf(unit, system)).toMatchObject({ passed: 9, failed: 1, skipped: 2 });
});

test('a file that failed before its tests counts as one failure, and every failure is named with its first line', () => {
  const broken = {
    name: path.resolve('a.test.ts'),
    status: 'failed',
    message: 'no such module\n  at a',
    assertionResults: [],
  };
  const failed = { status: 'failed', fullName: 'adds up', failureMessages: ['expected 3 to be 4\n  at b'] };
  const counted = {
    name: path.resolve('b.test.ts'),
    status: 'failed',
    assertionResults: [failed, { status: 'passed' }],
  };
  const run = results({ numPassedTests: 1, numFailedTests: 1, testResults: [broken, counted] });
  const named = ['a.test.ts: no such module', 'b.test.ts: adds up: expected 3 to be 4'];
  expect(totalsOf(run)).toEqual({ passed: 1, failed: 2, skipped: 0, broken: named });
});

test.for([
  ['a run that left nothing', ''],
  ['a run that was cut short', results().slice(0, 20)],
] as const)('%s counts as one failure', ([, text]) => {
  expect(totalsOf(text)).toMatchObject({
    passed: 0,
    failed: 1,
    skipped: 0,
    broken: [expect.stringMatching(/no results$/)],
  });
});

test('a run whose results are not there counts as one failure', () => {
  expect(totals(['/nowhere/results.json'])).toMatchObject({
    passed: 0,
    failed: 1,
    skipped: 0,
    broken: [expect.stringMatching(/no results$/)],
  });
});
