import { expect, test } from 'vitest';
import { collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { recordedTrees } from '../../test/fixtures/index.js';
import { makeRaidCollector } from './raid.js';

const TREES = recordedTrees<Readonly<Record<string, number | string>>>('mdraid');

test.for(TREES)('reads the arrays of $name', async ({ input, expected: want }) => {
  expect(values(await collectOn(makeRaidCollector(), input).run())).toEqual(want);
});

test('a machine without md says so', async () => {
  const found = await collectOn(makeRaidCollector(), { '/sys/block/sda/size': '100\n' }).run();
  expect(found).toEqual({ kind: 'no-data', why: 'no md array' });
});

test('whatever file is missing or cut, nothing is made up', async () => {
  for (const { input, expected: want } of TREES) {
    for (const path of Object.keys(input)) {
      for (const content of [undefined, '', 'nonsense', input[path]?.slice(0, -1)]) {
        const { kernel, run } = collectOn(makeRaidCollector(), input);
        if (content === undefined) kernel.delete(path);
        else kernel.set(path, content);
        const found = await run();
        if (found.kind === 'no-data') continue;
        for (const [name, value] of Object.entries(values(found))) {
          // A container whose metadata cannot be read looks like an inactive array; a flag that is lost makes a member look worse.
          const isJudged = !/ md127/.test(name) && /^raid_(array_state|missing|sync|level|uuid)/.test(name);
          if (isJudged) expect(value, `${path}: ${name}`).toBe(want[name]);
        }
      }
    }
  }
});

test('names that are no md array, and devices with strange names, are passed over', async () => {
  const tree = {
    '/sys/block/md0/md/array_state': 'clean\n',
    '/sys/block/md0/md/dev-../state': 'in_sync\n',
    '/sys/block/md0/md/dev-a b/state': 'in_sync\n',
    '/sys/block/md;reboot/md/array_state': 'clean\n',
    '/sys/block/mdx/size': '1\n',
  };
  const found = values(await collectOn(makeRaidCollector(), tree).run());
  expect(Object.keys(found).sort()).toEqual(['raid_array_state md0', 'raid_failed_count md0', 'raid_spares_count md0']);
});
