import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { makeMemoryCollector, parseMeminfo, parseOomKills } from './memory.js';

test.for(recorded('proc-meminfo'))('reads memory of $name', ({ input, expected: want }) => {
  expect(parseMeminfo(input)).toEqual(want);
});

test.for(recorded('proc-vmstat'))('reads kills of $name', ({ input, expected: want }) => {
  expect(parseOomKills(input)).toBe(want);
});

test('a cut file is refused, or says the same, or nothing', () => {
  for (const { input } of recorded('proc-meminfo')) {
    expectNoInvention(parseMeminfo, input, (cut, all) => expect(cut).toEqual(all));
    expectRefusalOfGarbage(parseMeminfo, input);
  }
  for (const { input } of recorded('proc-vmstat')) {
    expectNoInvention(parseOomKills, input, (cut, all) => expect([undefined, all]).toContain(cut));
    expectRefusalOfGarbage(parseOomKills, input);
  }
});

test('a kernel that does not count kills leaves that fact out', async () => {
  const meminfo = recorded('proc-meminfo').find(({ name }) => name === 'pi-3b')?.input ?? '';
  const { kernel, run, world } = collectOn(makeMemoryCollector(), { '/proc/meminfo': meminfo });
  expect(values(await run())).toMatchObject({ memory_total_bytes: 951_406_592 });
  expect(values(await run())).not.toHaveProperty('memory_oom_kills_count');
  kernel.set('/proc/vmstat', 'nr_free_pages 1\noom_kill 7\nswap_ra 0\n');
  await world.runFor(60_000);
  expect(values(await run())).toMatchObject({ memory_oom_kills_count: 7, swap_free_bytes: 101_707_776 });
});

test('a host without /proc has no data', async () => {
  expect(await collectOn(makeMemoryCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});
