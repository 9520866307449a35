import { expect, test } from 'vitest';
import { HISTORY_ROWS_MAX } from './history.js';
import { mergeHistory } from './history-merge.js';

test('rows follow each other, and a series has no data where its table did not have it', () => {
  const merged = mergeHistory([
    { atMs: [1, 2], columns: [{ factId: 31, instance: '', values: [10, undefined] }] },
    { atMs: [], columns: [] },
    {
      atMs: [3, 4],
      columns: [
        { factId: 90, instance: 'eth0', values: [1, 2] },
        { factId: 31, instance: '', values: [11, 12] },
      ],
    },
    { atMs: [5], columns: [{ factId: 90, instance: 'wlan0', values: [7] }] },
  ]);
  const none = undefined;
  expect(merged).toEqual({
    atMs: [1, 2, 3, 4, 5],
    columns: [
      { factId: 31, instance: '', values: [10, none, 11, 12, none] },
      { factId: 90, instance: 'eth0', values: [none, none, 1, 2, none] },
      { factId: 90, instance: 'wlan0', values: [none, none, none, none, 7] },
    ],
  });
});

test('tables that are too long together stay apart', () => {
  const half = { atMs: Array.from({ length: HISTORY_ROWS_MAX / 2 }, (_, i) => i), columns: [] };
  expect(mergeHistory([half, half])?.atMs).toHaveLength(HISTORY_ROWS_MAX);
  expect(mergeHistory([half, half, { atMs: [1], columns: [] }])).toBeUndefined();
});
