import { expect, test } from 'vitest';
import { recordedTrees } from '../../../test/fixtures/index.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeExt4Collector } from './ext4.js';

test.for(recordedTrees('ext4'))('reads the error counters of $name', async ({ input, expected: want }) => {
  expect(values(await collectOn(makeExt4Collector(), input).run())).toEqual(want);
});

test('a machine without ext4 has no data, not zero errors', async () => {
  const { run } = collectOn(makeExt4Collector(), { '/sys/fs/ext4/features/lazy_itable_init': 'supported\n' });
  expect(await run()).toEqual({ kind: 'no-data', why: 'no ext4 filesystem' });
});

test('an older kernel that keeps less says less', async () => {
  const { run } = collectOn(makeExt4Collector(), { '/sys/fs/ext4/sda1/lifetime_write_kbytes': '7\n' });
  expect(values(await run())).toEqual({ 'ext4_written_bytes sda1': 7168 });
});
