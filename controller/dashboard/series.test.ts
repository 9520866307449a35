import { expect, test } from 'vitest';
import { counterRates, gaugeValues, knownParts, type Points, type Span } from './series.js';

const MINUTE_MS = 60_000;
/** Ten parts of a minute. */
const SPAN: Span = { fromMs: 0, toMs: 10 * MINUTE_MS, parts: 10 };
const ALL = Array.from({ length: 10 }, () => true);
const at = (minute: number, value: number): Points[number] => [minute * MINUTE_MS, value];

test('a value holds until the next one, and what lies in one part is averaged', () => {
  const points = [at(-3, 4), at(2, 6), at(2.5, 10), at(7, 1)];
  expect(gaugeValues(points, ALL, SPAN)).toEqual([4, 4, 8, 10, 10, 10, 10, 1, 1, 1]);
});

test('before the first value nothing is known', () => {
  expect(gaugeValues([at(1, 5)], ALL, SPAN).slice(0, 3)).toEqual([undefined, 5, 5]);
});

test('a counter becomes a rate; a counter that was set back says nothing there', () => {
  const points = [at(-1, 0), at(0.5, 600), at(1.5, 1_200), at(5.5, 60), at(6.5, 120)];
  const rates = counterRates(points, ALL, SPAN);
  expect(rates.slice(0, 3)).toEqual([10, 10, 0]);
  expect(rates.slice(5, 8)).toEqual([undefined, 1, 0]);
});

test('a node that is silent for long leaves a gap, a quiet one does not', () => {
  const span = { fromMs: 0, toMs: 60 * MINUTE_MS, parts: 60 };
  const quiet = knownParts([[at(0, 1), at(9, 2)], [at(18, 5)]], 27 * MINUTE_MS, span);
  expect(quiet.slice(0, 28).every((known) => known)).toBe(true);
  expect(quiet.slice(28).some((known) => known)).toBe(false);
  const silent = knownParts([[at(0, 1), at(30, 2)]], 31 * MINUTE_MS, span);
  expect(silent.slice(0, 33).map(Number).join('')).toBe(`1${'0'.repeat(29)}110`);
});

test('where nothing is known no value is shown, however long one could hold', () => {
  const known = ALL.map((_, part) => part < 2);
  expect(gaugeValues([at(0, 5)], known, SPAN)).toEqual([5, 5, ...Array.from({ length: 8 }, () => undefined)]);
  expect(counterRates([at(-1, 5), at(0, 5)], known, SPAN).slice(1, 3)).toEqual([0, undefined]);
});

test('without any record nothing is known', () => {
  expect(knownParts([[]], 0, SPAN)).toEqual(ALL.map(() => false));
});
