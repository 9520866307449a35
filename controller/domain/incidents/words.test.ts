import { expect, test } from 'vitest';
import { troublesWords } from './words.js';

const degraded = { type: 'RaidDegraded', words: 'md0 runs with 1 of 2 members' };
const full = (name: string) => ({ type: 'ExportFull', words: `/export/${name} is full` });

test('many troubles of one kind do not hide those of another', () => {
  expect(troublesWords([full('pi-1'), full('pi-2'), full('pi-2'), full('pi-3'), degraded])).toBe(
    '/export/pi-1 is full (and 2 more like it); md0 runs with 1 of 2 members',
  );
});

test('of many kinds the first are told, and how many more there are', () => {
  const kinds = ['A', 'B', 'C', 'D', 'E'].map((type) => ({ type, words: `${type} holds` }));
  expect(troublesWords(kinds)).toBe('A holds; B holds; C holds; and 2 more');
});
