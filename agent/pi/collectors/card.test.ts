import { expect, test } from 'vitest';
import { recordedTrees } from '../../../test/fixtures/index.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeCardCollector, parseLifeTime, parsePreEol } from './card.js';

test.for(recordedTrees('card'))(
  'reads the cards of $name, and nothing but cards',
  async ({ input, expected: want }) => {
    expect(values(await collectOn(makeCardCollector(), input).run())).toEqual(want);
  },
);

test.for([
  ['0x01 0x01', 100],
  ['0x02 0x01', 200],
  ['0x01 0x0a', 1000],
  ['0x0b 0x01', 1001],
  ['0x00 0x03', 300],
  ['0x00 0x00', undefined],
  ['0x0c 0xff', undefined],
  ['0x0c 0x02', 200],
  ['0x02', undefined],
  ['', undefined],
] as const)('a life time of %s is %s permille at most', ([line, want]) => {
  expect(parseLifeTime(line)).toBe(want);
});

test.for([
  ['0x00', undefined],
  ['0x01', 1],
  ['0x1', 1],
  ['0x03', 3],
  ['0x04', undefined],
  ['', undefined],
] as const)('a reserve of %s is state %s', ([line, want]) => {
  expect(parsePreEol(line)).toBe(want);
});

test('what a card does not say, or says in characters that nobody can read, is left out', async () => {
  const { run, kernel } = collectOn(makeCardCollector(), {
    '/sys/block/mmcblk0/device/name': 'S\u0000\u0007x\n',
    '/sys/block/mmcblk0/device/manfid': '0x00001b\n',
    '/sys/block/mmcblk0/device/date': '00/2000\n',
    '/sys/block/mmcblk0/size': '8',
  });
  expect(values(await run())).toEqual({ 'card_maker_text mmcblk0': 'Samsung' });
  kernel.delete('/sys/block/mmcblk0/device/manfid');
  expect(await run()).toEqual({ kind: 'no-data', why: 'no SD card and no eMMC chip' });
});
