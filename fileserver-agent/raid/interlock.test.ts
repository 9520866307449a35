import { expect, test } from 'vitest';
import { SimKernelFiles } from '../../agent/sim/sim-kernel-files.js';
import { recordedTrees } from '../../test/fixtures/index.js';
import { findHindrances, judgeInterlock } from './interlock.js';

const TREES = new Map(recordedTrees('mdraid').map(({ name, input }) => [name, input]));
const on = (name: string): SimKernelFiles => new SimKernelFiles(TREES.get(name));
const words = (name: string) => findHindrances(on(name)).map(({ array, why }) => `${array}: ${why}`);

test.for<[string, readonly string[]]>([
  ['raid1-clean', []],
  ['raid1-failed-member', ['md0: 1 of 2 members missing']],
  ['raid1-rebuilding', ['md0: 1 of 2 members missing, recover runs']],
  ['raid5-degraded', ['md5: 1 of 3 members missing']],
  ['raid5-spare-rebuilding', ['md5: 1 of 4 members missing, recover runs']],
  ['inactive', ['md127: its state is inactive']],
  ['several-levels', ['md1: it is frozen', 'md6: reshape runs']], // a check, and RAID 0, hinder nobody
  ['external-metadata', ['md126: its state is a-new-state, a-new-action runs']],
])('%s', ([name, want]) => {
  expect(words(name)).toEqual(want);
});

test('an array whose files cannot be read is not whole', () => {
  for (const file of ['array_state', 'degraded', 'sync_action']) {
    const kernel = on('raid1-clean');
    kernel.delete(`/sys/block/md0/md/${file}`);
    expect(findHindrances(kernel), file).toHaveLength(1);
  }
});

test('members that disagree hinder, also when the kernel sees nothing wrong', () => {
  const skew = { fact: 'raid_event_skew_count', instance: 'md0', value: 2 } as const;
  expect(findHindrances(on('raid1-clean'), [skew])).toEqual([{ array: 'md0', why: 'its members are 2 events apart' }]);
  expect(findHindrances(on('raid1-clean'), [{ ...skew, value: 0 }])).toEqual([]);
});

test('it is overridden only by naming exactly the arrays that are not whole', () => {
  const hindrances = [
    { array: 'md0', why: 'recover runs' },
    { array: 'md1', why: 'degraded' },
  ];
  expect(judgeInterlock('a reboot', [])).toBeUndefined();
  expect(judgeInterlock('a reboot', hindrances, ['md1', 'md0'])).toBeUndefined();
  expect(judgeInterlock('a reboot', hindrances)).toMatchObject({
    reason: 'precondition',
    detail: 'a reboot now is not safe: md0: recover runs; md1: degraded',
  });
  expect(judgeInterlock('a reboot', hindrances, ['md0'])?.detail).toBe('a reboot now is not safe: md1: degraded');
  expect(judgeInterlock('a reboot', [], ['md0'])?.detail).toContain('md0 is whole or not there');
});
