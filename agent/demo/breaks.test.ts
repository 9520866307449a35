import { expect, test } from 'vitest';
import { DEMO_BREAK_NAMES } from '../../proto/contract/api/demo.js';
import { BREAK_KINDS, readBreaks } from './breaks.js';

const read = (text: string | undefined) => readBreaks({ readText: async () => text }, '/breaks.json');

test('the site can break in every way that the command line offers', () => {
  expect([...BREAK_KINDS].sort()).toEqual([...DEMO_BREAK_NAMES].sort());
});

test('what is not understood breaks nothing', async () => {
  expect(await read('["7 hang demo-02", "8 earthquake demo-02", "hang", ""]')).toEqual([
    { id: 7, kind: 'hang', name: 'demo-02' },
  ]);
  expect(await read('no JSON')).toEqual([]);
  expect(await read(undefined)).toEqual([]);
  expect(await readBreaks({ readText: async () => '["7 hang demo-02"]' }, undefined)).toEqual([]);
});
