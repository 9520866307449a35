import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { collectedLog } from '../testing/collected-log.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { type Collector, noData } from './collector.js';
import { followCollectors, lookEvery } from './follow.js';

function setUp(watch: Collector['watch']) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const log = collectedLog();
  const end = new AbortController();
  const collector: Collector = {
    name: 'one',
    intervalMs: 0,
    timeoutMs: 1_000,
    collect: () => noData('nothing'),
    ...(watch !== undefined && { watch }),
  };
  const followed = followCollectors([collector], { host, log }, end.signal);
  return { world, lines: log.lines, end, followed };
}

test('what looks every four seconds does, until it is told to stop', async () => {
  const looks: number[] = [];
  const { world, end, followed } = setUp(
    lookEvery(4_000, async ({ clock }) => {
      looks.push(clock.monotonicMs());
    }),
  );
  await world.runFor(13_000);
  end.abort();
  await world.settle(followed);
  expect(looks.map((atMs) => Math.round((atMs - (looks[0] ?? 0)) / 1_000))).toEqual([0, 4, 8, 12]);
});

test('one that fails is begun again within five seconds, and told once for the same words', async () => {
  let begun = 0;
  const { world, lines, end, followed } = setUp(() => {
    begun += 1;
    return Promise.reject(new BrambleError('unavailable', begun < 4 ? 'the port is taken' : 'no such file'));
  });
  await world.runFor(21_000);
  end.abort();
  await world.settle(followed);
  expect(begun).toBe(5);
  expect(lines.filter((line) => line.includes('cannot be followed'))).toHaveLength(2);
});

test('one that has nothing to watch is not begun again', async () => {
  let begun = 0;
  const { world, followed } = setUp(async () => {
    begun += 1;
  });
  await world.settle(followed);
  await world.runFor(60_000);
  expect(begun).toBe(1);
});
