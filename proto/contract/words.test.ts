import { expect, test } from 'vitest';
import { renderBytes, renderCount, renderDuration, renderPercent } from './words.js';

test.for<[number, string]>([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_610_612_736, '1.5 GiB'],
])('%d bytes read as "%s"', ([bytes, want]) => {
  expect(renderBytes(bytes)).toBe(want);
});

test.for<[number, string]>([
  [250, '250 ms'],
  [1_000, '1 s'],
  [59_000, '59 s'],
  [60_000, '1 min'],
  [95_000, '1 min 35 s'],
  [7_500_000, '2 h 5 min'],
  [86_400_000, '1 d'],
  [90_000_000, '1 d 1 h'],
])('%d ms read as "%s"', ([ms, want]) => {
  expect(renderDuration(ms)).toBe(want);
});

test('percentages and counts carry their unit', () => {
  expect(renderPercent(0.094)).toBe('9.4 %');
  expect(renderCount(1, 'error')).toBe('1 error');
  expect(renderCount(3, 'error')).toBe('3 errors');
});
